/** The meaning of an array's axes, by the conventions of hspy, EMD, fpd and NeXus. */

import { attributeText } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { Hdf5Group } from '../../hdf5/file.js';
import type { Hdf5Value } from '../../hdf5/values.js';
import { isEwaldError } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { namedAxis, unitOf } from '../axis-words.js';
import type { Axis } from '../dataset.js';

/** Longer axes are described by their first and last value: a dimension of a hostile file may claim any length. */
const maxAxisBytes = 2 ** 22;

const attributeNumber = (value: Hdf5Value | undefined): number | undefined => {
  const first = ArrayBuffer.isView(value) || Array.isArray(value) ? (value as ArrayLike<unknown> & object)[0] : value;
  const number = typeof first === 'number' || typeof first === 'bigint' ? Number(first) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
};

/** Offset and scale of evenly spaced values: all of them, or only the first two (py4DSTEM). */
function even(values: ArrayLike<number | bigint>, size: number): Partial<Axis> | undefined {
  if (values.length !== size && values.length !== 2) return undefined;
  const at = (i: number): number => Number(values[i]);
  const offset = at(0);
  if (values.length < 2) return Number.isFinite(offset) ? { offset } : undefined;
  // The mean step over all values has the smallest rounding error.
  const scale = (at(values.length - 1) - offset) / (values.length - 1);
  if (!Number.isFinite(scale) || !Number.isFinite(offset)) return undefined;
  const slack = 1e-3 * Math.abs(scale) + 1e-6 * Math.abs(offset);
  for (let i = 0; i < values.length; i++) if (Math.abs(offset + i * scale - at(i)) > slack) return undefined;
  return { offset, scale };
}

/** The axis described by an array of its values. */
async function fromValues(axis: Hdf5Dataset, size: number, fallback?: string): Promise<Axis> {
  const name = (await attributeText(axis, 'name')) ?? (await attributeText(axis, 'long_name')) ?? fallback;
  const unit = unitOf((await attributeText(axis, 'units')) ?? undefined);
  if (!axis.numbers || axis.shape.length !== 1 || (axis.shape[0] ?? 0) * axis.type.size > maxAxisBytes)
    return namedAxis(name, size, {}, unit);
  const values = (await axis.value()) as unknown as ArrayLike<number | bigint>;
  return namedAxis(name, size, even(values, size) ?? {}, unit);
}

/** The axes of a dataset, slowest first; undefined if none is described. */
export async function dimensionScales(
  data: Hdf5Dataset,
  shape: readonly number[],
): Promise<readonly Axis[] | undefined> {
  try {
    const parent = data.path.replace(/\/[^/]*$/, '') || '/';
    const group = await data.file.get(parent);
    if (!(group instanceof Hdf5Group)) return undefined;
    return (await hspyAxes(group, shape)) ?? (await emdAxes(group, shape)) ?? (await nexusAxes(group, shape));
  } catch (error) {
    // Damaged metadata must not prevent reading the frames.
    if (isEwaldError(error) && error.tag !== 'Aborted') return undefined;
    throw error;
  }
}

/** hspy: groups axis-0, axis-1, … with offset, scale and units. */
async function hspyAxes(group: Hdf5Group, shape: readonly number[]): Promise<Axis[] | undefined> {
  const axes: Axis[] = [];
  for (const [i, size] of shape.entries()) {
    const axis = await group.get(`axis-${i}`);
    if (!(axis instanceof Hdf5Group)) return undefined;
    const attributes = await axis.attributes();
    const text = (name: string): string | undefined => {
      const value = attributes.get(name);
      return typeof value === 'string' ? value : undefined;
    };
    const [offset, scale] = ['offset', 'scale'].map((name) => attributeNumber(attributes.get(name)));
    const steps = omitUndefined({ offset, scale });
    axes.push(namedAxis(text('name'), size, steps, unitOf(text('units'))));
  }
  return axes.length > 0 ? axes : undefined;
}

/** EMD and fpd: arrays dim1, dim2, … next to the data; EMD 1.0 (py4DSTEM) counts from 0. */
async function emdAxes(group: Hdf5Group, shape: readonly number[]): Promise<Axis[] | undefined> {
  const first = group.links.has('dim0') ? 0 : 1;
  const axes: Axis[] = [];
  for (const [i, size] of shape.entries()) {
    const axis = await group.get(`dim${first + i}`);
    if (!(axis instanceof Hdf5Dataset)) return undefined;
    axes.push(await fromValues(axis, size));
  }
  return axes.length > 0 ? axes : undefined;
}

/** NXdata: the attribute `axes` names an array for each axis; `.` for an axis without one. */
async function nexusAxes(group: Hdf5Group, shape: readonly number[]): Promise<Axis[] | undefined> {
  const said = (await group.attributes()).get('axes');
  const names = typeof said === 'string' ? said.replace(/^\[|\]$/g, '').split(/[:,]/) : said;
  if (!Array.isArray(names) || names.length !== shape.length) return undefined;
  const axes: Axis[] = [];
  for (const [i, size] of shape.entries()) {
    const name = String(names[i] ?? '.');
    const axis = name === '.' ? undefined : await group.get(name).catch(() => undefined);
    axes.push(axis instanceof Hdf5Dataset ? await fromValues(axis, size, name) : namedAxis('', size, {}, undefined));
  }
  return axes;
}
