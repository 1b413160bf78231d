/**
 * Metrics of reciprocal cells, as six numbers a*·a*, b*·b*, c*·c*, b*·c*, a*·c*, a*·b* in 1/Å²: reduced ones, their
 * nodes by length, and the lattices about a lattice.
 */
import { type Cell, combine, norm, reciprocal, type Vector, volume } from '../../crystal/cell.js';
import { reducedCell } from '../../crystal/niggli.js';

/** Six numbers. */
export type Metric = Float64Array;

export function determinantOf(g: Metric, at = 0): number {
  const [aa, bb, cc] = [g[at] as number, g[at + 1] as number, g[at + 2] as number];
  const [bc, ac, ab] = [g[at + 3] as number, g[at + 4] as number, g[at + 5] as number];
  return aa * (bb * cc - bc * bc) - ab * (ab * cc - bc * ac) + ac * (ab * bc - bb * ac);
}

/** Rounds after which a reduction ends in any case. */
const maxRounds = 100;
/** Differences that are rounding. */
const equal = 1e-9;

/** Reduces a metric in place, so that no sum or difference of its vectors is shorter than they are. */
export function reduce(g: Metric): void {
  const m = [g[0], g[5], g[4], g[5], g[1], g[3], g[4], g[3], g[2]] as number[];
  // Adds k times row and column j to those numbered i.
  const add = (i: number, j: number, k: number): void => {
    for (let x = 0; x < 3; x++) m[3 * i + x] = (m[3 * i + x] as number) + k * (m[3 * j + x] as number);
    for (let x = 0; x < 3; x++) m[3 * x + i] = (m[3 * x + i] as number) + k * (m[3 * x + j] as number);
  };
  const at = (i: number, j: number): number => m[3 * i + j] as number;
  for (let round = 0; round < maxRounds; round++) {
    let changed = false;
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        if (i === j || at(i, i) < at(j, j) || Math.abs(at(i, j)) <= at(j, j) * 0.5 * (1 + equal)) continue;
        add(i, j, -Math.round(at(i, j) / at(j, j)));
        changed = true;
      }
    const longest = at(1, 1) > at(0, 0) ? (at(2, 2) > at(1, 1) ? 2 : 1) : at(2, 2) > at(0, 0) ? 2 : 0;
    const [p, q] = [(longest + 1) % 3, (longest + 2) % 3];
    for (const [s, t] of [
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ] as const) {
      const gain = at(p, p) + at(q, q) + 2 * (s * at(longest, p) + t * at(longest, q) + s * t * at(p, q));
      if (gain >= -equal * at(longest, longest)) continue;
      add(longest, p, s);
      add(longest, q, t);
      changed = true;
      break;
    }
    if (!changed) break;
  }
  g.set([at(0, 0), at(1, 1), at(2, 2), at(1, 2), at(0, 2), at(0, 1)]);
}

/** The lengths of the thirteen shortest nodes about a reduced cell, in 1/Å, sorted: the first six tell lattices apart. */
export function shortest(g: Metric): Float64Array {
  const found = new Float64Array(13);
  let n = 0;
  for (let h = 0; h <= 1; h++)
    for (let k = h ? -1 : 0; k <= 1; k++)
      for (let l = h || k ? -1 : 1; l <= 1; l++) found[n++] = Math.sqrt(Math.max(0, squareOf(g, h, k, l)));
  return found.sort();
}

const squareOf = (g: Metric, h: number, k: number, l: number): number =>
  h * h * (g[0] as number) +
  k * k * (g[1] as number) +
  l * l * (g[2] as number) +
  2 * (k * l * (g[3] as number) + h * l * (g[4] as number) + h * k * (g[5] as number));

/** Nodes of one half of a lattice: their lengths, and h k l of each where `indices` has room for them. */
export interface Nodes {
  readonly lengths: Float64Array;
  readonly indices: Int16Array | undefined;
}

export const roomForNodes = (most: number, withIndices = false): Nodes => ({
  lengths: new Float64Array(most),
  indices: withIndices ? new Int16Array(3 * most) : undefined,
});

/** Indices beyond which a cell is too flat to be one. */
const farthest = 60;

/** Lists the nodes up to a length, in no order; returns their number, −1 if there is no room for them. */
export function listNodes(g: Metric, reach: number, { lengths, indices }: Nodes): number {
  const [aa, bb, cc, bc, ac, ab] = g as unknown as [number, number, number, number, number, number];
  const limit = reach * reach;
  const scale = limit / determinantOf(g);
  const hMost = Math.floor(Math.sqrt(scale * (bb * cc - bc * bc)));
  const kMost = Math.floor(Math.sqrt(scale * (aa * cc - ac * ac)));
  const lMost = Math.floor(Math.sqrt(scale * (aa * bb - ab * ab)));
  if (!(hMost <= farthest && kMost <= farthest && lMost <= farthest)) return -1;
  let n = 0;
  for (let h = 0; h <= hMost; h++)
    for (let k = h ? -kMost : 0; k <= kMost; k++) {
      const base = h * h * aa + k * k * bb + 2 * h * k * ab;
      const half = k * bc + h * ac;
      // The part of the row within the sphere, and not one of its ends too many.
      const inside = half * half - cc * (base - limit);
      if (!(inside >= 0)) continue;
      const root = Math.sqrt(inside);
      const last = Math.floor((root - half) / cc);
      for (let l = h || k ? Math.ceil((-root - half) / cc) : 1; l <= last; l++) {
        const square = base + l * (l * cc + 2 * half);
        if (!(square < limit)) continue;
        if (n === lengths.length) return -1;
        if (indices) {
          indices[3 * n] = h;
          indices[3 * n + 1] = k;
          indices[3 * n + 2] = l;
        }
        lengths[n++] = Math.sqrt(square);
      }
    }
  return n;
}

/** How far `nodes` nodes of a cell of a volume in Å³ reach, in 1/Å, both halves counted. */
export const reachOf = (nodes: number, volumeA3: number): number => Math.cbrt((3 * nodes) / (4 * Math.PI * volumeA3));

/** The reduced direct cell of a metric; undefined if it is too flat. */
export function cellOfMetric(g: Metric): Cell | undefined {
  const [aa, bb, cc, bc, ac, ab] = g as unknown as [number, number, number, number, number, number];
  const a = Math.sqrt(aa);
  const [bx, cx] = [ab / a, ac / a];
  const by = Math.sqrt(bb - bx * bx);
  const cy = (bc - bx * cx) / by;
  const cz = Math.sqrt(cc - cx * cx - cy * cy);
  const star: Cell = [
    [a, 0, 0],
    [bx, by, 0],
    [cx, cy, cz],
  ];
  return star.flat().every(Number.isFinite) ? reduced(reciprocal(star)) : undefined;
}

/** A cell reduced; undefined if it is too flat. */
export function reduced(cell: Cell): Cell | undefined {
  try {
    return reducedCell(cell).cell;
  } catch {
    return undefined;
  }
}

/** The thirteen vectors about a reduced cell, in Å, sorted: of its shortest ones none may lie along a long axis. */
function vectorLengths(cell: Cell): number[] {
  const found: number[] = [];
  for (let h = 0; h <= 1; h++)
    for (let k = h ? -1 : 0; k <= 1; k++)
      for (let l = h || k ? -1 : 1; l <= 1; l++) {
        const at = (i: 0 | 1 | 2): number => h * cell[0][i] + k * cell[1][i] + l * cell[2][i];
        found.push(norm([at(0), at(1), at(2)] as Vector));
      }
  return found.sort((p, q) => p - q);
}

/** Whether two reduced cells are of one lattice, within a relative difference of lengths. */
export function sameVectors(cell: Cell, other: Cell, tolerance: number): boolean {
  const ratio = Math.abs(volume(cell) / volume(other));
  if (Math.max(ratio, 1 / ratio) > 1 + 3 * tolerance) return false;
  const lengths = vectorLengths(other);
  return vectorLengths(cell).every((length, i) => Math.abs(length / (lengths[i] as number) - 1) < tolerance);
}

/** The integer matrices, row by row, that give all lattices of an index below a lattice (Hermite's normal form). */
function sublattices(index: number): number[][] {
  const found: number[][] = [];
  for (let a = 1; a <= index; a++)
    for (let d = 1; index % a === 0 && d <= index / a; d++) {
      const f = index / a / d;
      if (!Number.isInteger(f)) continue;
      for (let b = 0; b < d; b++)
        for (let c = 0; c < f; c++) for (let e = 0; e < f; e++) found.push([a, b, c, 0, d, e, 0, 0, f]);
    }
  return found;
}
const matrices = ([2, 3, 5, 7] as const).map((index) => ({ index, all: sublattices(index) }));

/** The lattices of index 2 and 3 on both sides of a lattice, and those with a smaller cell of index 5 and 7. */
export function* relatives(cell: Cell): Generator<Cell> {
  for (const { index, all } of matrices)
    for (const matrix of all) {
      const larger = index < 4 ? reduced(combine(matrix, cell)) : undefined;
      if (larger) yield larger;
      const star = reciprocal([matrix.slice(0, 3), matrix.slice(3, 6), matrix.slice(6)] as unknown as Cell);
      const smaller = reduced(combine(star.flat(), cell));
      if (smaller) yield smaller;
    }
}
