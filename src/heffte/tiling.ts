/** Checks that boxes tile a world: every index is in exactly one of them. */

import { EwaldError } from '../util/errors.js';
import { type Axis, axesOfWorld, Box, each } from './box.js';
import { findWorld } from './geometry.js';

/** An index that is in two boxes, or in none. */
type Defect =
  | { readonly kind: 'doubled'; readonly index: readonly number[]; readonly ranks: readonly [number, number] }
  | { readonly kind: 'missing'; readonly index: readonly number[] };

interface Placed {
  readonly box: Box;
  readonly rank: number;
}

/** The first defect of boxes over `world`; undefined if they tile it. */
export function findDefect(world: Box, boxes: readonly Box[]): Defect | undefined {
  const placed = boxes.map((box, rank) => ({ box, rank })).filter(({ box }) => !box.empty);
  const overlap = findOverlap(placed);
  if (overlap) return overlap;
  // No index is in two boxes, so equal counts are sufficient.
  const held = placed.reduce((sum, { box }) => sum + box.count, 0);
  if (held === world.count) return undefined;
  const index = findGap(
    world,
    placed.map(({ box }) => box),
  );
  return index ? { kind: 'missing', index } : undefined;
}

/** Finds an overlap; boxes are sorted by their start along x, and only those that have not ended are compared. */
function findOverlap(placed: readonly Placed[]): Defect | undefined {
  const sorted = [...placed].sort((a, b) => a.box.low[0] - b.box.low[0]);
  let open: Placed[] = [];
  for (const next of sorted) {
    open = open.filter(({ box }) => box.high[0] >= next.box.low[0]);
    for (const other of open) {
      const both = next.box.collide(other.box);
      if (both.empty) continue;
      const ranks = next.rank < other.rank ? ([next.rank, other.rank] as const) : ([other.rank, next.rank] as const);
      return { kind: 'doubled', index: both.low, ranks };
    }
    open.push(next);
  }
  return undefined;
}

/** Finds an index of `where` in no box: removes a box that overlaps it, and searches the remaining parts. */
function findGap(where: Box, boxes: readonly Box[]): readonly number[] | undefined {
  const near = boxes.filter((box) => !box.collide(where).empty);
  const [first, ...others] = near;
  if (!first) return where.empty ? undefined : where.low;
  const hole = first.collide(where);
  let rest = where;
  for (const axis of axesOfWorld) {
    for (const side of ['below', 'above'] as const) {
      const piece =
        side === 'below'
          ? cut(rest, axis, rest.low[axis], hole.low[axis] - 1)
          : cut(rest, axis, hole.high[axis] + 1, rest.high[axis]);
      const gap = findGap(piece, others);
      if (gap) return gap;
    }
    rest = cut(rest, axis, hole.low[axis], hole.high[axis]);
  }
  return undefined;
}

const cut = (box: Box, axis: Axis, low: number, high: number): Box =>
  new Box(
    each((a) => (a === axis ? low : box.low[a])),
    each((a) => (a === axis ? high : box.high[a])),
  );

/** The world of these boxes. Throws `Argument`, naming an index, if they do not tile a world that begins at 0. */
export function checkTiling(what: string, boxes: readonly Box[]): Box {
  const world = findWorld(boxes);
  if (world.empty)
    throw new EwaldError('Argument', `${what}: every rank's box is empty; there is nothing to transform`);
  if (world.low.some((n) => n !== 0))
    throw new EwaldError('Argument', `${what}: the boxes begin at (${world.low.join(', ')}); expected (0, 0, 0)`);
  const defect = findDefect(world, boxes);
  if (!defect) return world;
  const index = `(${defect.index.join(', ')})`;
  const message =
    defect.kind === 'missing'
      ? `index ${index} is in no rank's box; the boxes reach to (${world.high.join(', ')}) and must hold every ` +
        'index up to there'
      : `index ${index} is in the boxes of ranks ${defect.ranks[0]} and ${defect.ranks[1]}: ` +
        `${boxes[defect.ranks[0]]} and ${boxes[defect.ranks[1]]}`;
  throw new EwaldError('Argument', `${what}: ${message}`, { detail: { ...defect } });
}
