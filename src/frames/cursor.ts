/**
 * Reads a header value by value. Small reads are served from a window of the file, so that a tree of thousands of tags
 * costs only a few reads.
 */

import type { ByteSource } from '../bytes/byte-source.js';
import type { PlatformSignal } from '../util/globals.js';
import { Pace } from '../util/pace.js';

/** Window size in bytes: larger than nearly every header, small for a network. */
const windowBytes = 2 ** 16;

/** A position in a source that advances as values are read. */
export class Cursor {
  readonly source: ByteSource;
  at: number;
  little = true;
  /** All reading of headers passes through this class, so the event loop is served here. */
  readonly #pace: Pace;
  readonly #signal: PlatformSignal | undefined;
  #window = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));
  #start = 0;

  constructor(source: ByteSource, at = 0, signal?: PlatformSignal) {
    this.source = source;
    this.at = at;
    this.#signal = signal;
    this.#pace = new Pace(signal);
  }

  /** Whether `length` more bytes exist. */
  has(length: number): boolean {
    return this.at + length <= this.source.size;
  }

  /** The next bytes; valid until the next call. Throws `Format` at the end of the file. */
  async bytes(length: number): Promise<Uint8Array> {
    const from = await this.#need(length);
    this.at += length;
    return this.#window.subarray(from, from + length);
  }

  /** Text of `length` bytes, one character per byte. */
  async text(length: number): Promise<string> {
    return decodeLatin1(await this.bytes(length));
  }

  // Evaluated after the wait, which may have replaced the view.
  async u8(): Promise<number> {
    const at = await this.#step(1);
    return this.#view.getUint8(at);
  }
  async u16(): Promise<number> {
    const at = await this.#step(2);
    return this.#view.getUint16(at, this.little);
  }
  async i16(): Promise<number> {
    const at = await this.#step(2);
    return this.#view.getInt16(at, this.little);
  }
  async u32(): Promise<number> {
    const at = await this.#step(4);
    return this.#view.getUint32(at, this.little);
  }
  async i32(): Promise<number> {
    const at = await this.#step(4);
    return this.#view.getInt32(at, this.little);
  }
  /** A 64-bit integer as a number, rounded beyond 2⁵³, which exceeds the size of any file. */
  async u64(): Promise<number> {
    const at = await this.#step(8);
    return Number(this.#view.getBigUint64(at, this.little));
  }
  async i64(): Promise<number> {
    const at = await this.#step(8);
    return Number(this.#view.getBigInt64(at, this.little));
  }
  async f32(): Promise<number> {
    const at = await this.#step(4);
    return this.#view.getFloat32(at, this.little);
  }
  async f64(): Promise<number> {
    const at = await this.#step(8);
    return this.#view.getFloat64(at, this.little);
  }

  async #step(length: number): Promise<number> {
    const from = await this.#need(length);
    this.at += length;
    return from;
  }

  /** Makes the next `length` bytes available in the window; returns their position. */
  async #need(length: number): Promise<number> {
    if (this.#pace.due) await this.#pace.rest();
    const from = this.at - this.#start;
    if (from >= 0 && from + length <= this.#window.length) return from;
    const { source } = this;
    // The source reports an invalid length.
    const wanted = Math.max(length, Math.min(windowBytes, source.size - this.at));
    this.#window = (await source.read(this.at, wanted, { signal: this.#signal })) as Uint8Array<ArrayBuffer>;
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.byteLength);
    this.#start = this.at;
    return 0;
  }
}

/** Node's own text of bytes, a hundred times as fast as a loop: files of one frame each begin with some. */
const fromBytes = (
  globalThis as {
    Buffer?: { from(memory: ArrayBufferLike, from: number, length: number): { toString(as: 'latin1'): string } };
  }
).Buffer?.from;

/** Bytes as text, one character per byte. */
export const decodeLatin1 = (bytes: Uint8Array): string => {
  if (fromBytes) return fromBytes(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  // TextDecoder's latin1 is Windows-1252, which maps bytes 0x80 … 0x9f to other characters.
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
};

/** Text up to the first NUL. */
export const cString = (text: string): string => text.split('\0', 1)[0] ?? '';
