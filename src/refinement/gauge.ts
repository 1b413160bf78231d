/**
 * Motions of the parts of a detector that peaks cannot distinguish: one that all parts of a unit share is one of the
 * unit, and a rotation of all of them about the beam is one of the crystals. The solver needs one choice, and the user
 * another: a solver takes the smallest motions (least squares), where one displaced panel displaces all the others a
 * little; in truth most of them have stayed, so that shared motions are the medians over the parts.
 */

import { cross, type Vector } from '../crystal/cell.js';
import { median } from '../util/median.js';

/** Number of parameters of a part: shifts along x, y, z in pixels and rotations about x, y, z in milliradians. */
export const perUnit = 6;
/** The unit of rotations and of the parameters of crystals. */
export const milli = 1e-3;

/** What the choice needs to know about a part. */
export interface GaugedPart {
  readonly parent: number;
  readonly centre: Vector;
  readonly pixelM: number;
  readonly pairs: number;
  /** Root mean square distance of the pairs from the centre, metres. */
  readonly spread: number;
  /** The parameters for which there are enough pairs. */
  readonly movable: readonly number[];
}

/** A motion of the parts of `parent` that is equivalent to a motion of it, or of all crystals. */
interface SharedMotion {
  readonly parent: number;
  /** The parameter of the parent: a shift along, or a rotation about x, y, z. */
  readonly axis: number;
  readonly members: readonly number[];
  /** The motion, normalised, with the rows of the active parameters. */
  readonly mode: readonly (readonly [row: number, x: number])[];
}

const unitVector = (axis: number): Vector => [axis % 3 === 0 ? 1 : 0, axis % 3 === 1 ? 1 : 0, axis % 3 === 2 ? 1 : 0];
const armOf = ({ centre: at }: GaugedPart, { centre }: GaugedPart): Vector => [
  at[0] - centre[0],
  at[1] - centre[1],
  at[2] - centre[2],
];

/** The parameters of a part that change if the unit that contains it moves along or about an axis. */
const affected = [[0], [1], [2], [2, 3], [2, 4], [0, 1, 5]] as const;

/**
 * The shared motions that active parameters allow. One part that could move and does not fixes the position of the
 * others; parts with few pairs, which never move, do not.
 */
export function sharedMotions(parts: readonly GaugedPart[], active: readonly number[]): SharedMotion[] {
  const shared: SharedMotion[] = [];
  const rows = new Map(active.map((p, i) => [p, i]));
  for (const [parent, whole] of parts.entries()) {
    const children = parts.flatMap((part, u) => (part.parent === parent ? [u] : []));
    for (const axis of [0, 1, 2, 3, 4, 5]) {
      // The crystals rotate about the beam instead of the whole detector, and a fixed distance is fixed for all panels.
      const isFixed = parent === 0 && (axis === 5 || axis === 2);
      if (!isFixed && !rows.has(perUnit * parent + axis)) continue;
      const concerned = affected[axis] as readonly number[];
      const members = children.filter((u) => parts[u]?.movable.includes(concerned[0] as number));
      const areFree = members.every((u) =>
        concerned.every((k) => !parts[u]?.movable.includes(k) || rows.has(perUnit * u + k)),
      );
      const pairs = members.reduce((sum, u) => sum + (parts[u] as GaugedPart).pairs, 0);
      if (!areFree || pairs < 0.9 * whole.pairs) continue;
      const mode: [number, number][] = [];
      for (const u of members) {
        const part = parts[u] as GaugedPart;
        const { pixelM: pixel } = part;
        const unit = unitVector(axis);
        const shift = axis < 3 ? unit : (cross(unit, armOf(part, whole)).map((x) => (x * milli) / pixel) as never);
        const weight = Math.sqrt(part.pairs);
        for (const k of [0, 1, 2] as const) {
          const row = rows.get(perUnit * u + k);
          if (row !== undefined && shift[k] !== 0) mode.push([row, weight * shift[k]]);
        }
        const turn = axis < 3 ? undefined : rows.get(perUnit * u + axis);
        if (turn !== undefined) mode.push([turn, (weight * milli * part.spread) / pixel]);
      }
      const length = Math.sqrt(mode.reduce((sum, [, x]) => sum + x * x, 0));
      if (length > 0) shared.push({ parent, axis, members, mode: mode.map(([row, x]) => [row, x / length] as const) });
    }
  }
  return shared;
}

/**
 * Equivalent values in which as many parts as possible stay where they are: of the shared motions the medians over the
 * parts of a unit, from the smallest units to the whole, rotations first because they shift parts.
 */
export function withMostStill(
  parts: readonly GaugedPart[],
  active: readonly number[],
  values: ArrayLike<number>,
): Float64Array {
  const found = Float64Array.from(values);
  const rows = new Map(active.map((p, i) => [p, i]));
  const add = (u: number, k: number, by: number): void => {
    const row = rows.get(perUnit * u + k);
    if (row !== undefined) found[row] = (found[row] as number) + by;
  };
  const shared = sharedMotions(parts, active).sort((a, b) => b.parent - a.parent || b.axis - a.axis);
  for (const { parent, axis, members } of shared) {
    const own = members.map((u) => rows.get(perUnit * u + axis));
    // Two parts have no majority of those that stay, but rotations of both by one angle are none of either. Parts that do
    // not rotate tell nothing about a rotation of all.
    if (members.length < (axis < 3 ? 3 : 2) || own.includes(undefined)) continue;
    const whole = parts[parent] as GaugedPart;
    const scaleOf = ({ pixelM }: GaugedPart): number => (axis < 3 ? pixelM : 1);
    const middle = median(members.map((u, i) => (found[own[i] as number] as number) * scaleOf(parts[u] as GaugedPart)));
    add(parent, axis, middle / scaleOf(whole));
    for (const u of members) {
      const part = parts[u] as GaugedPart;
      add(u, axis, -middle / scaleOf(part));
      if (axis < 3) continue;
      for (const [k, x] of cross(unitVector(axis), armOf(part, whole)).entries())
        add(u, k, (-middle * milli * x) / part.pixelM);
    }
  }
  return found;
}
