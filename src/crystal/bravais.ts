/**
 * Finds the Bravais lattices, of the fourteen, that a measured cell may belong to, with the distortion of the metric
 * that each one requires.
 *
 * A symmetry axis is a lattice vector with a net of lattice vectors perpendicular to it. Each axis and its reduced net
 * give the conventional cells that contain it, in the standard settings of the International Tables (settings.ts). The
 * metric alone cannot distinguish symmetry from coincidence, so the result is a list.
 */
import { anglesOf, type Cell, combine, cross, dot, expectsCell, lengthsOf, norm, type Vector, volume } from './cell.js';
import { reducedCell } from './niggli.js';
import {
  type BravaisType,
  bravaisTypes,
  hexagonalSetting,
  monoclinicSetting,
  type Net,
  orthogonalSetting,
  shortNet,
} from './settings.js';

export { type BravaisType, bravaisTypes } from './settings.js';

/** A Bravais lattice that fits. */
export interface BravaisCandidate {
  readonly type: BravaisType;
  /**
   * Conventional cell, right-handed and undistorted, in the orientation of the input cell: b is the unique axis of a
   * monoclinic cell, c that of a tetragonal or hexagonal one; hR is obverse in hexagonal axes.
   */
  readonly cell: Cell;
  /** Lengths (angstrom) and angles (degrees) of the conventional cell, constrained by the symmetry. */
  readonly parameters: readonly [number, number, number, number, number, number];
  /** Largest relative change of a length, or change of an angle in radians, that the symmetry requires. */
  readonly distortion: number;
}

type Parameters = [number, number, number, number, number, number];
const mean = (...x: number[]): number => x.reduce((sum, v) => sum + v, 0) / x.length;

/** For each crystal system, the parameters it allows that are nearest to the given ones. */
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
 * Returns the Bravais lattices that fit a primitive cell within `tolerance` (largest relative change of a length, or
 * change of an angle in radians; 0 … 0.2, default 0.02). Each lattice appears once, in its conventional cell, highest
 * symmetry first; aP always fits and comes last.
 *
 * Settings: International Tables A, 3.1 (aP: Niggli-reduced; mP and mC: β ≥ 90° and as close to 90° as possible, mP
 * with a ≤ c; oP, oI, oF: a ≤ b ≤ c; oC: a ≤ b; hR: obverse).
 */
export function bravaisCandidates(given: Cell, tolerance = 0.02): BravaisCandidate[] {
  expectsCell('bravaisCandidates: the cell', given);
  const reduced = reducedCell(given, [Math.min(tolerance / 10, 1e-3), 1e-5, 1e-9]).cell;
  const size = Math.abs(volume(reduced));
  const best = new Map<BravaisType, BravaisCandidate>();
  const offer = (type: BravaisType, cell: Cell): void => {
    const measured = [...lengthsOf(cell), ...anglesOf(cell)] as Parameters;
    const ideal = (symmetrise[type[0] ?? 'a'] as (p: Parameters) => Parameters)(measured);
    const distortion = distortionOf(measured, ideal);
    if (distortion > tolerance) return;
    const old = best.get(type);
    // If two axes fit equally well, the convention takes the one with the smaller cell.
    const tie = old && Math.abs(distortion - old.distortion) < 1e-3 * tolerance + 1e-9;
    if (old && (tie ? !plainer(cell, old.cell) : distortion > old.distortion)) return;
    best.set(type, { type, cell, parameters: ideal, distortion });
  };
  offer('aP', reduced);
  for (const { axis, net } of axes(reduced, tolerance)) {
    const order = Math.round(Math.abs(dot(axis, cross(net[0], net[1]))) / size);
    if (order === 1 || order === 2) {
      const set = monoclinicSetting(axis, net, reduced);
      if (set) offer(set.centred ? 'mC' : 'mP', set.cell);
    }
    for (const { type, cell } of orthogonalSetting(axis, net, reduced, tolerance)) offer(type, cell);
    const hexagonal = hexagonalSetting(axis, net, reduced, tolerance);
    if (hexagonal) offer(hexagonal.type, hexagonal.cell);
  }
  return [...best.values()].sort((x, y) => bravaisTypes.indexOf(y.type) - bravaisTypes.indexOf(x.type));
}

/** Lattice vectors that have a perpendicular net of lattice vectors, each with its net. */
function axes(reduced: Cell, tolerance: number): { axis: Vector; net: Net }[] {
  const vectors = latticeVectors(reduced, 2);
  const found: { axis: Vector; net: Net }[] = [];
  // Axes of conventional cells have coefficients up to 3 over the reduced cell (International Tables A, table 3.1.3.1).
  for (const axis of latticeVectors(reduced, 3)) {
    const across = vectors.filter((v) => Math.abs(dot(v, axis)) < (1.5 * tolerance + 1e-6) * norm(v) * norm(axis));
    const net = shortNet(across);
    if (net) found.push({ axis, net });
  }
  return found;
}

const divisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : divisor(b, a % b));

/** Primitive lattice vectors with coefficients up to `most`, one of each pair ±v. */
function latticeVectors(cell: Cell, most: number): Vector[] {
  const out: Vector[] = [];
  for (let h = 0; h <= most; h++) {
    for (let k = -most; k <= most; k++) {
      for (let l = -most; l <= most; l++) {
        if (h === 0 && (k < 0 || (k === 0 && l <= 0))) continue;
        if (divisor(divisor(h, k), l) === 1) out.push(combine([h, k, l, 0, 0, 0, 0, 0, 0], cell)[0]);
      }
    }
  }
  return out;
}

/** Whether a cell has shorter edges or, if the edges are equal, is closer to rectangular. */
function plainer(cell: Cell, than: Cell): boolean {
  const skew = (c: Cell): number => anglesOf(c).reduce((sum, angle) => sum + Math.abs(angle - 90), 0);
  const edges = (c: Cell): number => lengthsOf(c).reduce((sum, length) => sum + length, 0);
  const [s, t] = [edges(cell), edges(than)];
  if (Math.abs(s - t) > 1e-4 * s) return s < t;
  return skew(cell) < skew(than) - 1e-3;
}
