/**
 * The rigid parts of a detector: the whole, the groups that its geometry names, and its panels. A part moves relative
 * to the part that contains it.
 */

import { type Cell, cross, type Vector } from '../crystal/cell.js';
import type { Geometry, Panel } from '../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../crystal/geometry/pixels.js';

/** A rigid part of a detector. */
export interface Unit {
  /** Name of the group or of the panel; undefined for the whole detector. */
  readonly name: string | undefined;
  /** Index of the part that contains it; -1 for the whole. */
  readonly parent: number;
  /** Indices of its panels. */
  readonly panels: readonly number[];
  /** The point about which it rotates, in metres, without the distance and the shift of the beam. */
  readonly centre: Vector;
}

/** A rigid motion: a shift in metres, and a rotation vector in radians about the centre of the part. */
export interface Motion {
  readonly shift: Vector;
  readonly turn: Vector;
}

/** A panel in metres: its outer corner without the distance and the shift of the beam, and its steps per pixel. */
export interface PlacedPanel {
  readonly corner: Vector;
  readonly fs: Vector;
  readonly ss: Vector;
}

export function placed({ corner, fs, ss, resolution, offsetM }: Panel): PlacedPanel {
  const metres = (v: Vector): Vector => [v[0] / resolution, v[1] / resolution, v[2] / resolution];
  return { corner: [corner[0] / resolution, corner[1] / resolution, offsetM], fs: metres(fs), ss: metres(ss) };
}

function panelsCentre(panels: readonly Panel[]): Vector {
  let [x, y, z, area] = [0, 0, 0, 0];
  for (const panel of panels) {
    const [w, h] = [widthOf(panel), heightOf(panel)];
    const { corner, fs, ss } = placed(panel);
    const at = (i: 0 | 1 | 2): number => corner[i] + (w * fs[i] + h * ss[i]) / 2;
    [x, y, z, area] = [x + w * h * at(0), y + w * h * at(1), z + w * h * at(2), area + w * h];
  }
  return [x / area, y / area, z / area];
}

/** The panels of a group; groups within it are resolved. Unknown names, and circles, are ignored. */
function membersOf(
  panels: readonly Panel[],
  groups: Geometry['groups'],
  name: string,
  within: readonly string[] = [],
): Set<number> {
  const found = new Set<number>();
  for (const member of groups.get(name) ?? []) {
    const at = panels.findIndex((panel) => panel.name === member);
    if (at >= 0) found.add(at);
    else if (!within.includes(member) && member !== name)
      for (const one of membersOf(panels, groups, member, [...within, name])) found.add(one);
  }
  return found;
}

/** The parts of a detector, each after the one that contains it: the whole first, panels only if there are several. */
export function unitsOf(geometry: Geometry): Unit[] {
  const { panels, rigidGroups = new Map() } = geometry;
  // Collections choose among rigid groups, and are none.
  const rigid = [...rigidGroups].filter(([name]) => !name.startsWith('collection_'));
  const groups = geometry.groups.size > 0 ? geometry.groups : new Map(rigid);
  const sets: { readonly name: string; readonly members: Set<number> }[] = [];
  for (const name of groups.keys()) {
    const members = membersOf(panels, groups, name);
    if (members.size > 1 && members.size < panels.length) sets.push({ name, members });
  }
  sets.sort((a, b) => b.members.size - a.members.size);
  const nested: typeof sets = [];
  for (const set of sets) {
    // If groups overlap or are identical, the larger one is used.
    const fits = nested.every(({ members }) => {
      const shared = [...set.members].filter((member) => members.has(member)).length;
      return shared === 0 || (shared === set.members.size && shared < members.size);
    });
    if (fits) nested.push(set);
  }
  if (panels.length > 1) nested.push(...panels.map(({ name }, i) => ({ name, members: new Set([i]) })));
  const units: Unit[] = [
    { name: undefined, parent: -1, panels: panels.map((_, i) => i), centre: panelsCentre(panels) },
  ];
  for (const { name, members } of nested) {
    const own = [...members].sort((a, b) => a - b);
    // The last of the parts that contain it is the smallest one.
    const parent = units.findLastIndex((unit) => own.every((one) => unit.panels.includes(one)));
    units.push({ name, parent, panels: own, centre: panelsCentre(own.map((i) => panels[i] as Panel)) });
  }
  return units;
}

/** Rotates a vector by a rotation vector (Rodrigues). */
function rotatedVector(v: Vector, turn: Vector): Vector {
  const angle = Math.sqrt(turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2]);
  if (angle < 1e-12) return v;
  const axis: Vector = [turn[0] / angle, turn[1] / angle, turn[2] / angle];
  const across = cross(axis, v);
  const along = (axis[0] * v[0] + axis[1] * v[1] + axis[2] * v[2]) * (1 - Math.cos(angle));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  return [
    v[0] * cosine + across[0] * sine + axis[0] * along,
    v[1] * cosine + across[1] * sine + axis[1] * along,
    v[2] * cosine + across[2] * sine + axis[2] * along,
  ];
}

export const turnedRows = (rows: Cell, turn: Vector): Cell => [
  rotatedVector(rows[0], turn),
  rotatedVector(rows[1], turn),
  rotatedVector(rows[2], turn),
];

/**
 * A panel after the motions of the parts that contain it, the largest first: each rotates it about the centre of the
 * part, and shifts it. A part carries the ones within it, so that the smallest moves first.
 */
export function movedPanel(
  panel: PlacedPanel,
  motions: readonly { readonly centre: Vector; readonly motion: Motion }[],
): PlacedPanel {
  let { corner, fs, ss } = panel;
  for (const { centre, motion } of [...motions].reverse()) {
    const arm = rotatedVector([corner[0] - centre[0], corner[1] - centre[1], corner[2] - centre[2]], motion.turn);
    corner = [
      centre[0] + arm[0] + motion.shift[0],
      centre[1] + arm[1] + motion.shift[1],
      centre[2] + arm[2] + motion.shift[2],
    ];
    [fs, ss] = [rotatedVector(fs, motion.turn), rotatedVector(ss, motion.turn)];
  }
  return { corner, fs, ss };
}

const rounded = (x: number, step: number): number => {
  const value = Number((Math.round(x / step) * step).toPrecision(12));
  return value + 0;
};

/**
 * A geometry with its parts moved. The whole detector moves by its distance and shift, so that regions in laboratory
 * pixels stay where they are on it; if frames state the distance or the shift themselves, it is kept and the panels are
 * moved instead.
 *
 * Numbers are rounded to 0.1 µm, 10⁻⁴ pixels and 10⁻⁶ of a step: far below their errors, and above the differences of
 * backends.
 */
export function movedGeometry(geometry: Geometry, units: readonly Unit[], motions: readonly Motion[]): Geometry {
  const { distance, shift } = geometry;
  const [whole] = motions;
  if (!whole) return geometry;
  const rest: [number, number, number] = [0, 0, 0];
  const moved = (given: Geometry['shift'][0], by: number, axis: 0 | 1 | 2): Geometry['shift'][0] => {
    if (by === 0) return given;
    if ('value' in given) return { value: rounded(given.value + by, 1e-7) };
    rest[axis] = rounded(by, 1e-7);
    return given;
  };
  const movedDistance = distance && moved(distance, whole.shift[2], 2);
  const movedShift = [moved(shift[0], whole.shift[0], 0), moved(shift[1], whole.shift[1], 1)] as const;
  const panels = geometry.panels.map((panel, i): Panel => {
    const steps = units.flatMap((unit, u) => {
      const motion = motions[u];
      const still = !motion || [...motion.shift, ...motion.turn].every((x) => x === 0);
      return u > 0 && !still && unit.panels.includes(i) ? [{ centre: unit.centre, motion }] : [];
    });
    const { resolution } = panel;
    const pixel = (x: number): number => rounded(x * resolution, 1e-4);
    const [x, y, z] = rest;
    if (steps.length === 0) {
      if (x === 0 && y === 0 && z === 0) return panel;
      const { corner, offsetM } = panel;
      return {
        ...panel,
        corner: [corner[0] + pixel(x), corner[1] + pixel(y)],
        offsetM: rounded(offsetM + z, 1e-7),
      };
    }
    const { corner, fs, ss } = movedPanel(placed(panel), steps);
    const isTurned = steps.some(({ motion }) => motion.turn.some((one) => one !== 0));
    const step = (v: Vector): Vector => [
      rounded(v[0] * resolution, 1e-6),
      rounded(v[1] * resolution, 1e-6),
      rounded(v[2] * resolution, 1e-6),
    ];
    return {
      ...panel,
      corner: [pixel(corner[0] + x), pixel(corner[1] + y)],
      offsetM: rounded(corner[2] + z, 1e-7),
      ...(isTurned ? { fs: step(fs), ss: step(ss) } : {}),
    };
  });
  return { ...geometry, ...(movedDistance ? { distance: movedDistance } : {}), shift: movedShift, panels };
}
