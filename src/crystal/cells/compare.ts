/**
 * How the lattices of two cells are related: the same one in other axes, one a part of the other, both parts of a third,
 * or different ones. Bases of one lattice that have the edges and angles of the other's reduced cell are looked for.
 */
import { checkedOptions } from '../../options/call-options.js';
import { type BravaisType, bravaisCandidates } from '../bravais.js';
import {
  anglesOf,
  type Cell,
  cellFrom,
  combine,
  dot,
  flat,
  lengthsOf,
  norm,
  reciprocal,
  type Vector,
  volume,
} from '../cell.js';
import type { KnownCell } from '../cell-file.js';
import { primitiveOf } from '../centring.js';
import { reducedCell } from '../niggli.js';
import type { CompareCellsOptions } from '../parameter-types.js';
import { compareCellsRows } from '../parameters.js';
import { inverted, product, strainBetween } from '../strain.js';
import { axesText } from './axes.js';
import { expectsKnown } from './expects-known.js';

/** A lattice by its metric. */
export interface LatticeOfCell {
  /** The highest Bravais lattice within the tolerance, in its conventional cell. */
  readonly type: BravaisType;
  readonly parameters: readonly number[];
  /** Largest relative change of an edge, or of an angle in radians, that this symmetry asks for: above 1e-4 pseudosymmetry. */
  readonly distortion: number;
}

/** How two lattices are related. */
export interface CellComparison {
  /**
   * `same`; `sublattice`: the second has every n-th point of the first; `superlattice`: the first has every n-th point of
   * the second; `common`: a third lattice has points that both have; `different`.
   */
  readonly relation: 'same' | 'sublattice' | 'superlattice' | 'common' | 'different';
  /** Points of the first and of the second lattice for each point that both have: [1, 1] for the same, [2, 1] for a sublattice of index 2. */
  readonly indices: readonly [number, number] | undefined;
  /**
   * The axes of the second cell, or of the common lattice, in terms of those of the first: nine numbers by rows, and their
   * text; fractions where a cell is centred or coarser.
   */
  readonly matrix: readonly number[] | undefined;
  readonly axes: string | undefined;
  /** Largest difference of an edge in percent, and of an angle in degrees. */
  readonly lengths: number | undefined;
  readonly angles: number | undefined;
  /** Number of ways to lay one onto the other within the tolerances: the rotations of the common lattice, exact or nearly so. */
  readonly ways: number;
  /** Those of the first and of the second cell. */
  readonly lattices: readonly [LatticeOfCell, LatticeOfCell];
}

interface Tolerance {
  /** Relative. */
  readonly lengths: number;
  /** Degrees. */
  readonly angles: number;
}

/** A basis of a lattice that resembles another cell. */
interface Likeness {
  /** Whole numbers: the basis in terms of that of the lattice. */
  readonly matrix: readonly number[];
  readonly lengths: number;
  readonly angles: number;
}

/** Right-handed bases of sublattices of `lattice` with `points` points each, whose edges and angles are those of `like`. */
function basesLike(lattice: Cell, like: Cell, points: number, { lengths, angles }: Tolerance): Likeness[] {
  const wanted = lengthsOf(like);
  const [alpha, beta, gamma] = anglesOf(like);
  const longest = Math.max(...wanted) * (1 + lengths);
  const dual = reciprocal(lattice);
  const most = dual.map((row) => Math.floor(norm(row) * longest + 1e-9)) as [number, number, number];
  const near: (readonly { readonly hkl: Vector; readonly at: Vector; readonly bend: number }[])[] = [];
  const all: { hkl: Vector; at: Vector; length: number }[] = [];
  for (let h = -most[0]; h <= most[0]; h++)
    for (let k = -most[1]; k <= most[1]; k++)
      for (let l = -most[2]; l <= most[2]; l++) {
        const at = [0, 1, 2].map(
          (i) => h * (lattice[0][i] as number) + k * (lattice[1][i] as number) + l * (lattice[2][i] as number),
        ) as unknown as Vector;
        const length = norm(at);
        if (length > 0 && length <= longest) all.push({ hkl: [h, k, l], at, length });
      }
  for (const edge of wanted)
    near.push(
      all
        .map(({ hkl, at, length }) => ({ hkl, at, bend: Math.abs(length / edge - 1) }))
        .filter(({ bend }) => bend <= lengths),
    );
  const angle = (u: Vector, v: Vector): number =>
    (Math.acos(Math.max(-1, Math.min(1, dot(u, v) / norm(u) / norm(v)))) * 180) / Math.PI;
  const found: Likeness[] = [];
  const size = Math.abs(volume(lattice));
  for (const a of near[0] ?? [])
    for (const b of near[1] ?? []) {
      const third = Math.abs(angle(a.at, b.at) - gamma);
      if (third > angles) continue;
      for (const c of near[2] ?? []) {
        const bends = [third, Math.abs(angle(b.at, c.at) - alpha), Math.abs(angle(a.at, c.at) - beta)];
        const most = Math.max(...bends);
        if (most > angles || Math.round(volume([a.at, b.at, c.at]) / size) !== points) continue;
        found.push({
          matrix: [...a.hkl, ...b.hkl, ...c.hkl],
          lengths: Math.max(a.bend, b.bend, c.bend),
          angles: most,
        });
      }
    }
  return found;
}

/** The whole matrices, in Hermite's form, of all sublattices of an index. */
function sublattices(index: number): number[][] {
  const found: number[][] = [];
  for (let p = 1; p <= index; p++)
    for (let q = 1; p * q <= index; q++) {
      const r = index / p / q;
      if (!Number.isInteger(r)) continue;
      for (let i = 0; i < q; i++)
        for (let j = 0; j < r; j++) for (let k = 0; k < r; k++) found.push([p, i, j, 0, q, k, 0, 0, r]);
    }
  return found;
}

/** How the bases of two lattices make a common one: in terms of the first, and of the second. */
interface Relation extends Likeness {
  readonly ofSecond: readonly number[];
}

/** Largest index on both sides of a lattice that two others share. */
const mostShared = 4;

/** Pairs of indices, those of the smallest common lattices first. */
function* indexPairs(maxIndex: number): Generator<readonly [number, number]> {
  yield [1, 1];
  for (let n = 2; n <= maxIndex; n++) {
    yield [n, 1];
    yield [1, n];
  }
  const both = Array.from({ length: (mostShared - 1) ** 2 }, (_, n): readonly [number, number] => [
    2 + (n % (mostShared - 1)),
    2 + Math.floor(n / (mostShared - 1)),
  ]);
  yield* both.filter(([i, j]) => Math.max(i, j) <= maxIndex).sort(([i, j], [p, q]) => i * j - p * q);
}

function relationsOf(first: Cell, second: Cell, [i, j]: readonly [number, number], tolerance: Tolerance): Relation[] {
  const ratio = (i * Math.abs(volume(first))) / (j * Math.abs(volume(second)));
  // Volumes of cells that agree: three edges, and angles that are near to closing.
  if (Math.abs(Math.log(ratio)) > 3 * tolerance.lengths + 0.1) return [];
  return sublattices(j).flatMap((matrix) => {
    const { cell: like, matrix: reducing } = reducedCell(combine(matrix, second));
    const ofSecond = flat(product(cellFrom(reducing), cellFrom(matrix)));
    return basesLike(first, like, i, tolerance)
      .filter((likeness) => Math.min(i, j) === 1 || isLittle(combine(likeness.matrix, first), like, tolerance))
      .map((likeness) => ({ ...likeness, ofSecond }));
  });
}

/**
 * Whether the strain between two cells is within the tolerance of edges, in all directions: two lattices that differ in one
 * edge have diagonals that differ in their angle alone, and would share the lattice of those.
 */
const isLittle = (cell: Cell, like: Cell, { lengths }: Tolerance): boolean =>
  Math.hypot(...strainBetween(cell, like)) <= lengths;

/** How much of the tolerance is used up. */
const share = ({ lengths, angles }: Likeness, tolerance: Tolerance): number =>
  Math.max(lengths / tolerance.lengths, angles / tolerance.angles);

const rounded = (x: number): number => Math.round(x * 720) / 720 + 0;

/** Larger for matrices that are harder to read: more terms, fractions, negative numbers. */
const difficulty = (m: readonly number[]): number =>
  m.reduce(
    (sum, x, i) =>
      sum +
      Math.abs(x) +
      (x === 0 ? 0 : 1) +
      (Number.isInteger(x) ? 0 : 1) +
      (x < 0 ? 0.1 : 0) +
      (i % 4 && x ? 0.01 : 0),
    0,
  );

const latticeOf = (primitive: Cell, { lengths, angles }: Tolerance): LatticeOfCell => {
  const [{ type, parameters, distortion }] = bravaisCandidates(
    primitive,
    Math.max(1e-4, Math.min(0.2, lengths, (angles * Math.PI) / 180)),
  ) as [ReturnType<typeof bravaisCandidates>[number]];
  return { type, parameters, distortion };
};

/**
 * How the lattices of two cells are related, within tolerances of edges and angles: a whole matrix, the index where one is
 * a part of the other, and the symmetry that each metric has or nearly has. Throws `Argument`.
 */
export function compareCells(first: KnownCell, second: KnownCell, options: CompareCellsOptions = {}): CellComparison {
  const what = 'compareCells';
  expectsKnown(`${what}: the first cell`, first);
  expectsKnown(`${what}: the second cell`, second);
  const { lengthTolerance, angleTolerance, maxIndex } = checkedOptions(what, options, compareCellsRows);
  // Numbers of files are rounded, so that no tolerance is exactly zero.
  const tolerance = { lengths: Math.max(1e-6, lengthTolerance / 100), angles: Math.max(1e-4, angleTolerance) };
  const [a, b] = [first, second].map(({ cell, centring }) => primitiveOf(cell, centring)) as [Cell, Cell];
  const [reducedA, reducedB] = [reducedCell(a), reducedCell(b)];
  const lattices = [latticeOf(a, tolerance), latticeOf(b, tolerance)] as const;
  for (const indices of indexPairs(maxIndex)) {
    const relations = relationsOf(reducedA.cell, reducedB.cell, indices, tolerance);
    if (relations.length === 0) continue;
    const [i, j] = indices;
    const least = Math.min(...relations.map((relation) => share(relation, tolerance)));
    const isCommon = i > 1 && j > 1;
    const [best] = relations
      // Rotations that the lattice has give the same change but for rounding; the one that is easiest to read is shown.
      .filter((relation) => share(relation, tolerance) <= least + 1e-3)
      .map((relation) => ({
        ...relation,
        shown: shownMatrix(relation, [first.cell, second.cell], [reducedA.cell, reducedB.cell], isCommon),
      }))
      .sort((x, y) => difficulty(x.shown) - difficulty(y.shown));
    if (!best) continue;
    return {
      relation: i === 1 && j === 1 ? 'same' : j === 1 ? 'sublattice' : i === 1 ? 'superlattice' : 'common',
      indices,
      matrix: best.shown,
      axes: axesText(best.shown),
      lengths: 100 * best.lengths,
      angles: best.angles,
      ways: relations.filter((relation) => relation.ofSecond === best.ofSecond).length,
      lattices,
    };
  }
  return {
    relation: 'different',
    indices: undefined,
    matrix: undefined,
    axes: undefined,
    lengths: undefined,
    angles: undefined,
    ways: 0,
    lattices,
  };
}

/** The axes of the second cell, or of the common lattice, in terms of those of the first cell. */
function shownMatrix(
  { matrix, ofSecond }: Relation,
  [first, second]: readonly [Cell, Cell],
  [reducedA, reducedB]: readonly [Cell, Cell],
  isCommon: boolean,
): number[] {
  // The common lattice in terms of the first cell: its basis over the reduced cell, and that over the given one.
  const common = product(cellFrom(matrix), product(reducedA, inverted(first)));
  if (isCommon) return flat(common).map(rounded);
  // The second cell in terms of the common lattice.
  const back = product(product(second, inverted(reducedB)), inverted(cellFrom(ofSecond)));
  return flat(product(back, common)).map(rounded);
}
