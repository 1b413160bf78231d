/**
 * Chains of NXtransformations: each axis moves what depends on it, by a rotation or a translation and an offset, and
 * depends on the next one, up to the laboratory.
 */

import { attributeText, rangeOf } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import type { Hdf5File } from '../../hdf5/file.js';
import { EwaldError } from '../../util/errors.js';
import { type QuantityName, unitFactor } from '../../util/units.js';
import type { Note } from '../dataset.js';

export type Vector = readonly [number, number, number];

/** The longest chain that is followed. */
const maxAxes = 32;

/** What a chain does to a point: a rotation, row by row, and a shift in metres. */
export interface Placement {
  readonly rotation: readonly [Vector, Vector, Vector];
  readonly shiftM: Vector;
}

const inPlace: Placement = {
  rotation: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  shiftM: [0, 0, 0],
};

/** An axis of a chain. */
interface Axis {
  readonly path: string;
  readonly dependsOn: string | undefined;
  readonly placement: Placement;
  /** The translation by itself, and the offset, in metres. */
  readonly translationM: Vector;
  readonly offsetM: Vector;
  readonly remarks: readonly string[];
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const scaled = (v: Vector, factor: number): Vector => [v[0] * factor, v[1] * factor, v[2] * factor];
const added = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

/** A direction after the rotation of a placement. */
export const turned = ({ rotation: [x, y, z] }: Placement, v: Vector): Vector => [dot(x, v), dot(y, v), dot(z, v)];

/** A point after a placement. */
export const placed = (placement: Placement, point: Vector): Vector =>
  added(turned(placement, point), placement.shiftM);

function rotationAbout([x, y, z]: Vector, angle: number): Placement['rotation'] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const k = 1 - c;
  return [
    [c + x * x * k, x * y * k - z * s, x * z * k + y * s],
    [y * x * k + z * s, c + y * y * k, y * z * k - x * s],
    [z * x * k - y * s, z * y * k + x * s, c + z * z * k],
  ];
}

function wrong(file: Hdf5File, path: string, why: string): EwaldError {
  return new EwaldError('Format', `${file.source.name}: ${path} ${why}`, { detail: { path } });
}

function factorOf(file: Hdf5File, path: string, quantity: QuantityName, unit: string): number {
  const factor = unitFactor(quantity, unit);
  if (factor === undefined) throw wrong(file, path, `has the unit "${unit}", which is no ${quantity}`);
  return factor;
}

async function vectorAt(axis: Hdf5Dataset, name: string): Promise<Vector | undefined> {
  const value = (await axis.attributes()).get(name) as ArrayLike<number> | undefined;
  if (value === undefined || typeof value !== 'object' || value.length !== 3) return undefined;
  const vector: Vector = [Number(value[0]), Number(value[1]), Number(value[2])];
  return vector.every(Number.isFinite) ? vector : undefined;
}

/** The number of an axis, and all of them where there is one for each frame. */
async function numbersOf(file: Hdf5File, axis: Hdf5Dataset, path: string): Promise<[number, ...number[]]> {
  const stored = await axis.value();
  const all = typeof stored === 'object' ? Array.from(stored as ArrayLike<number | bigint>, Number) : [Number(stored)];
  const [value = Number.NaN] = all;
  if (!Number.isFinite(value)) throw wrong(file, path, `is ${value}; expected a number`);
  return [value, ...all.slice(1)];
}

/** What a user should know of an axis: that its values differ, or what was assumed of them. */
function remarksOn(
  path: string,
  values: readonly [number, ...number[]],
  { unit, stated, type }: { readonly unit: string; readonly stated: string | undefined; readonly type: string },
): string[] {
  const [value] = values;
  const remarks: string[] = [];
  if (values.some((one) => one !== value)) {
    const range = rangeOf(values, unit);
    remarks.push(`${path} differs from frame to frame, ${range}; the detector is placed as in the first frame`);
  }
  if (unit === '' && value !== 0) {
    const lacks = stated === undefined ? 'neither a transformation_type nor a unit' : 'no unit';
    const taken = type === 'rotation' ? 'a rotation in degrees' : 'a translation in metres';
    remarks.push(`${path} has ${lacks}; ${value} was taken as ${taken}`);
  }
  return remarks;
}

async function axisAt(file: Hdf5File, path: string): Promise<Axis> {
  const object = await file.get(path);
  if (!(object instanceof Hdf5Dataset))
    throw wrong(file, path, object ? 'is a group; expected an axis' : 'does not exist, but an axis depends on it');
  const values = await numbersOf(file, object, path);
  const [value] = values;
  const unit = (await attributeText(object, 'units')) ?? '';
  const stated = await attributeText(object, 'transformation_type');
  const type = stated ?? (unitFactor('angle', unit) === undefined ? 'translation' : 'rotation');
  if (type !== 'rotation' && type !== 'translation')
    throw wrong(file, path, `is a ${type}; expected a rotation or a translation`);
  const direction = await vectorAt(object, 'vector');
  const length = Math.hypot(...(direction ?? [0, 0, 0]));
  if (!direction || !(length > 0)) throw wrong(file, path, 'has no vector');
  const offset = (await vectorAt(object, 'offset')) ?? [0, 0, 0];
  const offsetUnit = (await attributeText(object, 'offset_units')) ?? (type === 'translation' ? unit : '');
  const isShifted = Math.hypot(...offset) > 0;
  const offsetM = scaled(offset, isShifted ? factorOf(file, path, 'length', offsetUnit === '' ? 'm' : offsetUnit) : 0);
  const unitVector = scaled(direction, 1 / length);
  const [factor, isTurn] =
    type === 'rotation'
      ? ([factorOf(file, path, 'angle', unit === '' ? 'deg' : unit), true] as const)
      : ([factorOf(file, path, 'length', unit === '' ? 'm' : unit), false] as const);
  const translationM = isTurn ? ([0, 0, 0] as const) : scaled(unitVector, value * factor);
  return {
    path,
    dependsOn: await attributeText(object, 'depends_on'),
    placement: {
      rotation: isTurn ? rotationAbout(unitVector, value * factor) : inPlace.rotation,
      shiftM: added(offsetM, translationM),
    },
    translationM,
    offsetM,
    remarks: remarksOn(path, values, { unit, stated, type }),
  };
}

/** The parts of a path without `.` and `..`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/**
 * The path that `depends_on` means: absolute, or relative to the group of the axis. Some writers state the name of an
 * axis that is in the transformations of the detector. Undefined at the end of the chain.
 */
export async function dependency(
  file: Hdf5File,
  group: string,
  stated: string | undefined,
  detector: string,
): Promise<string | undefined> {
  if (stated === undefined || stated === '' || stated === '.') return undefined;
  if (stated.startsWith('/')) return normal(stated);
  for (const from of [group, detector, `${detector}/transformations`]) {
    const path = normal(`${from}/${stated}`);
    if ((await file.get(path).catch(() => undefined)) instanceof Hdf5Dataset) return path;
  }
  return normal(`${group}/${stated}`);
}

const parent = (path: string): string => path.replace(/\/[^/]*$/, '') || '/';

/** A chain: what it does, and remarks on its axes. */
export interface Chain extends Placement {
  readonly remarks: readonly string[];
}

/** Says each remark once. */
export const notesOnAxes = (remarks: readonly string[]): Note[] =>
  [...new Set(remarks)].map((text) => ({ kind: 'warning', text }));

/** What the chain does that starts with an axis. Throws `Format` where it cannot be followed. */
export async function chainFrom(file: Hdf5File, start: string | undefined, detector: string): Promise<Chain> {
  let chain: Placement = inPlace;
  const remarks: string[] = [];
  const seen = new Set<string>();
  for (let path = start; path !== undefined; ) {
    if (seen.has(path) || seen.size >= maxAxes) throw wrong(file, path, 'depends on itself');
    seen.add(path);
    const axis = await axisAt(file, path);
    remarks.push(...axis.remarks);
    chain = after(chain, axis.placement);
    path = await dependency(file, parent(path), axis.dependsOn, detector);
  }
  return { ...chain, remarks };
}

/** One placement after another. */
function after(first: Placement, then: Placement): Placement {
  const [a, b, c] = first.rotation;
  const column = (i: 0 | 1 | 2): Vector => turned(then, [a[i], b[i], c[i]]);
  const [x, y, z] = [column(0), column(1), column(2)];
  return {
    rotation: [
      [x[0], y[0], z[0]],
      [x[1], y[1], z[1]],
      [x[2], y[2], z[2]],
    ],
    shiftM: placed(then, first.shiftM),
  };
}

/** The direction of pixels: the step from one to the next, in metres, and what it depends on. */
export async function pixelStep(
  file: Hdf5File,
  path: string,
  detector: string,
): Promise<{
  readonly stepM: Vector;
  readonly offsetM: Vector;
  readonly dependsOn: string | undefined;
  readonly remarks: readonly string[];
}> {
  const axis = await axisAt(file, path);
  const dependsOn = await dependency(file, parent(path), axis.dependsOn, detector);
  return { stepM: axis.translationM, offsetM: axis.offsetM, dependsOn, remarks: axis.remarks };
}
