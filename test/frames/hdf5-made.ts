/** HDF5 files assembled field by field, with structures that no library writes. */
import { lookup3 } from '../../src/hdf5/fields.js';

const absent = 2 ** 64;

/** Little-endian fields, one after the other. */
class Bytes {
  readonly list: number[] = [];
  uint(bytes: number, ...values: number[]): this {
    for (const value of values) {
      const whole = value === absent ? 2n ** 64n - 1n : BigInt(value);
      for (let i = 0n; i < bytes; i++) this.list.push(Number((whole >> (8n * i)) & 255n));
    }
    return this;
  }
  text(...names: string[]): this {
    for (const name of names) this.list.push(...new TextEncoder().encode(name));
    return this;
  }
  pad(unit: number): this {
    while (this.list.length % unit !== 0) this.list.push(0);
    return this;
  }
  checksum(): this {
    return this.uint(4, lookup3(Uint8Array.from(this.list)));
  }
}
export const fields = (): Bytes => new Bytes();

/** A message of an object header: its type and its data. */
export type MadeMessage = readonly [type: number, data: readonly number[]];

/**
 * The content of the file: structures are placed one after the other, and refer to structures that are already placed.
 */
export class MadeFile {
  readonly bytes: number[] = new Array(48).fill(0);

  place(data: readonly number[]): number {
    while (this.bytes.length % 8 !== 0) this.bytes.push(0);
    const at = this.bytes.length;
    for (const byte of data) this.bytes.push(byte);
    return at;
  }

  /** An object header of version 1, which has no checksum. */
  object(messages: readonly MadeMessage[], at?: number): number {
    const body = fields();
    for (const [type, data] of messages) {
      const padded = fields();
      padded.list.push(...data);
      padded.pad(8);
      body.uint(2, type, padded.list.length).uint(4, 0);
      body.list.push(...padded.list);
    }
    const header = fields().uint(1, 1, 0).uint(2, messages.length).uint(4, 1, body.list.length, 0);
    header.list.push(...body.list);
    if (at === undefined) return this.place(header.list);
    for (const [i, byte] of header.list.entries()) this.bytes[at + i] = byte;
    return at;
  }

  group(links: Readonly<Record<string, number | string | MadeExternal>>): number {
    return this.object(Object.entries(links).map(([name, to]) => [6, link(name, to)]));
  }

  /** One object of a global heap, number 1. */
  heap(data: readonly number[]): number {
    const object = fields().uint(2, 1, 1).uint(4, 0).uint(8, data.length);
    object.list.push(...data);
    object.pad(8);
    const size = 16 + object.list.length + 16;
    const heap = fields().text('GCOL').uint(1, 1, 0, 0, 0).uint(8, size);
    heap.list.push(...object.list);
    heap.uint(2, 0, 0).uint(4, 0).uint(8, 16);
    return this.place(heap.list);
  }

  /** The whole file, with a superblock that names its root. */
  finish(root: number): Uint8Array {
    const superblock = fields()
      .uint(1, 0x89)
      .text('HDF\r\n')
      .uint(1, 0x1a, 0x0a, 2, 8, 8, 0)
      .uint(8, 0, absent, this.bytes.length, root)
      .checksum();
    for (const [i, byte] of superblock.list.entries()) this.bytes[i] = byte;
    return Uint8Array.from(this.bytes);
  }
}

/** A link to an object of another file. */
export interface MadeExternal {
  readonly file: string;
  readonly path: string;
}

/** A hard link to an address, a soft link to a path, or a link to another file. */
const link = (name: string, to: number | string | MadeExternal): number[] => {
  if (typeof to === 'object') {
    const value = fields().uint(1, 0).text(to.file, '\0', to.path, '\0').list;
    const head = fields().uint(1, 1, 8, 64).uint(1, name.length).text(name).uint(2, value.length).list;
    return [...head, ...value];
  }
  const head = typeof to === 'string' ? fields().uint(1, 1, 8, 1) : fields().uint(1, 1, 0);
  head.uint(1, name.length).text(name);
  return typeof to === 'string' ? head.uint(2, to.length).text(to).list : head.uint(8, to).list;
};

export const space = (shape: readonly number[], most: readonly number[] = shape): MadeMessage => [
  1,
  fields()
    .uint(1, 2, shape.length, 1, 1)
    .uint(8, ...shape, ...most.map((n) => (n === Infinity ? absent : n))).list,
];
export const u8: MadeMessage = [3, fields().uint(1, 0x10, 0, 0, 0).uint(4, 1).uint(2, 0, 8).list];
/** Chunks indexed by a B-tree of version 1; without an address nothing was written. */
export const chunks = (chunk: readonly number[], tree = absent): MadeMessage => [
  8,
  fields()
    .uint(1, 3, 2, chunk.length + 1)
    .uint(8, tree)
    .uint(4, ...chunk, 1).list,
];

/** One axis of a selection: start, stride, count, block. */
export type MadeAxis = readonly [number, number, number, number];
/** A part of a virtual dataset; `all` selects a whole array. */
export interface MadePart {
  readonly file: string;
  readonly path: string;
  readonly source: 'all' | readonly MadeAxis[];
  readonly target: 'all' | readonly MadeAxis[];
}
const selection = (axes: MadePart['source']): number[] =>
  axes === 'all'
    ? fields().uint(4, 3, 1, 0, 0).list
    : fields()
        .uint(4, 2, 2)
        .uint(1, 1)
        .uint(4, 0, axes.length)
        .uint(8, ...axes.flat().map((n) => (n === Infinity ? absent : n))).list;

/** The layout of a virtual dataset composed of parts. */
export function virtual(file: MadeFile, parts: readonly MadePart[]): MadeMessage {
  const list = fields().uint(1, 0).uint(8, parts.length);
  for (const part of parts) {
    list.text(part.file, '\0', part.path, '\0');
    list.list.push(...selection(part.source), ...selection(part.target));
  }
  return [8, fields().uint(1, 4, 3).uint(8, file.heap(list.checksum().list)).uint(4, 1).list];
}
