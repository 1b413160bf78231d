/**
 * Quantities derived from the known cells of a run, computed in float64 on the host and packed for the kernels.
 * Equivalent to cpp/indexing/tables.cpp.
 */

import { knownCell } from '../../../compute/layout/indexing-webgpu.js';
import { searchConstants } from '../../../compute/layout/search.js';
import { packAll } from '../../../compute/layout/struct.js';
import { EwaldError } from '../../../util/errors.js';

type Vector = readonly [number, number, number];
type Rows = readonly [Vector, Vector, Vector];

const {
  acceptanceOccupancy,
  acrossLimit,
  flattestCell,
  longestCell,
  smallestVolume,
  symmetryReach: { value: reach },
  symmetryTolerance,
} = searchConstants;

/** One vector of a known cell in the role of the sampled vector; `BaseVector` of src/compute/layout/indexing-webgpu.ts. */
export interface BaseVector {
  readonly row: number;
  readonly length: number;
  readonly otherLength: number;
  readonly fold: number;
  readonly flip: boolean;
  /**
   * The other two vectors in the frame (u, x, y), where u is along this vector and x is perpendicular to it in the
   * plane of the next.
   */
  readonly frame: readonly [au: number, ax: number, bu: number, bx: number, by: number];
}
/** A known cell with its derived quantities. */
export interface KnownCell {
  readonly rows: Rows;
  readonly volume: number;
  readonly acceptance: number;
  /** Shortest first. */
  readonly base: readonly [BaseVector, BaseVector, BaseVector];
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const scaled = (k: number, a: Vector): Vector => [k * a[0], k * a[1], k * a[2]];
const plus = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const norm = (a: Vector): number => Math.sqrt(dot(a, a));
const unit = (a: Vector): Vector => scaled(1 / norm(a), a);

// v rotated about the unit vector e, right-handed.
const rotatedAbout = (v: Vector, e: Vector, angle: number): Vector =>
  plus(
    plus(scaled(Math.cos(angle), v), scaled(Math.sin(angle), cross(e, v))),
    scaled((1 - Math.cos(angle)) * dot(e, v), e),
  );

/** Describes a cell given as nine numbers, rows a b c; undefined if it has no volume or a number is not finite. */
export function describeCell(m: ArrayLike<number>): KnownCell | undefined {
  const at = (i: number): number => m[i] as number;
  for (let i = 0; i < 9; i++) if (!(Math.abs(at(i)) < longestCell.value)) return undefined;
  const rows: Rows = [
    [at(0), at(1), at(2)],
    [at(3), at(4), at(5)],
    [at(6), at(7), at(8)],
  ];
  const signed = dot(rows[0], cross(rows[1], rows[2]));
  const volume = Math.abs(signed);
  const lengths = rows.map(norm) as [number, number, number];
  // Angles that leave almost no volume do not make a cell either.
  const box = lengths[0] * lengths[1] * lengths[2];
  if (!(volume > flattestCell.value * box) || !(volume > smallestVolume.value)) return undefined;
  const nodes = [cross(rows[1], rows[2]), cross(rows[2], rows[0]), cross(rows[0], rows[1])].map((v) =>
    scaled(1 / signed, v),
  );
  const order = [0, 1, 2].sort((i, j) => (lengths[i] as number) - (lengths[j] as number) || i - j);
  return {
    rows,
    volume,
    acceptance: Math.cbrt((3 * acceptanceOccupancy.value) / (4 * Math.PI * volume)),
    base: order.map((row) => describeBase(rows, nodes, row)) as [BaseVector, BaseVector, BaseVector],
  };
}

function describeBase(rows: Rows, nodes: readonly Vector[], row: number): BaseVector {
  const own = rows[row] as Vector;
  const u = unit(own);
  const a = rows[(row + 1) % 3] as Vector;
  const b = rows[(row + 2) % 3] as Vector;
  const x = unit(plus(a, scaled(-dot(a, u), u)));
  const y = cross(u, x);
  // Whether a rotation of space maps the lattice onto itself.
  const isSymmetry = (map: (v: Vector) => Vector): boolean =>
    rows.every((v) => {
      const image = map(v);
      return nodes.every(
        (node) => Math.abs(dot(image, node) - Math.round(dot(image, node))) <= symmetryTolerance.value,
      );
    });
  const fold = [6, 4, 3, 2].find((order) => isSymmetry((v) => rotatedAbout(v, u, (2 * Math.PI) / order))) ?? 1;
  return {
    row,
    length: norm(own),
    otherLength: Math.max(norm(a), norm(b)),
    fold,
    flip: hasAxisAcross(rows, u, isSymmetry),
    frame: [dot(a, u), dot(a, x), dot(b, u), dot(b, x), dot(b, y)],
  };
}

// Two-fold axes perpendicular to u are along short lattice vectors, or perpendicular to one and u.
function hasAxisAcross(rows: Rows, u: Vector, isSymmetry: (map: (v: Vector) => Vector) => boolean): boolean {
  const about =
    (e: Vector) =>
    (w: Vector): Vector =>
      plus(scaled(2 * dot(w, e), e), scaled(-1, w));
  for (let h = -reach; h <= reach; h++) {
    for (let k = -reach; k <= reach; k++) {
      for (let l = -reach; l <= reach; l++) {
        const v = plus(plus(scaled(h, rows[0]), scaled(k, rows[1])), scaled(l, rows[2]));
        const across = plus(v, scaled(-dot(v, u), u));
        if (norm(v) === 0 || norm(across) <= acrossLimit.value * norm(v)) continue;
        const e = unit(across);
        if (isSymmetry(about(e)) || isSymmetry(about(cross(u, e)))) return true;
      }
    }
  }
  return false;
}

/** Describes the cells of a run. Throws `Argument` for a degenerate one, as the core does. */
export function describeCells(cells: Float32Array, count: number): KnownCell[] {
  return Array.from({ length: count }, (_, c) => {
    const m = cells.subarray(9 * c, 9 * c + 9);
    const known = describeCell(m);
    if (known) return known;
    const row = (i: number): string =>
      `(${Array.from(m.subarray(3 * i, 3 * i + 3), (x) => Number(x.toPrecision(6))).join(', ')})`;
    throw new EwaldError('Argument', `known cell ${c} is degenerate: a ${row(0)}, b ${row(1)}, c ${row(2)}`);
  });
}

/** Packs cells for the kernels. */
export function packCells(cells: readonly KnownCell[]): Uint8Array<ArrayBuffer> {
  return packAll(
    knownCell,
    cells.map(({ rows, volume, acceptance, base }) => ({
      row: rows,
      volume,
      acceptance,
      shortest: base[0].length,
      base: base.map(({ frame: [aU, aX, bU, bX, bY], ...more }) => ({ ...more, aU, aX, bU, bX, bY })),
    })),
  );
}

/** A vector of a known cell that the exhaustive method samples. */
interface SampledLength {
  readonly length: number;
  readonly input: number;
  readonly base: number;
  /** Lengths of one group share their samples. */
  readonly group: number;
}

/**
 * The lengths sampled by the exhaustive method, longest first; lengths that differ by less than the threshold share
 * their samples.
 */
export function sampledLengths(cells: readonly KnownCell[], redundant: boolean, threshold: number): SampledLength[] {
  const lengths = cells.flatMap(({ base }, input) =>
    (redundant ? [2, 1, 0] : [2]).map((b) => ({ length: Math.fround(base[b]?.length ?? 0), input, base: b })),
  );
  lengths.sort((a, b) => b.length - a.length);
  let group = -1;
  let sampled = 0;
  return lengths.map((each) => {
    if (group < 0 || Math.fround(sampled - each.length) >= threshold) {
      group++;
      sampled = each.length;
    }
    return { ...each, group };
  });
}
