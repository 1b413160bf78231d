/**
 * Which of the fourteen Bravais lattices a measured cell may be, with how much the metric has to be bent for each.
 *
 * The conventional cells are looked for among bases of short lattice vectors of determinant 1 to 4 over the reduced
 * cell; the centring is read off the lattice points inside. A metric alone cannot tell a symmetry from a coincidence:
 * the answer is a list.
 */
import {
  anglesOf,
  type Cell,
  cellFrom,
  cellFromParameters,
  combine,
  dot,
  lengthsOf,
  norm,
  reciprocal,
  type Vector,
  volume,
} from './cell.js';
import { niggli } from './niggli.js';

/** Bravais lattices by their Pearson symbols, lowest symmetry first. */
export const bravaisTypes = [
  'aP',
  'mP',
  'mC',
  'oP',
  'oC',
  'oI',
  'oF',
  'tP',
  'tI',
  'hR',
  'hP',
  'cP',
  'cI',
  'cF',
] as const;
export type BravaisType = (typeof bravaisTypes)[number];

/** One Bravais lattice that fits. */
export interface BravaisCandidate {
  readonly type: BravaisType;
  /** Conventional cell in the orientation of the given one, as measured. */
  readonly cell: Cell;
  /** Lengths (angstrom) and angles (degrees) of the conventional cell, made to obey the symmetry. */
  readonly parameters: readonly [number, number, number, number, number, number];
  /** Largest relative change of a length, or change of an angle in radians, that the symmetry asks for. */
  readonly distortion: number;
}

type Parameters = [number, number, number, number, number, number];
const mean = (...x: number[]): number => x.reduce((sum, v) => sum + v, 0) / x.length;

/**
 * The parameters nearest to the given ones that a crystal system allows (b unique, c the axis of tetragonal and
 * hexagonal cells).
 */
const symmetrise: Record<string, (p: Parameters) => Parameters> = {
  a: (p) => p,
  m: ([a, b, c, , be]) => [a, b, c, 90, be, 90],
  o: ([a, b, c]) => [a, b, c, 90, 90, 90],
  t: ([a, b, c]) => [mean(a, b), mean(a, b), c, 90, 90, 90],
  h: ([a, b, c]) => [mean(a, b), mean(a, b), c, 90, 90, 120],
  c: ([a, b, c]) => [mean(a, b, c), mean(a, b, c), mean(a, b, c), 90, 90, 90],
};

function distortionOf(from: Parameters, to: Parameters): number {
  return Math.max(
    ...from.map((x, i) =>
      i < 3 ? Math.abs(x - (to[i] ?? 0)) / (to[i] ?? 1) : (Math.abs(x - (to[i] ?? 0)) * Math.PI) / 180,
    ),
  );
}

/**
 * Centring of a cell by the lattice points inside it, given as fractions of twelfths; undefined when it is none of the
 * usual ones.
 */
function centring(matrix: readonly number[], order: number): string | undefined {
  if (order === 1) return 'P';
  // Rows of the inverse are the primitive vectors in terms of the cell; their multiples modulo 1 are the lattice points
  // inside.
  const inverse = reciprocal(cellFrom(matrix));
  const points = new Set<string>();
  for (let h = 0; h < order; h++) {
    for (let k = 0; k < order; k++) {
      for (let l = 0; l < order; l++) {
        const fraction = [0, 1, 2].map((j) => {
          const x = h * (inverse[j]?.[0] ?? 0) + k * (inverse[j]?.[1] ?? 0) + l * (inverse[j]?.[2] ?? 0);
          return ((Math.round(x * 12) % 12) + 12) % 12;
        });
        points.add(fraction.join());
      }
    }
  }
  points.delete('0,0,0');
  const key = [...points].sort().join(' ');
  const known: Record<string, string> = {
    '6,6,0': 'C',
    '6,6,6': 'I',
    '0,6,6 6,0,6 6,6,0': 'F',
    '4,8,8 8,4,4': 'R',
    '4,8,4 8,4,8': 'R',
    '8,4,4 4,8,8': 'R',
  };
  return known[key];
}

/**
 * Bravais lattices that fit a cell within `tolerance` (largest relative change of a length, or of an angle in radians;
 * 0 … 0.2, default
 * 0.02), highest symmetry first; aP, which always fits, comes last.
 */
export function bravaisCandidates(given: Cell, tolerance = 0.02): BravaisCandidate[] {
  const reduced = niggli(given, Math.min(tolerance / 10, 1e-3)).cell;
  const vectors = shortVectors(reduced);
  const size = volume(reduced);
  const best = new Map<BravaisType, BravaisCandidate>();
  const offer = (type: BravaisType, cell: Cell): void => {
    const measured = [...lengthsOf(cell), ...anglesOf(cell)] as Parameters;
    const ideal = (symmetrise[type[0] ?? 'a'] as (p: Parameters) => Parameters)(measured);
    const distortion = distortionOf(measured, ideal);
    const old = best.get(type);
    // Of two settings of the same quality the one nearer to a rectangle, then the smaller one, is the conventional one.
    const tie = old && Math.abs(distortion - old.distortion) < 1e-3 * tolerance + 1e-9;
    if (distortion > tolerance || (old && (tie ? !plainer(cell, old.cell) : distortion > old.distortion))) return;
    best.set(type, { type, cell, parameters: ideal, distortion });
  };
  offer('aP', reduced);
  const right = (u: Vector, v: Vector): boolean => Math.abs(dot(u, v)) / (norm(u) * norm(v)) < 1.5 * tolerance + 1e-6;
  const alike = (u: Vector, v: Vector): boolean => Math.abs(norm(u) / norm(v) - 1) < 3 * tolerance + 1e-6;
  for (const b of vectors) {
    const across = vectors.filter(({ v }) => right(v, b.v));
    for (const [i, a] of across.entries()) {
      for (const c of across.slice(i + 1)) {
        for (const [p, q] of [
          [a, c],
          [c, a],
        ] as const) {
          for (const sign of [1, -1]) {
            const rows = [...p.m, ...b.m.map((x) => sign * x), ...q.m];
            const cell = combine(rows, reduced);
            const order = Math.round(volume(cell) / size);
            if (order < 1 || order > 4) continue;
            settings(cell, rows, order, right, alike, offer);
          }
        }
      }
    }
  }
  return [...best.values()].sort((x, y) => bravaisTypes.indexOf(y.type) - bravaisTypes.indexOf(x.type));
}

/** Offers every lattice that a cell with b perpendicular to a and c may be the conventional cell of. */
function settings(
  cell: Cell,
  rows: readonly number[],
  order: number,
  right: (u: Vector, v: Vector) => boolean,
  alike: (u: Vector, v: Vector) => boolean,
  offer: (type: BravaisType, cell: Cell) => void,
): void {
  const type = centring(rows, order);
  const [a, b, c] = cell;
  const obtuse = dot(a, c) <= 1e-9 * norm(a) * norm(c);
  if (type === 'P' && obtuse) offer('mP', cell);
  if (type === 'C' && obtuse) offer('mC', cell);
  // Hexagonal axes: a' = a, b' in the plane of a and c at 120 degrees, c' = b.
  if (alike(a, c) && Math.abs(dot(a, c) / (norm(a) * norm(c)) + 0.5) < 0.06) {
    const hexagonal: Cell = [c, a, b];
    const turned = [...rows.slice(6, 9), ...rows.slice(0, 3), ...rows.slice(3, 6)];
    const kind = centring(turned, order);
    if (kind === 'P') offer('hP', hexagonal);
    if (kind === 'R') offer('hR', hexagonal);
  }
  if (!right(a, c)) return;
  if (type === 'P') offer('oP', cell);
  if (type === 'C') offer('oC', cell);
  if (type === 'I') offer('oI', cell);
  if (type === 'F') offer('oF', cell);
  if (type === 'P' || type === 'I') {
    if (alike(a, b)) offer(type === 'P' ? 'tP' : 'tI', cell);
  }
  if (alike(a, b) && alike(b, c) && type && 'PIF'.includes(type)) offer(`c${type}` as BravaisType, cell);
}

interface LatticeVector {
  readonly m: readonly number[];
  readonly v: Vector;
}

/** Primitive lattice vectors with coefficients up to 2, one of each pair ±v, short ones first. */
function shortVectors(cell: Cell): LatticeVector[] {
  const out: LatticeVector[] = [];
  for (let h = -2; h <= 2; h++) {
    for (let k = -2; k <= 2; k++) {
      for (let l = -2; l <= 2; l++) {
        const first = [h, k, l].find((x) => x !== 0);
        if (first === undefined || first < 0 || [h, k, l].every((x) => x % 2 === 0)) continue;
        out.push({ m: [h, k, l], v: combine([h, k, l, 0, 0, 0, 0, 0, 0], cell)[0] });
      }
    }
  }
  // Both directions are needed for obtuse angles.
  return out.flatMap(({ m, v }) => [
    { m, v },
    { m: m.map((x) => -x), v: [-v[0], -v[1], -v[2]] as Vector },
  ]);
}

function plainer(cell: Cell, than: Cell): boolean {
  const skew = (c: Cell): number => anglesOf(c).reduce((sum, angle) => sum + Math.abs(angle - 90), 0);
  const [x, y] = [skew(cell), skew(than)];
  if (Math.abs(x - y) > 1e-3) return x < y;
  const [p, q] = [lengthsOf(cell), lengthsOf(than)];
  const [s, t] = [p[0] + p[1] + p[2], q[0] + q[1] + q[2]];
  if (Math.abs(s - t) > 1e-6 * s) return s < t;
  // Standard order of the axes where nothing else decides: a ≤ b ≤ c.
  return p[0] + 1e-6 * p[1] < q[0] + 1e-6 * q[1] - 1e-9;
}

/** The cell of a candidate's symmetrised parameters, in the standard setting. */
export const idealCell = ({ parameters }: BravaisCandidate): Cell => cellFromParameters(...(parameters as Parameters));
