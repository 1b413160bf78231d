/**
 * Predicts a crystal's reflections: nodes of its reciprocal lattice near the Ewald sphere, and the positions where
 * their rays hit the detector.
 *
 * A node with excitation error s (its distance from the sphere along the ray's length, |k₀ + g| − 1/λ) is excited if
 * |s| is at most a given reach; two sigmas of bandwidth extend it by |g|²λ · Δλ/λ.
 */

import { type Cell, cross, dot, type Vector } from '../../crystal/cell.js';
import { type Centring, isAbsent } from '../../crystal/centring.js';
import { largestInverseD } from '../../crystal/geometry/edge.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { PanelPlaces } from '../../crystal/geometry/panel-places.js';
import { EwaldError } from '../../util/errors.js';
import { column, predictedOf, type Reflection, ReflectionRows } from './reflection-table.js';

export type { Reflection } from './reflection-table.js';

/** The criteria for excited nodes. */
export interface Excitation {
  /** Standard deviation of the Gaussian of excitation errors at which nodes are visible, 1/Å. */
  readonly profileRadius: number;
  /** Largest excitation error at a single wavelength, 1/Å. */
  readonly reach: number;
  /** Relative bandwidth, one sigma. */
  readonly bandwidth: number;
  /** Largest 1/d in 1/Å; Infinity means that of the detector's outermost point. */
  readonly maxInverseD: number;
}

/** Excitation error of a reciprocal vector, given by its components and 1/λ, 1/Å. */
// A square root of squares is rounded identically by all engines, unlike Math.hypot.
export const excitationAt = (x: number, y: number, z: number, k0: number): number =>
  Math.sqrt(x * x + y * y + (z + k0) * (z + k0)) - k0;

/**
 * Most nodes that are visited: ten times those of a cell of 1000 Å at 2 Å. A number in a wrong unit asks for this many
 * that the loop over them would not end.
 */
const maxNodes = 2 ** 25;

/**
 * The reflections of a lattice that hit a detector, by h, k, l; `reciprocal` rows a*, b*, c* in 1/Å. Nodes beyond the
 * outermost point of the detector are not visited, so the cost without a limit depends only on the size of the
 * detector.
 *
 * Throws `Limit` if there are absurdly many nodes.
 */
export function predict(
  reciprocal: Cell,
  centring: Centring,
  geometry: Geometry,
  beam: Beam,
  excitation: Excitation,
): Reflection[] {
  const rows = new ReflectionRows();
  predictRows(rows, reciprocal, centring, geometry, beam, excitation);
  return predictedOf(rows);
}

/** Like `predict`; appends rows instead of making objects. */
export function predictRows(
  rows: ReflectionRows,
  reciprocal: Cell,
  centring: Centring,
  geometry: Geometry,
  beam: Beam,
  { profileRadius, reach, bandwidth, maxInverseD: limit }: Excitation,
): void {
  // The 1/d of a ray and that of its node differ by less than the thickness of the shell.
  const { edge, places } = viewOf(geometry, beam);
  const widest = reach + edge ** 2 * beam.wavelengthA * bandwidth;
  const maxInverseD = Math.min(limit, edge + 2 * widest);
  if (!(maxInverseD > 0)) return;
  const k0 = 1 / beam.wavelengthA;
  const cs = reciprocal[2];
  // |h| is at most |a| times the largest 1/d, because the rows of the inverse are a, b, c.
  const [a, b, c, volume] = inverseLengths(reciprocal);
  const lastH = Math.floor(a * maxInverseD);
  const lastK = Math.floor(b * maxInverseD);
  // Largest widening of the shell by the bandwidth.
  const thickest = reach + 0.5 * maxInverseD ** 2 * beam.wavelengthA * 2 * bandwidth;
  const shell = new Float64Array(shellLength);
  shell.set(reciprocal.flat());
  shell[inShell.k0] = k0;
  shell[inShell.step] = dot(cs, cs);
  shell[inShell.outerRadius] = k0 + thickest;
  shell[inShell.innerRadius] = k0 - thickest;
  shell[inShell.lastL] = Math.floor(c * maxInverseD);
  shell[inShell.maxInverseD] = maxInverseD;
  shell[inShell.wavelengthA] = beam.wavelengthA;
  shell[inShell.bandwidth] = bandwidth;
  shell[inShell.reach] = reach;
  shell[inShell.profileRadius] = profileRadius;
  // The pairs h, k of the loops, and the nodes in the shell: an Ewald sphere has the area πq² up to q.
  const inside = Math.min(2 * Math.PI * maxInverseD ** 2 * thickest, (4 / 3) * Math.PI * maxInverseD ** 3);
  const nodes = (2 * lastH + 1) * (2 * lastK + 1) + inside * volume;
  if (!(nodes <= maxNodes))
    throw new EwaldError(
      'Limit',
      `the reflections of the cell of ${[a, b, c].map((length) => length.toPrecision(4)).join(', ')} Å reach to ` +
        `${(1 / maxInverseD).toPrecision(3)} Å within ${thickest.toPrecision(3)} 1/Å of the Ewald sphere, which are ` +
        `${nodes.toPrecision(2)} nodes; expected at most ${maxNodes}: is the wavelength of ${beam.wavelengthA} Å, ` +
        `the bandwidth of ${bandwidth} or the profile radius of ${(profileRadius * 1e10).toPrecision(3)} 1/m in ` +
        'another unit? highres limits the resolution',
    );
  const lattice = { rows, shell, places, centring };
  for (let h = -lastH; h <= lastH; h++) addPlane(lattice, h, lastK);
}

/** A detector as it is seen from the sample. */
interface View {
  readonly geometry: Geometry;
  /** Largest 1/d on its panels, 1/Å. */
  readonly edge: number;
  readonly places: PanelPlaces;
}

/** The views of each beam: all frames of a run share one beam, unless their headers have one for each frame. */
const views = new WeakMap<Beam, View>();

function viewOf(geometry: Geometry, beam: Beam): View {
  let view = views.get(beam);
  if (view?.geometry !== geometry) {
    view = { geometry, edge: largestInverseD(geometry, beam), places: new PanelPlaces(geometry, beam) };
    views.set(beam, view);
  }
  return view;
}

/**
 * The numbers by which `addPlane` and `addNodes` predict, after the nine of the reciprocal cell. They are not members
 * of an object, whose class would depend on which of them happen to be integers, and the compiled code on the class.
 */
const inShell = {
  k0: 9,
  step: 10,
  outerRadius: 11,
  innerRadius: 12,
  lastL: 13,
  maxInverseD: 14,
  wavelengthA: 15,
  bandwidth: 16,
  reach: 17,
  profileRadius: 18,
} as const;
const shellLength = 19;

/** A lattice whose nodes are predicted, and the rows to which they are added. */
interface LatticeInShell {
  readonly rows: ReflectionRows;
  /** See `inShell`. */
  readonly shell: Float64Array;
  readonly places: PanelPlaces;
  readonly centring: Centring;
}

/** Adds the reflections h, k, l of an h, whose |k| is at most `lastK`; a lattice has about ten thousand pairs h, k. */
function addPlane(lattice: LatticeInShell, h: number, lastK: number): void {
  const { shell } = lattice;
  const asX = shell[0] as number;
  const asY = shell[1] as number;
  const asZ = shell[2] as number;
  const bsX = shell[3] as number;
  const bsY = shell[4] as number;
  const bsZ = shell[5] as number;
  const csX = shell[6] as number;
  const csY = shell[7] as number;
  const csZ = shell[8] as number;
  const k0 = shell[inShell.k0] as number;
  const step = shell[inShell.step] as number;
  const outerRadius = shell[inShell.outerRadius] as number;
  const innerRadius = shell[inShell.innerRadius] as number;
  const lastL = shell[inShell.lastL] as number;
  for (let k = -lastK; k <= lastK; k++) {
    const x = h * asX + k * bsX;
    const y = h * asY + k * bsY;
    const z = h * asZ + k * bsZ;
    // The line x + l c* is within the shell of radii k0 ± thickness around −k0 in one or two ranges.
    const along = x * csX + y * csY + (z + k0) * csZ;
    const square = x * x + y * y + (z + k0) * (z + k0);
    const outer = along * along - step * (square - outerRadius * outerRadius);
    if (outer < 0) continue;
    const inner = along * along - step * (square - innerRadius * innerRadius);
    const outerRoot = Math.sqrt(outer);
    const first = Math.max(-lastL, Math.ceil((-along - outerRoot) / step));
    const last = Math.min(lastL, Math.floor((-along + outerRoot) / step));
    if (inner < 0) {
      if (first <= last) addNodes(lattice, h, k, first, last);
      continue;
    }
    const innerRoot = Math.sqrt(inner);
    const before = Math.min(lastL, Math.floor((-along - innerRoot) / step));
    const after = Math.max(-lastL, Math.ceil((-along + innerRoot) / step));
    if (first <= before) addNodes(lattice, h, k, first, before);
    if (after <= last) addNodes(lattice, h, k, after, last);
  }
}

/** Adds the reflections h, k, l of l from `from` to `to`. */
function addNodes(
  { rows, shell, places, centring }: LatticeInShell,
  h: number,
  k: number,
  from: number,
  to: number,
): void {
  for (let l = from; l <= to; l++) {
    if ((h === 0 && k === 0 && l === 0) || isAbsent(centring, h, k, l)) continue;
    const gx = h * (shell[0] as number) + k * (shell[3] as number) + l * (shell[6] as number);
    const gy = h * (shell[1] as number) + k * (shell[4] as number) + l * (shell[7] as number);
    const gz = h * (shell[2] as number) + k * (shell[5] as number) + l * (shell[8] as number);
    const k0 = shell[inShell.k0] as number;
    const inverseD = Math.sqrt(gx * gx + gy * gy + gz * gz);
    if (inverseD > (shell[inShell.maxInverseD] as number)) continue;
    const excitation = excitationAt(gx, gy, gz, k0);
    const blur = 0.5 * inverseD ** 2 * (shell[inShell.wavelengthA] as number) * (shell[inShell.bandwidth] as number);
    if (Math.abs(excitation) > (shell[inShell.reach] as number) + 2 * blur) continue;
    const panel = places.find(gx, gy, gz + k0);
    if (panel < 0) continue;
    const at = rows.add();
    const { values } = rows;
    const profileRadius = shell[inShell.profileRadius] as number;
    values[at + column.h] = h;
    values[at + column.k] = k;
    values[at + column.l] = l;
    values[at + column.panel] = panel;
    values[at + column.fs] = places.fs;
    values[at + column.ss] = places.ss;
    values[at + column.excitation] = excitation;
    values[at + column.inverseD] = inverseD;
    values[at + column.partiality] = Math.exp(
      (-excitation * excitation) / (2 * (profileRadius * profileRadius + blur * blur)),
    );
  }
}

const vectorLength = ([x, y, z]: Vector): number => Math.hypot(x, y, z);

/** Lengths of the axes of a cell, Å, and its volume. */
function inverseLengths(reciprocal: Cell): [number, number, number, number] {
  const [a, b, c] = reciprocal;
  const volume = Math.abs(dot(a, cross(b, c)));
  const length = (vector: Vector, other: Vector): number => vectorLength(cross(vector, other)) / volume;
  return [length(b, c), length(c, a), length(a, b), 1 / volume];
}
