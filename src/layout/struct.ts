/** Reads and writes the shared structures as bytes, from the same description that C++ and WGSL are generated from. */
import { EwaldError } from '../errors.js';
import type { Struct } from './layout.js';

/** Bytes of one structure; a multiple of 16. */
export function sizeOf(struct: Struct): number {
  return struct.fields.length * 4;
}

/** Place of a field inside its structure, in 32-bit words. */
export function wordOf(struct: Struct, name: string): number {
  const word = struct.fields.findIndex((field) => field.name === name);
  if (word < 0) throw new EwaldError('Internal', `the structure ${struct.name} has no field ${name}`);
  return word;
}

/** One structure as little-endian bytes; fields that `values` leaves out are zero. */
export function pack(struct: Struct, values: Readonly<Record<string, number>>): Uint8Array {
  const bytes = new Uint8Array(sizeOf(struct));
  const view = new DataView(bytes.buffer);
  struct.fields.forEach(({ name, type }, word) => {
    const value = values[name] ?? 0;
    if (type === 'f32') view.setFloat32(word * 4, value, true);
    else if (type === 'u32') view.setUint32(word * 4, value, true);
    else view.setInt32(word * 4, value, true);
  });
  return bytes;
}
