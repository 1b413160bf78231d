/**
 * Structures as data: the definition of a room's layout, and how TypeScript reads and writes the same bytes as C++,
 * CUDA and WGSL.
 *
 * One layout is valid everywhere because sizes are multiples of 16 bytes, padding is explicit, and everything that
 * crosses the C interface has members of type u32, i32 and f32 only. Vectors and nested structures are only for WebGPU,
 * and are placed as its alignment requires.
 */

import { EwaldError } from '../../util/errors.js';
import type { OwnBytes } from '../../util/globals.js';

/** The scalar types a shared structure may hold. */
export type Scalar = 'u32' | 'i32' | 'f32';
/** The additional types of a structure for WebGPU. */
export type FieldType = Scalar | 'vec3f' | 'vec4f' | Struct;

/** One member of a shared structure: name (camelCase), type and description, unit included. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
  /** An array of this many; absent for a single value. */
  readonly count?: number;
}

/** A shared structure: its fields in memory order. */
export interface Struct {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly Field[];
}

/** Defines a member of one word. */
export const u32 = (name: string, doc: string): Field => ({ name, type: 'u32', doc });
export const i32 = (name: string, doc: string): Field => ({ name, type: 'i32', doc });
export const f32 = (name: string, doc: string): Field => ({ name, type: 'f32', doc });

/** A value of a field: a number, several, or those of a structure by name. */
type FieldValue = number | boolean | FieldValues | readonly (number | FieldValue)[];
export type FieldValues = { readonly [name: string]: FieldValue };

/** Words per element of a field. */
export function wordsOf({ type }: Field): number {
  return typeof type === 'object' ? structBytes(type) / 4 : type === 'vec3f' ? 3 : type === 'vec4f' ? 4 : 1;
}

/** Size of a structure in bytes; a multiple of 16. */
export function structBytes(struct: Struct): number {
  return struct.fields.reduce((words, field) => words + (field.count ?? 1) * wordsOf(field), 0) * 4;
}

/** Offset of a field inside its structure, in 32-bit words. */
export function wordOf(struct: Struct, name: string): number {
  let word = 0;
  for (const field of struct.fields) {
    if (field.name === name) return word;
    word += (field.count ?? 1) * wordsOf(field);
  }
  throw new EwaldError('Internal', `the structure ${struct.name} has no field ${name}`);
}

/** The value of a field of one word, in the structure that begins at byte `start` of `bytes`. */
export function read(struct: Struct, bytes: Uint8Array, name: string, start = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = start + 4 * wordOf(struct, name);
  const type = struct.fields.find((field) => field.name === name)?.type;
  if (type === 'u32') return view.getUint32(at, true);
  return type === 'i32' ? view.getInt32(at, true) : view.getFloat32(at, true);
}

/** One structure as little-endian bytes; fields missing from `values` are zero. */
export function pack(struct: Struct, values: FieldValues): OwnBytes {
  const bytes = new Uint8Array(structBytes(struct));
  write(new DataView(bytes.buffer), 0, struct, values);
  return bytes;
}

/** Concatenated structures. */
export function packAll(struct: Struct, list: readonly FieldValues[]): OwnBytes {
  const size = structBytes(struct);
  const bytes = new Uint8Array(list.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, values] of list.entries()) write(view, i * size, struct, values);
  return bytes;
}

function write(view: DataView, start: number, struct: Struct, values: FieldValues): void {
  let at = start;
  for (const field of struct.fields) {
    const { name, type, count = 1 } = field;
    const fieldValue = values[name];
    const one = 4 * wordsOf(field);
    for (let i = 0; i < count; i++, at += one) {
      if (fieldValue === undefined) continue;
      const value = count > 1 && Array.isArray(fieldValue) ? fieldValue[i] : fieldValue;
      if (typeof type === 'object') write(view, at, type, (value ?? {}) as FieldValues);
      else if (Array.isArray(value))
        for (let k = 0; 4 * k < one; k++) put(view, at + 4 * k, 'f32', Number(value[k] ?? 0));
      else put(view, at, type === 'u32' || type === 'i32' ? type : 'f32', Number(value ?? 0));
    }
  }
}

function put(view: DataView, at: number, type: Scalar, value: number): void {
  if (type === 'f32') view.setFloat32(at, value, true);
  else if (type === 'u32') view.setUint32(at, value, true);
  else view.setInt32(at, value, true);
}
