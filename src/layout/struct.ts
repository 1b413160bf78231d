/** Reads and writes the shared structures as bytes, from the same description that C++ and WGSL are generated from. */
import { EwaldError } from '../errors.js';
import type { Struct } from './layout.js';

/** Bytes of one structure; a multiple of 16. */
export function sizeOf(struct: Struct): number {
  return struct.fields.reduce((words, { count }) => words + (count ?? 1), 0) * 4;
}

/** Place of a field inside its structure, in 32-bit words. */
export function wordOf(struct: Struct, name: string): number {
  let word = 0;
  for (const field of struct.fields) {
    if (field.name === name) return word;
    word += field.count ?? 1;
  }
  throw new EwaldError('Internal', `the structure ${struct.name} has no field ${name}`);
}

/** One structure as little-endian bytes; fields that `values` leaves out are zero. */
export function pack(struct: Struct, values: Readonly<Record<string, number | readonly number[]>>): Uint8Array {
  const bytes = new Uint8Array(sizeOf(struct));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { name, type, count = 1 } of struct.fields) {
    const given = values[name] ?? 0;
    for (let i = 0; i < count; i++, at += 4) {
      const value = typeof given === 'number' ? given : (given[i] ?? 0);
      if (type === 'f32') view.setFloat32(at, value, true);
      else if (type === 'u32') view.setUint32(at, value, true);
      else view.setInt32(at, value, true);
    }
  }
  return bytes;
}
