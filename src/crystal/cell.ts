/**
 * Unit cells as rows a, b, c in angstrom: lengths and angles, the reciprocal cell, and whether two cells span the same
 * lattice.
 */
import { sixDigits } from '../util/amounts.js';
import { expects, expectsNumbers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';

/** A vector of three numbers. */
export type Vector = readonly [number, number, number];
/** A cell as three rows a, b, c, each x y z. */
export type Cell = readonly [Vector, Vector, Vector];

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const norm = (a: Vector): number => Math.sqrt(dot(a, a));
export const scale = (k: number, a: Vector): Vector => [k * a[0], k * a[1], k * a[2]];
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

/** Throws `Argument` unless `cell` is three vectors. Cheap enough for inner loops. */
export function expectsCell(what: string, cell: Cell): void {
  if (Array.isArray(cell) && cell[0]?.length === 3 && cell[1]?.length === 3 && cell[2]?.length === 3) return;
  const how =
    'three vectors [[ax, ay, az], [bx, by, bz], [cx, cy, cz]] in angstrom; cellFrom builds them from nine numbers';
  expects(false, what, cell, how);
}

/** Makes a cell from nine consecutive numbers. */
export function cellFrom(values: ArrayLike<number>, offset = 0): Cell {
  expectsNumbers('cellFrom: the first argument', values);
  const at = (i: number): number => values[offset + i] ?? Number.NaN;
  return [
    [at(0), at(1), at(2)],
    [at(3), at(4), at(5)],
    [at(6), at(7), at(8)],
  ];
}

/** The nine numbers of a cell, row by row. */
export const flat = (cell: Cell): number[] => cell.flatMap((row) => [...row]);

/** Signed volume a · (b × c), in cubic angstrom; negative for a left-handed cell. */
export function volume(cell: Cell): number {
  expectsCell('volume: the cell', cell);
  return dot(cell[0], cross(cell[1], cell[2]));
}

/** The reciprocal cell (no 2π): rows a*, b*, c* with a · a* = 1, a · b* = 0. */
export function reciprocal(cell: Cell): Cell {
  expectsCell('reciprocal: the cell', cell);
  const v = volume(cell);
  return [
    scale(1 / v, cross(cell[1], cell[2])),
    scale(1 / v, cross(cell[2], cell[0])),
    scale(1 / v, cross(cell[0], cell[1])),
  ];
}

/** Lengths a, b, c in angstrom. */
export function lengthsOf(cell: Cell): [number, number, number] {
  expectsCell('lengthsOf: the cell', cell);
  return [norm(cell[0]), norm(cell[1]), norm(cell[2])];
}

/** Angles α (b,c), β (a,c), γ (a,b) in degrees. */
export function anglesOf(cell: Cell): [number, number, number] {
  expectsCell('anglesOf: the cell', cell);
  const angle = (u: Vector, v: Vector): number =>
    (Math.acos(Math.min(1, Math.max(-1, dot(u, v) / norm(u) / norm(v)))) * 180) / Math.PI;
  return [angle(cell[1], cell[2]), angle(cell[0], cell[2]), angle(cell[0], cell[1])];
}

/**
 * Returns the cell with the given lengths (angstrom) and angles (degrees) in the standard setting: a along x, b in the
 * xy plane.
 *
 * Throws `Argument` if the angles do not close or a length is not positive.
 */
export function cellFromParameters(a: number, b: number, c: number, alpha: number, beta: number, gamma: number): Cell {
  const shown = `${a} ${b} ${c} ${alpha} ${beta} ${gamma}`;
  if (![a, b, c].every((length) => length > 0 && Number.isFinite(length))) {
    throw new EwaldError('Argument', `cell ${shown}: lengths must be positive numbers of angstrom`);
  }
  if (![alpha, beta, gamma].every((angle) => angle > 0 && angle < 180)) {
    throw new EwaldError('Argument', `cell ${shown}: angles must lie between 0 and 180 degrees`);
  }
  // No cell has three angles of so few degrees.
  if ([alpha, beta, gamma].every((angle) => angle <= Math.PI))
    throw new EwaldError(
      'Argument',
      `cell ${shown}: the angles are in radians; expected degrees, ` +
        `such as ${[alpha, beta, gamma].map((angle) => Number(((angle * 180) / Math.PI).toFixed(1))).join(' ')}`,
    );
  const radians = Math.PI / 180;
  const [ca, cb, cg, sg] = [
    Math.cos(alpha * radians),
    Math.cos(beta * radians),
    Math.cos(gamma * radians),
    Math.sin(gamma * radians),
  ];
  const y = (ca - cb * cg) / sg;
  const z2 = 1 - cb * cb - y * y;
  if (!(z2 > 1e-8)) throw new EwaldError('Argument', `cell ${shown}: these angles do not span a cell (zero volume)`);
  return [
    [a, 0, 0],
    [b * cg, b * sg, 0],
    [c * cb, c * y, c * Math.sqrt(z2)],
  ];
}

/**
 * Checks a cell supplied by the caller: it must be finite and have a nonzero volume. A left-handed cell is accepted.
 *
 * Throws `Argument`.
 */
export function checkCell(cell: Cell, what: string): void {
  expectsCell(what, cell);
  if (!cell.flat().every(Number.isFinite))
    throw new EwaldError(
      'Argument',
      `${what} holds ${cell.flat().find((x) => !Number.isFinite(x))}; expected nine finite numbers, rows a b c ` +
        'in angstrom',
    );
  const [a, b, c] = lengthsOf(cell);
  const relative = Math.abs(volume(cell)) / (a * b * c);
  if (!(relative > 1e-4))
    throw new EwaldError(
      'Argument',
      `${what} has zero volume: its vectors (${a}, ${b}, ${c} angstrom) lie in a plane; give three independent vectors`,
    );
}

/** Lengths of the edges of crystals, in angstrom. */
const [shortestEdge, longestEdge] = [2, 2000];

/** Refuses a known cell whose lengths are those of another unit. Throws `Argument`. */
export function checkLengths(cell: Cell, what: string): void {
  const lengths = lengthsOf(cell);
  const odd = lengths.find((length) => !(length >= shortestEdge && length <= longestEdge));
  if (odd === undefined) return;
  const shown = (factor: number): string => lengths.map((x) => Number((factor * x).toPrecision(5))).join(', ');
  throw new EwaldError(
    'Argument',
    `${what} has an edge of ${sixDigits(odd)} angstrom; expected ${shortestEdge} to ${longestEdge}. ` +
      `Which unit are its lengths in? ` +
      (odd < shortestEdge ? `From nanometres they would be ${shown(10)} angstrom` : `From pm, ${shown(0.01)} angstrom`),
  );
}

/** The integer matrix M with `cell` ≈ M · `reference`, and how far the entries are from integers. */
export function relation(cell: Cell, reference: Cell): { matrix: number[]; deviation: number; determinant: number } {
  const dual = reciprocal(reference);
  const matrix: number[] = [];
  let deviation = 0;
  for (const row of cell) {
    for (const column of dual) {
      const value = dot(row, column);
      const rounded = Math.round(value);
      deviation = Math.max(deviation, Math.abs(value - rounded));
      matrix.push(rounded);
    }
  }
  return { matrix, deviation, determinant: Math.round(volume(cellFrom(matrix))) };
}

/**
 * Whether two cells span the same lattice, that is, are related by a unimodular integer matrix, each entry to within
 * `tolerance`.
 */
export function sameLattice(cell: Cell, reference: Cell, tolerance = 0.15): boolean {
  expectsCell('sameLattice: the cell', cell);
  expectsCell('sameLattice: the other cell', reference);
  const { deviation, determinant } = relation(cell, reference);
  return deviation <= tolerance && Math.abs(determinant) === 1;
}

/** Multiplies a cell by an integer matrix given as nine numbers, row by row. */
export function combine(matrix: readonly number[], cell: Cell): Cell {
  const row = (i: number): Vector => {
    const [h, k, l] = [matrix[3 * i] ?? 0, matrix[3 * i + 1] ?? 0, matrix[3 * i + 2] ?? 0];
    return [0, 1, 2].map(
      (j) => h * (cell[0][j] ?? 0) + k * (cell[1][j] ?? 0) + l * (cell[2][j] ?? 0),
    ) as unknown as Vector;
  };
  return [row(0), row(1), row(2)];
}
