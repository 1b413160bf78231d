/**
 * The finest direct lattice whose vectors the spots of a crystal support. A vector v of it has whole numbers v·s at all
 * spots s, so that the mean of cos 2π v·s is near 1; for any other it is near 0. v is short where the edges of a cell
 * that is too large are long, and spots scatter by little of its planes: that works where the indices of the large cell
 * are undetermined, and crystal by crystal, because crystals of a tenfold cell are found in coincidence orientations,
 * each of which has other vectors.
 */
import { type Cell, cellFrom, dot, type Vector, volume } from './cell.js';
import { inverted, product } from './strain.js';

/** A finer lattice. */
export interface FinerLattice {
  /** Volume of the given primitive cell divided by that of the finer lattice; 1 if there is none. */
  readonly factor: number;
  /** Rows of its basis over those of the given primitive cell. */
  readonly matrix: Cell;
  /** Its basis as the spots have it, rows in Å. */
  readonly cell: Cell;
}

/** A crystal: its primitive cell as found, rows in Å, and the spots of its frame, [n, 3] in 1/Å. */
export interface SpottedCrystal {
  readonly primitive: Cell;
  readonly spots: Float32Array;
}

/** Longest fraction of a vector that is tried. */
const maxParts = 12;
/**
 * A vector belongs to the lattice if its mean cosine exceeds both this, because short vectors across few planes have
 * more than chance, and so many standard deviations of chance.
 */
const [minCosine, deviations] = [0.4, 5];
/** After so many spots a vector with a smaller mean cosine is left. */
const [firstSpots, minFirst] = [48, 0.15];
/** Fewest spots of a crystal that is judged alone. */
export const fewestAlone = 60;
/** Distances from nodes in indices within which spots refine a finer lattice, round by round. */
const windows = [0.3, 0.25, 0.2] as const;
const maxExtensions = 24;

const identity: Cell = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** A direction modulo p: (u·a)/p is a vector of a lattice p times finer. */
interface Fraction {
  readonly p: number;
  readonly u: Vector;
}

const divisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : divisor(b, a % b));

/** The directions of order p, one of each set of multiples. */
function fractionsOf(p: number): Fraction[] {
  const found: Fraction[] = [];
  const units = Array.from({ length: p }, (_, i) => i).filter((i) => divisor(i, p) === 1);
  for (let i = 1; i < p ** 3; i++) {
    const u = [Math.floor(i / p ** 2), Math.floor(i / p) % p, i % p] as const;
    if (divisor(divisor(u[0], u[1]), divisor(u[2], p)) !== 1) continue;
    const place = (k: number): number => (((k * u[0]) % p) * p + ((k * u[1]) % p)) * p + ((k * u[2]) % p);
    if (units.some((k) => place(k) < i)) continue;
    found.push({ p, u: u.map((x) => (2 * x > p ? x - p : x)) as unknown as Vector });
  }
  return found;
}
let fractionsMade: readonly Fraction[] | undefined;
function fractions(): readonly Fraction[] {
  fractionsMade ??= Array.from({ length: maxParts - 1 }, (_, i) => fractionsOf(i + 2)).flat();
  return fractionsMade;
}

/** The finest lattice of one crystal; `least`: the mean cosine that a vector must exceed, if not the usual one. */
export function finerLattice({ primitive, spots }: SpottedCrystal, least?: number): FinerLattice {
  return pooledLattices([{ primitive, spots }], least)[0] as FinerLattice;
}

/** The finest lattices of crystals that have the same fractions of their cells, for lists too short to be judged alone. */
export function pooledLattices(crystals: readonly SpottedCrystal[], least?: number): FinerLattice[] {
  const [first] = crystals;
  let factor = 1;
  // All take the steps of the first one, so that a fraction means the same in each.
  let matrix = first ? shortened(first.primitive) : identity;
  let cells = crystals.map(({ primitive }) => product(matrix, primitive));
  const total = crystals.reduce((sum, { spots }) => sum + spots.length / 3, 0);
  for (let round = 0; round < maxExtensions; round++) {
    const best = bestFraction(cells, crystals, total, least);
    if (!best) break;
    const finer = extended(best);
    const step = product(shortened(product(finer, cells[0] as Cell)), finer);
    matrix = product(step, matrix);
    cells = cells.map((cell, i) => refined(product(step, cell), (crystals[i] as SpottedCrystal).spots));
    factor *= best.p;
  }
  return cells.map((cell) => ({ factor, matrix, cell }));
}

/** The fraction with the largest mean cosine over all crystals; undefined if none is above chance. */
function bestFraction(
  cells: readonly Cell[],
  crystals: readonly SpottedCrystal[],
  total: number,
  least = Math.max(minCosine, deviations / Math.sqrt(total)),
): Fraction | undefined {
  const indices = cells.map((cell, i) => indicesOf(cell, (crystals[i] as SpottedCrystal).spots));
  let best: Fraction | undefined;
  let most = least;
  for (const fraction of fractions()) {
    let sum = 0;
    for (const own of indices) sum += (meanCosine(own, fraction) * own.length) / 3;
    if (sum / total <= most) continue;
    [best, most] = [fraction, sum / total];
  }
  return best;
}

/** The indices of spots, [n, 3], not rounded. */
function indicesOf(cell: Cell, spots: Float32Array): Float64Array {
  const indices = new Float64Array(spots.length);
  for (let i = 0; i + 2 < spots.length; i += 3) {
    const spot: Vector = [spots[i] as number, spots[i + 1] as number, spots[i + 2] as number];
    for (const [k, edge] of cell.entries()) indices[i + k] = dot(edge, spot);
  }
  return indices;
}

/**
 * The mean cosine of a fraction; 0 if two thirds of the spots lie on plane 0 of its vector, where everything has a
 * cosine of 1.
 */
function meanCosine(indices: Float64Array, { p, u: [x, y, z] }: Fraction): number {
  const count = indices.length / 3;
  const [a, b, c] = [x / p, y / p, z / p];
  let [sum, beyond] = [0, 0];
  for (let n = 0; n < count; n++) {
    const at = 3 * n;
    const plane = a * (indices[at] as number) + b * (indices[at + 1] as number) + c * (indices[at + 2] as number);
    sum += Math.cos(2 * Math.PI * plane);
    if (Math.abs(plane) > 0.5) beyond++;
    if (n + 1 === firstSpots && sum < minFirst * firstSpots) return 0;
  }
  return 3 * beyond < count ? 0 : sum / count;
}

/** Rows of the lattice of whole numbers and u/p, by elimination. */
function extended({ p, u }: Fraction): Cell {
  const rows = [[p, 0, 0], [0, p, 0], [0, 0, p], [...u]];
  for (let column = 0; column < 3; column++)
    for (;;) {
      const open = rows.slice(column).filter((row) => row[column] !== 0);
      open.sort((s, t) => Math.abs(s[column] as number) - Math.abs(t[column] as number));
      const [least, ...others] = open;
      if (!least) break;
      if (others.length === 0) {
        const at = rows.indexOf(least);
        [rows[column], rows[at]] = [least, rows[column] as number[]];
        break;
      }
      for (const row of others) {
        const times = Math.round((row[column] as number) / (least[column] as number));
        for (let k = 0; k < 3; k++) row[k] = (row[k] as number) - times * (least[k] as number);
      }
    }
  return rows.slice(0, 3).map((row) => row.map((x) => x / p)) as unknown as Cell;
}

/** The whole numbers that make a basis short. */
function shortened(cell: Cell): Cell {
  const rows = cell.map((row) => [...row]) as unknown as [number[], number[], number[]];
  const matrix = identity.map((row) => [...row]) as unknown as [number[], number[], number[]];
  const inner = (i: number, j: number): number => dot(rows[i] as unknown as Vector, rows[j] as unknown as Vector);
  for (let round = 0; round < 200; round++) {
    let isShort = true;
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const) {
      // A little less than a half stays, so that equal vectors do not change places for ever.
      const times = Math.round((inner(i, j) / inner(j, j)) * (1 - 1e-9));
      if (times === 0) continue;
      isShort = false;
      for (const table of [rows, matrix])
        for (let k = 0; k < 3; k++)
          (table[i] as number[])[k] =
            ((table[i] as number[])[k] as number) - times * ((table[j] as number[])[k] as number);
    }
    if (isShort) break;
  }
  return matrix as unknown as Cell;
}

/** Nine numbers by least squares of the indices of spots near nodes; the given cell where there are too few. */
function refined(start: Cell, spots: Float32Array): Cell {
  let cell = start;
  for (const window of windows) {
    const [normal, side] = [new Float64Array(9), new Float64Array(9)];
    let used = 0;
    const indices = indicesOf(cell, spots);
    for (let at = 0; at < spots.length; at += 3) {
      const whole = [0, 1, 2].map((k) => Math.round(indices[at + k] as number));
      const square = whole.reduce((sum, h, k) => sum + ((indices[at + k] as number) - h) ** 2, 0);
      if (square > window * window || whole.every((h) => h === 0)) continue;
      used++;
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++) {
          const s = spots[at + j] as number;
          normal[3 * i + j] = (normal[3 * i + j] as number) + (spots[at + i] as number) * s;
          side[3 * i + j] = (side[3 * i + j] as number) + (whole[i] as number) * s;
        }
    }
    if (used < 6 || !(volume(cellFrom(normal)) > 0)) return cell;
    const next = product(cellFrom(side), inverted(cellFrom(normal)));
    if (!(Math.abs(volume(next)) > 0.5 * Math.abs(volume(start)))) return cell;
    cell = next;
  }
  return cell;
}

/** Distances of a spot from nodes, in indices of the finer lattice and of the coarse one that it was given as. */
const [nearFine, between, nearCoarse] = [0.12, 0.2, 0.08];

/** How many spots need the coarse lattice of a crystal, and how many explain or lie outside of both. */
export function countSupport({ matrix, cell }: FinerLattice, spots: Float32Array) {
  const coarse = product(inverted(matrix), cell);
  const off = (lattice: Cell, spot: Vector): number =>
    Math.hypot(...lattice.map((edge) => dot(edge, spot) - Math.round(dot(edge, spot))));
  let [explained, needing, left] = [0, 0, 0];
  for (let i = 0; i + 2 < spots.length; i += 3) {
    const spot: Vector = [spots[i] as number, spots[i + 1] as number, spots[i + 2] as number];
    const offFine = off(cell, spot);
    if (offFine < nearFine) explained++;
    else {
      left++;
      if (offFine > between && off(coarse, spot) < nearCoarse) needing++;
    }
  }
  return { explained, needing, byChance: ((4 * Math.PI) / 3) * nearCoarse ** 3 * left };
}
