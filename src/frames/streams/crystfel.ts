/**
 * Frames as CrystFEL receives them by ZeroMQ, from OM and others: a MessagePack map, or an array of which the first map
 * is used, with the frame as a numpy array (type, shape, data) and additional numbers. Source: CrystFEL's manual,
 * "Real-time data processing".
 */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import type { FieldValues } from '../dataset.js';
import { fieldOfValue } from '../field-value.js';
import type { LiveFrame } from './frame.js';
import { decodeMsgpack } from './msgpack.js';
import type { LivePeaks } from './stream-findings.js';

/** Keys of a message, according to the geometry. */
export interface LiveKeys {
  /** Key of the frame; undefined for the only two-dimensional array. */
  readonly data: string | undefined;
  readonly peakList: string | undefined;
  /** Numbers that the geometry refers to. */
  readonly values: readonly string[];
  /** Fields that a run copies into its stream. */
  readonly fields: readonly string[];
}

const types: Readonly<Record<string, readonly [DataType, new (buffer: ArrayBuffer) => FrameArray]>> = {
  '|u1': ['u8', Uint8Array],
  '|i1': ['i8', Int8Array],
  '<u2': ['u16', Uint16Array],
  '<i2': ['i16', Int16Array],
  '<u4': ['u32', Uint32Array],
  '<i4': ['i32', Int32Array],
  '<f4': ['f32', Float32Array],
  '<f8': ['f64', Float64Array],
};

/** The frame of a message. Throws `Format`. */
export function frameOfMsgpack(bytes: Uint8Array, keys: LiveKeys, name: string): LiveFrame {
  let message = decodeMsgpack(bytes);
  if (Array.isArray(message)) message = message[0];
  if (!(message instanceof Map))
    throw new EwaldError('Format', `${name}: the message is not a map; expected the map of a frame`);
  const map = message as ReadonlyMap<string, unknown>;
  const named = keys.data === undefined ? theOnlyArray(map, name) : at(map, keys.data);
  const array = numpyArray(named);
  if (!array)
    throw new EwaldError(
      'Format',
      `${name}: ${keys.data ?? 'a frame'} is not in the message, which ` +
        `contains ${[...map.keys()].join(', ') || 'nothing'}; ` +
        'set data in the geometry to the key of the frame',
    );
  const { shape, type, data } = array;
  const [height = 0, width = 0] = shape;
  const known = types[type];
  if (!known)
    throw new EwaldError(
      'Format',
      `${name}: numbers are of type "${type}"; expected one of ${Object.keys(types).join(', ')}`,
    );
  const [dtype, Numbers] = known;
  // Copied, because the view may be unaligned and keeps the rest of the message alive.
  const numbers =
    data.byteLength === height * width * Number(type.slice(2)) ? new Numbers(data.slice().buffer) : undefined;
  if (shape.length !== 2 || !numbers)
    throw new EwaldError(
      'Format',
      `${name}: the frame is [${shape}] ${type} in ${data.byteLength} bytes; ` +
        'expected rows and columns, and all their bytes',
    );
  const values: Record<string, number> = Object.create(null);
  for (const path of keys.values) {
    const value = singleNumber(at(map, path));
    if (value !== undefined) values[path] = value;
  }
  return {
    numbers,
    dtype,
    shape: [height, width],
    values,
    fields: fieldsOfMessage(map, keys.fields),
    peaks: keys.peakList === undefined ? undefined : peaksOf(at(map, keys.peakList)),
    meta: {},
    mask: undefined,
  };
}

/** The value at a path of keys. */
function at(map: ReadonlyMap<string, unknown>, path: string): unknown {
  if (map.has(path)) return map.get(path);
  let value: unknown = map;
  for (const key of path.split('/').filter((part) => part !== ''))
    value = value instanceof Map ? value.get(key) : undefined;
  return value;
}

/** The requested fields of a message: numbers, texts, truth values, and numpy arrays of one number. */
export function fieldsOfMessage(
  map: ReadonlyMap<string, unknown>,
  names: readonly string[],
): Readonly<Record<string, FieldValues>> {
  const found = names.map((name) => {
    const value = at(map, name);
    return [name, fieldOfValue(typeof value === 'object' ? singleNumber(value) : value)] as const;
  });
  return Object.fromEntries(found.flatMap(([name, field]) => (field ? [[name, field]] : [])));
}

interface NumpyArray {
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

function numpyArray(value: unknown): NumpyArray | undefined {
  if (!(value instanceof Map)) return undefined;
  const [type, shape, data] = ['type', 'shape', 'data'].map((key) => value.get(key));
  const name = type instanceof Uint8Array ? new TextDecoder().decode(type) : type;
  const whole = typeof name === 'string' && data instanceof Uint8Array && Array.isArray(shape);
  if (!whole || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return undefined;
  return { type: name, shape, data };
}

function theOnlyArray(map: ReadonlyMap<string, unknown>, name: string): unknown {
  const frames = [...map].filter(([, value]) => numpyArray(value)?.shape.length === 2);
  if (frames.length > 1)
    throw new EwaldError(
      'Format',
      `${name}: ${frames.map(([key]) => key).join(' and ')} may be the frame; set data in the geometry to its key`,
    );
  return frames[0]?.[1];
}

function singleNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (Array.isArray(value) && value.length === 1) return singleNumber(value[0]);
  const array = numpyArray(value);
  const [, Numbers] = (array && types[array.type]) ?? [];
  return array && Numbers && array.data.byteLength === Number(array.type.slice(2))
    ? Number(new Numbers(array.data.slice().buffer)[0])
    : undefined;
}

function peaksOf(value: unknown): LivePeaks | undefined {
  if (!(value instanceof Map)) return undefined;
  const column = (key: string): number[] | undefined => {
    const list = value.get(key);
    return Array.isArray(list) && list.every((x) => typeof x === 'number') ? list : undefined;
  };
  const [fs, ss, intensity] = [column('fs'), column('ss'), column('intensity')];
  if (!fs || !ss || fs.length !== ss.length || (intensity && intensity.length !== fs.length))
    throw new EwaldError('Format', 'the peaks of a message require fs, ss and intensity, arrays of equal length');
  return { fs, ss, intensity: intensity ?? fs.map(() => 0) };
}
