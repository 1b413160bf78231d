/**
 * The tag tree of DigitalMicrograph files: groups of named tags, each a number, a text, a structure or an array. Arrays
 * stay in the file; only their location is recorded.
 */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Cursor } from '../cursor.js';
import { checkFrameFits, checkHeaderSize } from '../shapes.js';

/** A value of the tree. */
export type Tag = number | boolean | string | readonly number[] | ArrayInFile | Tags;
/** A group: tags by name, or by number if unnamed. */
export interface Tags {
  readonly [name: string]: Tag;
}
/** An array that stays in the file. */
export class ArrayInFile {
  readonly offset: number;
  readonly count: number;
  /** Size of the whole array in bytes. */
  readonly bytes: number;
  /** The array as text if it is short and has 16-bit words; the file does not distinguish text from numbers. */
  readonly text: string | undefined;
  constructor(offset: number, count: number, bytes: number, text: string | undefined) {
    this.offset = offset;
    this.count = count;
    this.bytes = bytes;
    this.text = text;
  }
}

/** Longer texts stay in the file. */
const maxCharacters = 4096;
const deepest = 64;
const maxTags = 10_000_000;

/** Bytes of the simple types; 4 and 5 are also used for text with 16 bits per character. */
const widths: Readonly<Record<number, number>> = {
  2: 2,
  3: 4,
  4: 2,
  5: 4,
  6: 4,
  7: 8,
  8: 1,
  9: 1,
  10: 1,
  11: 8,
  12: 8,
};

/** Version, byte order and tag tree of a file. */
interface DmFile {
  readonly version: 3 | 4;
  readonly little: boolean;
  readonly root: Tags;
}

/** Reads the tree. Throws `Format` if it is malformed; its depth and size are bounded. */
export async function readTags(source: ByteSource, signal?: PlatformSignal): Promise<DmFile> {
  const cursor = new Cursor(source, 0, signal);
  cursor.little = false;
  const version = await cursor.u32();
  if (version !== 3 && version !== 4) throw badFile(source, `version ${version} of DM cannot be read; expected 3 or 4`);
  const stated = version === 4 ? await cursor.u64() : await cursor.u32();
  const order = await cursor.u32();
  if (order > 1) throw badFile(source, `the byte order is ${order}; expected 0 (big) or 1 (little)`);
  if (stated > source.size)
    throw badFile(source, `the header claims ${stated} bytes, but the file has ${source.size}: it is truncated`);
  const reader = new TagReader(cursor, version, order === 1);
  return { version, little: order === 1, root: await reader.group(0) };
}

class TagReader {
  readonly #cursor: Cursor;
  readonly #version: 3 | 4;
  readonly #little: boolean;
  #tags = 0;

  constructor(cursor: Cursor, version: 3 | 4, little: boolean) {
    this.#cursor = cursor;
    this.#version = version;
    this.#little = little;
  }

  /** A count or length: 64 bits in version 4. */
  async #count(): Promise<number> {
    return this.#version === 4 ? this.#cursor.u64() : this.#cursor.u32();
  }

  async group(depth: number): Promise<Tags> {
    const cursor = this.#cursor;
    const { source } = cursor;
    if (depth > deepest)
      throw badFile(source, `groups of tags are nested more than ${deepest} deep at byte ${cursor.at}`);
    await cursor.bytes(2);
    const count = checkHeaderSize(source, 'the number of tags', await this.#count(), 0, source.size);
    this.#tags += count;
    if (this.#tags > maxTags) throw badFile(source, `more than ${maxTags} tags`);
    // No prototype, so that '__proto__' is an ordinary name.
    const tags: Record<string, Tag> = Object.create(null);
    for (let i = 0; i < count; i++) {
      const at = cursor.at;
      const kind = await cursor.u8();
      const name = (await cursor.text(await cursor.u16())) || String(i);
      if (this.#version === 4) await cursor.u64();
      if (kind === 20) tags[name] = await this.group(depth + 1);
      else if (kind === 21) tags[name] = await this.#data();
      else throw badFile(source, `a tag of kind ${kind} at byte ${at}; expected 20 (group) or 21 (data)`);
    }
    return tags;
  }

  async #data(): Promise<Tag> {
    const cursor = this.#cursor;
    const { source } = cursor;
    if ((await cursor.text(4)) !== '%%%%')
      throw badFile(source, `no marker %%%% before the data at byte ${cursor.at - 4}`);
    const length = checkHeaderSize(source, 'the description of a tag', await this.#count(), 1, 4096);
    const info: number[] = [];
    for (let i = 0; i < length; i++) info.push(await this.#count());
    const [type = 0] = info;
    if (type === 15) return this.#structure(structureTypes(info, 0));
    if (type === 18) return this.#text(info[1] ?? 0);
    if (type === 20) return this.#array(info);
    return this.#number(type);
  }

  async #number(type: number): Promise<number | boolean> {
    const cursor = this.#cursor;
    cursor.little = this.#little;
    try {
      if (type === 2) return await cursor.i16();
      if (type === 3) return await cursor.i32();
      if (type === 4) return await cursor.u16();
      if (type === 5) return await cursor.u32();
      if (type === 6) return await cursor.f32();
      if (type === 7) return await cursor.f64();
      if (type === 8) return (await cursor.u8()) !== 0;
      if (type === 9 || type === 10) return await cursor.u8();
      if (type === 11) return await cursor.i64();
      if (type === 12) return await cursor.u64();
    } finally {
      cursor.little = false;
    }
    throw badFile(cursor.source, `unknown type ${type} of the tag at byte ${cursor.at}`);
  }

  async #structure(types: readonly number[]): Promise<number[]> {
    const values: number[] = [];
    for (const type of types) values.push(Number(await this.#number(type)));
    return values;
  }

  async #text(bytes: number): Promise<string> {
    const cursor = this.#cursor;
    checkFrameFits(cursor.source, cursor.at, bytes, 'a text');
    const text = await cursor.bytes(bytes);
    return new TextDecoder(this.#little ? 'utf-16le' : 'utf-16be').decode(text);
  }

  async #array(info: readonly number[]): Promise<Tag> {
    const cursor = this.#cursor;
    const types = info[1] === 15 ? structureTypes(info, 1) : [info[1] ?? 0];
    const count = info.at(-1) ?? 0;
    const width = types.reduce((sum, type) => sum + (widths[type] ?? Number.NaN), 0);
    if (!(width > 0)) throw badFile(cursor.source, `an array of unknown type at byte ${cursor.at}`);
    const bytes = count * width;
    checkFrameFits(cursor.source, cursor.at, bytes, `an array of ${count}`);
    const { at } = cursor;
    const text = info[1] === 4 && count <= maxCharacters ? await this.#text(bytes) : undefined;
    cursor.at = at + bytes;
    return new ArrayInFile(at, count, bytes, text);
  }
}

/** Types of the fields: pairs (length of the name, type) after the number of fields. */
const structureTypes = (info: readonly number[], at: number): number[] => {
  const fields = info[at + 2] ?? 0;
  return Array.from({ length: Math.min(fields, 256) }, (_, i) => info[at + 4 + 2 * i] ?? 0);
};

/** The value at a path of names; undefined if there is none. */
export function tagAt(tags: Tag | undefined, ...path: readonly string[]): Tag | undefined {
  let tag = tags;
  for (const name of path) {
    if (typeof tag !== 'object' || tag instanceof ArrayInFile || Array.isArray(tag)) return undefined;
    tag = (tag as Tags)[name];
  }
  return tag;
}

/** A text; undefined for anything else. */
export const tagText = (tag: Tag | undefined): string | undefined =>
  typeof tag === 'string' ? tag : tag instanceof ArrayInFile ? tag.text : undefined;

/** The members of a group in order. */
export const members = (tag: Tag | undefined): Tag[] =>
  typeof tag === 'object' && !(tag instanceof ArrayInFile) && !Array.isArray(tag) ? Object.values(tag as Tags) : [];
