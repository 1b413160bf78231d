/**
 * Reads metadata, which are small, scattered and often repeated: whole pages are read and the most recent ones kept.
 * Pixels do not pass through here.
 */

import type { ByteSource } from '../bytes/byte-source.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { Pace } from '../util/pace.js';
import { Fields, type Widths } from './fields.js';

const pageBytes = 16 * 1024;
/** 4 MiB of pages per file. */
const maxPages = 256;

/** The metadata of one file. */
export class Pages {
  readonly source: ByteSource;
  /** Origin of addresses: a user block may precede the file. */
  base = 0;
  widths: Widths = { offset: 8, length: 8 };
  /** Global heaps by address: objects by number. */
  readonly collections = new Map<number, Promise<ReadonlyMap<number, Uint8Array>>>();
  readonly #pages = new Map<number, Promise<Uint8Array>>();

  /** All reading of the file's structures passes through this class, so the event loop is served here. */
  readonly pace: Pace;

  constructor(source: ByteSource, pace = new Pace()) {
    this.source = source;
    this.pace = pace;
  }

  /** Rejects a range that the file cannot hold, before anything is allocated for it. */
  check(address: number, length: number, what: string): void {
    if (address < 0 || length < 0 || this.base + address + length > this.source.size)
      throw new EwaldError(
        'Format',
        `${this.source.name}: ${what} is at ${address} with ${length} bytes, but the file has ${this.source.size}. ` +
          'Is it truncated?',
        { detail: { path: this.source.name, offset: address, length, size: this.source.size } },
      );
  }

  /** Bytes at an address; must not be modified. */
  async bytes(address: number, length: number, what: string, signal?: PlatformSignal): Promise<Uint8Array> {
    this.check(address, length, what);
    if (this.pace.due) await this.pace.rest();
    const from = this.base + address;
    if (length > 4 * pageBytes) return this.source.read(from, length, { signal });
    const first = Math.floor(from / pageBytes);
    const last = Math.floor((from + Math.max(1, length) - 1) / pageBytes);
    if (first === last) {
      const at = from - first * pageBytes;
      return (await this.#page(first)).subarray(at, at + length);
    }
    const out = new Uint8Array(length);
    for (let page = first; page <= last; page++) {
      const bytes = await this.#page(page);
      const begin = Math.max(from, page * pageBytes);
      const end = Math.min(from + length, (page + 1) * pageBytes);
      out.set(bytes.subarray(begin - page * pageBytes, end - page * pageBytes), begin - from);
    }
    return out;
  }

  /** A structure at an address; `what` is its name in messages. */
  async fields(address: number, length: number, what: string): Promise<Fields> {
    const name = `${this.source.name}: ${what} at ${address}`;
    return new Fields(await this.bytes(address, length, what), this.widths, name);
  }

  /** Like `fields`, but shorter if the file ends. */
  async fieldsUpTo(address: number, length: number, what: string): Promise<Fields> {
    return this.fields(address, Math.min(length, Math.max(0, this.source.size - this.base - address)), what);
  }

  async #page(page: number): Promise<Uint8Array> {
    const held = this.#pages.get(page);
    if (held) {
      // Moves it to the end, as the most recently used.
      this.#pages.delete(page);
      this.#pages.set(page, held);
      return held;
    }
    const from = page * pageBytes;
    const reading = this.source.read(from, Math.min(pageBytes, this.source.size - from));
    this.#pages.set(page, reading);
    reading.catch(() => this.#pages.delete(page));
    if (this.#pages.size > maxPages)
      for (const oldest of [...this.#pages.keys()].slice(0, 32)) this.#pages.delete(oldest);
    return reading;
  }
}
