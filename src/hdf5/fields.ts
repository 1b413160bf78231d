/** Reads the fields of a structure in sequence, checking each against what is left. */

import { hex32, readAnyway } from '../bytes/checksums/check.js';
import { EwaldError } from '../util/errors.js';

/** The value of an undefined address; files store it as all ones. */
export const nowhere = -1;

/** Sizes that the superblock defines for the whole file. */
export interface Widths {
  /** Bytes of an address. */
  readonly offset: number;
  /** Bytes of a length. */
  readonly length: number;
  /** Whether checksums are verified; default true. */
  readonly checksums?: boolean;
}

/** Bytes that hold numbers up to `limit`. */
export const bytesFor = (limit: number): number => Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;

/** A cursor over little-endian fields. */
export class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #widths: Widths;
  /** Name of the structure in messages. */
  readonly what: string;
  at = 0;

  constructor(bytes: Uint8Array, widths: Widths, what: string) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#widths = widths;
    this.what = what;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A `Format` error about this structure. */
  wrong(why: string): EwaldError {
    return new EwaldError('Format', `${this.what}: ${why}`);
  }

  #take(bytes: number): number {
    if (bytes < 0 || bytes > this.left)
      throw this.wrong(`it ends early: expected ${bytes} more ${bytes === 1 ? 'byte' : 'bytes'}, found ${this.left}`);
    const at = this.at;
    this.at += bytes;
    return at;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  /** Moves to the next multiple of `unit` bytes, or to the end. */
  align(unit: number): void {
    this.at = Math.min(this.bytes.length, Math.ceil(this.at / unit) * unit);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** An unsigned number of `bytes` bytes, at most 2⁵³ − 1. */
  uint(bytes: number): number {
    const at = this.#take(bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.#view.getUint8(at + i);
    if (value > Number.MAX_SAFE_INTEGER) throw this.wrong(`a number at ${at} is larger than any file`);
    return value;
  }

  /** Like `uint`, but all ones is Infinity, which sizes use for "unlimited". */
  limit(bytes = this.#widths.length): number {
    return this.#ones(bytes) ? Infinity : this.uint(bytes);
  }

  /** An address, or `nowhere`. */
  address(): number {
    return this.#ones(this.#widths.offset) ? nowhere : this.uint(this.#widths.offset);
  }

  length(): number {
    return this.uint(this.#widths.length);
  }

  take(bytes: number): Uint8Array {
    const at = this.#take(bytes);
    return this.bytes.subarray(at, at + bytes);
  }

  /** Fields of the next `bytes` bytes. */
  part(bytes: number, what = this.what): Fields {
    return new Fields(this.take(bytes), this.#widths, what);
  }

  /** The same structure from its start, for another reader. */
  again(): Fields {
    return new Fields(this.bytes, this.#widths, this.what);
  }

  /** Text of exactly `bytes` bytes, up to its first zero. */
  text(bytes: number): string {
    const all = this.take(bytes);
    const end = all.indexOf(0);
    return utf8.decode(end < 0 ? all : all.subarray(0, end));
  }

  /** Text up to and including a zero. */
  textToZero(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw this.wrong('a name is not terminated');
    const text = utf8.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  signature(wanted: string): void {
    const found = latin1.decode(this.take(4));
    if (found !== wanted) throw this.wrong(`expected ${wanted}, found ${JSON.stringify(found)}`);
  }

  version(...known: number[]): number {
    const found = this.u8();
    if (!known.includes(found)) throw this.wrong(`version ${found} is not supported (expected ${known.join(', ')})`);
    return found;
  }

  /** Compares the checksum of everything read so far with the next four bytes. */
  checksum(): void {
    const before = this.bytes.subarray(0, this.at);
    this.compare(this.u32(), before);
  }

  /** Compares the checksum in the last four bytes with the bytes before it; the next field is then the first one. */
  checksumAtEnd(): void {
    this.at = this.bytes.length - 4;
    this.checksum();
    this.at = 0;
  }

  /** Compares a stored checksum with that of `bytes`. */
  compare(stored: number, bytes: Uint8Array): void {
    if (this.#widths.checksums === false) return;
    const computed = lookup3(bytes);
    if (stored === computed) return;
    const [expected, found] = [hex32(stored), hex32(computed)];
    throw new EwaldError(
      'Format',
      `${this.what}: its checksum is ${expected}, but its bytes have ${found}: the file is damaged; ${readAnyway}`,
      { detail: { checksum: 'lookup3', expected, found } },
    );
  }

  #ones(bytes: number): boolean {
    if (bytes > this.left) return false;
    for (let i = 0; i < bytes; i++) if (this.#view.getUint8(this.at + i) !== 255) return false;
    this.at += bytes;
    return true;
  }
}

const utf8 = new TextDecoder();
const latin1 = new TextDecoder('latin1');

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** Bob Jenkins' lookup3 with an initial value of 0: the checksum of HDF5's metadata. */
export function lookup3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = bytes.length;
  let a = (0xdeadbeef + left) | 0;
  let [b, c] = [a, a];
  let at = 0;
  for (; left > 12; left -= 12, at += 12) {
    a = (a + view.getInt32(at, true)) | 0;
    b = (b + view.getInt32(at + 4, true)) | 0;
    c = (c + view.getInt32(at + 8, true)) | 0;
    a = ((a - c) ^ rotate(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rotate(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 4)) | 0;
    b = (b + a) | 0;
  }
  if (left === 0) return c >>> 0;
  // The last twelve bytes or fewer, padded with zeros.
  const word = (from: number): number => {
    let value = 0;
    for (let i = Math.min(3, bytes.length - 1 - from); i >= 0; i--) value = (value << 8) | (bytes[from + i] as number);
    return value;
  };
  a = (a + word(at)) | 0;
  b = (b + word(at + 4)) | 0;
  c = (c + word(at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
