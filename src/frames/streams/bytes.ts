/** Reads the bytes of a message in sequence; lengths beyond its end are rejected before anything is allocated. */
import { EwaldError } from '../../util/errors.js';

/** Deepest nesting of maps and arrays; messages of detectors have four levels. */
const deepest = 64;

export class Walk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #what: string;
  at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array, what: string) {
    // A plain Uint8Array is used, because slicing a Buffer of Node would not copy.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  refuse(why: string): never {
    throw new EwaldError('Format', `the message is not valid ${this.#what}: ${why} at byte ${this.at}`);
  }

  /** Returns the next `count` bytes without copying. */
  take(count: number): Uint8Array {
    if (!(count <= this.bytes.length - this.at))
      this.refuse(`${count} bytes are claimed, but only ${this.bytes.length - this.at} are left`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** Skips `count` bytes and returns their position. */
  step(count: number): number {
    this.take(count);
    return this.at - count;
  }

  text(count: number): string {
    return new TextDecoder().decode(this.take(count));
  }

  /** Returns the result of `read` one level deeper. */
  inside<T>(read: () => T): T {
    if (++this.#depth > deepest) this.refuse(`more than ${deepest} levels of nesting`);
    const value = read();
    this.#depth--;
    return value;
  }

  /** Reads `count` items of at least one byte each. */
  list<T>(count: number, read: () => T): T[] {
    if (!(count <= this.bytes.length - this.at)) this.refuse(`${count} items are claimed`);
    return this.inside(() => Array.from({ length: count }, read));
  }

  /** Reads `count` pairs, keyed by text. */
  map(count: number, read: () => unknown): Map<string, unknown> {
    if (!(2 * count <= this.bytes.length - this.at)) this.refuse(`${count} pairs are claimed`);
    return this.inside(() => {
      const map = new Map<string, unknown>();
      for (let i = 0; i < count; i++) {
        const key = read();
        // Python packers write the keys of arrays as bytes.
        map.set(key instanceof Uint8Array ? new TextDecoder().decode(key) : String(key), read());
      }
      return map;
    });
  }
}
