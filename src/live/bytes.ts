/** A walk over the bytes of a message: what is claimed beyond its end is refused before anything is allocated. */
import { EwaldError } from '../base/errors.js';

/** Levels that maps and arrays may lie in each other: messages of detectors have four. */
const deepest = 64;

export class Walk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #what: string;
  at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array, what: string) {
    // A Buffer of Node would slice without a copy.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  refuse(why: string): never {
    throw new EwaldError('Format', `the message is no ${this.#what}: ${why} at byte ${this.at}`);
  }

  /** The next `count` bytes, in place. */
  take(count: number): Uint8Array {
    if (!(count <= this.bytes.length - this.at))
      this.refuse(`${count} bytes are claimed, ${this.bytes.length - this.at} are there`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** Steps over `count` bytes and answers where they begin. */
  step(count: number): number {
    this.take(count);
    return this.at - count;
  }

  text(count: number): string {
    return new TextDecoder().decode(this.take(count));
  }

  /** What `read` answers one level down. */
  inside<T>(read: () => T): T {
    if (++this.#depth > deepest) this.refuse(`more than ${deepest} levels`);
    const value = read();
    this.#depth--;
    return value;
  }

  /** `count` items; each has a byte at least. */
  list<T>(count: number, read: () => T): T[] {
    if (!(count <= this.bytes.length - this.at)) this.refuse(`${count} items are claimed`);
    return this.inside(() => Array.from({ length: count }, read));
  }

  /** `count` pairs, by their keys as text. */
  map(count: number, read: () => unknown): Map<string, unknown> {
    if (!(2 * count <= this.bytes.length - this.at)) this.refuse(`${count} pairs are claimed`);
    return this.inside(() => {
      const map = new Map<string, unknown>();
      for (let i = 0; i < count; i++) {
        const key = read();
        // Packers of Python write the keys of arrays as bytes.
        map.set(key instanceof Uint8Array ? new TextDecoder().decode(key) : String(key), read());
      }
      return map;
    });
  }
}
