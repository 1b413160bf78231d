/** Bytes of a file being written: little-endian fields, with addresses of 8 bytes. */
import { lookup3 } from './fields.js';

/** Appends fields and grows as it goes. */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  #room(bytes: number): number {
    const at = this.length;
    if (at + bytes > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(at + bytes, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.length += bytes;
    return at;
  }

  u8(...values: number[]): this {
    // Space is reserved first, because that may replace the view.
    for (const value of values) {
      const at = this.#room(1);
      this.#view.setUint8(at, value);
    }
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** An integer below 2⁵³, or −1 for "undefined" and "unlimited". */
  u64(value: number): this {
    const at = this.#room(8);
    this.#view.setBigInt64(at, BigInt(value), true);
    return this;
  }

  /** An integer in `bytes` bytes. */
  uint(value: number, bytes: number): this {
    for (let i = 0, left = value; i < bytes; i++, left = Math.floor(left / 256)) this.u8(left % 256);
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  text(text: string): this {
    return this.put(new TextEncoder().encode(text));
  }

  zeros(bytes: number): this {
    this.#room(bytes);
    return this;
  }

  /** The checksum of everything so far. */
  checksum(): this {
    return this.u32(lookup3(this.#bytes.subarray(0, this.length)));
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}
