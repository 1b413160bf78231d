/** Ways of dividing a world of indexes among ranks. */

import { checkedValue, row } from '../options/call-options.js';
import { expectsNumbers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { type Axis, axesOfWorld, Box, each, emptyBox, expectsBox, expectsBoxes, type Triple } from './box.js';

/** All pairs of factors, in both orders: 6 gives [1, 6], [2, 3], [3, 2], [6, 1]. */
export function getFactors(n: number): [number, number][] {
  checkedValue('getFactors: n', n, row.integer(1, 2 ** 31 - 1, 1));
  const low: [number, number][] = [];
  for (let a = 1; a * a <= n; a++) if (n % a === 0) low.push([a, n / a]);
  const high = low.filter(([a, b]) => a !== b).map(([a, b]): [number, number] => [b, a]);
  return [...low, ...high.reverse()];
}

/** The pair of factors nearest to a square, the smaller first: 20 gives [4, 5]. */
export function makeProcgrid(n: number): [number, number] {
  return getFactors(n)
    .filter(([a, b]) => a <= b)
    .at(-1) as [number, number];
}

/** The start of part i of n if `length` indexes are divided; the first parts get one more index. */
const begin = (low: number, length: number, parts: number, i: number): number =>
  low + i * Math.floor(length / parts) + Math.min(i, length % parts);

/**
 * Divides a world into a grid of boxes, counted fastest along x; if an axis is not divisible, its first parts are one
 * longer. Throws `Argument` when an axis has fewer indexes than parts.
 */
export function splitWorld(world: Box, grid: Triple | readonly number[]): Box[] {
  expectsBox('splitWorld: the world', world);
  expectsNumbers('splitWorld: the grid', grid);
  const parts = checkGrid(world, grid);
  const boxes: Box[] = [];
  for (let k = 0; k < parts[2]; k++)
    for (let j = 0; j < parts[1]; j++)
      for (let i = 0; i < parts[0]; i++) {
        const at = [i, j, k];
        const first = (axis: Axis, step: number) =>
          begin(world.low[axis], world.size[axis], parts[axis], (at[axis] ?? 0) + step);
        boxes.push(
          new Box(
            each((axis) => first(axis, 0)),
            each((axis) => first(axis, 1) - 1),
            world.order,
          ),
        );
      }
  return boxes;
}

function checkGrid(world: Box, grid: readonly number[]): Triple {
  const parts = each((axis) => grid[axis] ?? Number.NaN);
  if (grid.length !== 3 || parts.some((n) => !Number.isInteger(n) || n < 1))
    throw new EwaldError('Argument', `splitWorld: the grid is [${grid.join(', ')}]; expected three integers from 1 on`);
  const short = axesOfWorld.find((axis) => parts[axis] > world.size[axis]);
  if (short !== undefined)
    throw new EwaldError(
      'Argument',
      `splitWorld: axis ${short} has ${world.size[short]} indexes, too few for ${parts[short]} parts; give other ` +
        'axes more',
    );
  return parts;
}

/**
 * The grid of n boxes with the smallest surface, which minimises communication; for `splitWorld`. Throws
 * `Argument` when no grid of n fits into the world.
 */
export function procSetupMinSurface(world: Box, n: number): Triple {
  expectsBox('procSetupMinSurface: the world', world);
  checkedValue('procSetupMinSurface: ranks', n, row.integer(1, 2 ** 31 - 1, 1));
  let best: Triple | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [a, rest] of getFactors(n)) {
    for (const [b, c] of getFactors(rest)) {
      const grid: Triple = [a, b, c];
      if (grid.some((parts, axis) => parts > (world.size[axis] ?? 0))) continue;
      const [x, y, z] = each((axis) => world.size[axis] / grid[axis]);
      const surface = x * y + y * z + x * z;
      // Of equal grids, the one that divides slow axes, since its boxes have longer rows in memory.
      if (surface < least * (1 - 1e-12) || (surface <= least * (1 + 1e-12) && best && c > best[2]))
        [best, least] = [grid, Math.min(least, surface)];
    }
  }
  if (!best)
    throw new EwaldError(
      'Argument',
      `procSetupMinSurface: no grid of ${n} boxes fits into a world of ${world.size.join(' × ')}`,
    );
  return best;
}

/**
 * Boxes that are whole along `axis`; `grid` divides the other two, the lower axis first. Boxes beyond a short axis are
 * empty.
 */
export function makePencils(world: Box, grid: readonly [number, number], axis: Axis): Box[] {
  expectsBox('makePencils: the world', world);
  expectsNumbers('makePencils: the grid', grid);
  checkedValue('makePencils: axis', axis, row.required(row.integer(0, 2)));
  const [first, second] = axesOfWorld.filter((a) => a !== axis) as [Axis, Axis];
  const parts = each((a) => (a === axis ? 1 : a === first ? grid[0] : grid[1]));
  const cut = each((a) => Math.min(parts[a], world.size[a]));
  const full = splitWorld(world, cut);
  const boxes: Box[] = [];
  for (let j = 0; j < parts[second]; j++)
    for (let i = 0; i < parts[first]; i++)
      boxes.push(i < cut[first] && j < cut[second] ? (full[i + j * cut[first]] as Box) : emptyBox(world.order));
  return boxes;
}

/** Boxes that divide one axis only; those beyond its length are empty. */
export function makeSlabs(world: Box, parts: number, axis: Axis): Box[] {
  expectsBox('makeSlabs: the world', world);
  checkedValue('makeSlabs: parts', parts, row.required(row.integer(1, 2 ** 31 - 1)));
  checkedValue('makeSlabs: axis', axis, row.required(row.integer(0, 2)));
  const cut = Math.min(parts, world.size[axis]);
  const full = splitWorld(
    world,
    each((a) => (a === axis ? cut : 1)),
  );
  return Array.from({ length: parts }, (_, i) => full[i] ?? emptyBox(world.order));
}

/** The smallest box that contains all boxes. */
export function findWorld(boxes: readonly Box[]): Box {
  expectsBoxes('findWorld: the boxes', boxes);
  const full = boxes.filter((box) => !box.empty);
  if (full.length === 0) return emptyBox();
  return new Box(
    each((axis) => full.reduce((low, box) => Math.min(low, box.low[axis]), Number.POSITIVE_INFINITY)),
    each((axis) => full.reduce((high, box) => Math.max(high, box.high[axis]), Number.NEGATIVE_INFINITY)),
  );
}
