/**
 * x-CBF_PACKED, after the packing of CCP4: chunks of 1 … 128 pixels whose prediction errors have the same number of
 * bits, lowest bit first. The prediction is the mean of the neighbours decoded so far.
 *
 * The scheme was derived from a file written by CBFlib and checked against CBFlib's own numbers.
 */

/** Bytes before the bits: the number of pixels, the minimum, the maximum, and a reserved field, 64 bits each. */
const headerBytes = 32;
/** Bits of an error by its code; 65 means that any difference fits. */
const widths = [0, 4, 5, 6, 7, 8, 16, 65] as const;

/** Shape in pixels: [sections, rows, columns]; a two-dimensional image is one section. */
type PackedShape = readonly [sections: number, rows: number, columns: number];

/** Decodes every pixel. Throws if the data end first. */
export function decodePacked(stored: Uint8Array, out: Int32Array, shape: PackedShape): void {
  const bits = new Bits(stored);
  const pixels = out.length;
  let left = 0;
  let width = 0;
  const predict = predictor(out, shape);
  for (let i = 0; i < pixels; i++) {
    if (left === 0) {
      left = 1 << bits.take(3);
      width = widths[bits.take(3)] as number;
    }
    left--;
    out[i] = predict(i) + (width === 0 ? 0 : bits.signed(width));
    if (bits.ended) throw new Error(`the packed data end after ${i} of ${pixels} pixels`);
  }
}

/** The predicted value of a pixel, from those before it. */
function predictor(out: Int32Array, [, rows, columns]: PackedShape): (i: number) => number {
  const section = rows * columns;
  // Offsets into the previous row: the pixels above left, above, above right.
  const [aboveLeft, above, aboveRight] = [columns + 1, columns, columns - 1];
  const at = (i: number): number => out[i] as number;
  let column = -1;
  let row = 0;
  return (i) => {
    if (++column === columns) {
      column = 0;
      if (++row === rows) row = 0;
    }
    const deep = i >= section;
    const j = i - section;
    if (row === 0) return column > 0 ? at(i - 1) : deep ? at(j) : 0;
    if (column === 0) {
      const sum = at(i - above) + at(i - aboveRight);
      return deep ? (sum + at(j - above) + at(j - aboveRight) + 2) >> 2 : (sum + 1) >> 1;
    }
    if (column === columns - 1) {
      const sum = at(i - 1) + at(i - above);
      return deep ? (sum + at(j) + at(j - above) + 2) >> 2 : (sum + 1) >> 1;
    }
    const sum = at(i - 1) + at(i - aboveLeft) + at(i - above) + at(i - aboveRight);
    if (!deep) return (sum + 2) >> 2;
    return (sum + at(j) + at(j - aboveLeft) + at(j - above) + at(j - aboveRight) + 4) >> 3;
  };
}

/** Reads consecutive bits, lowest bit of a byte first. */
class Bits {
  /** Whether more bits were taken than exist. */
  ended = false;
  readonly #bytes: Uint8Array;
  #at = headerBytes;
  #held = 0;
  #have = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Up to 16 bits. */
  take(count: number): number {
    while (this.#have < count) {
      if (this.#at >= this.#bytes.length) this.ended = true;
      this.#held |= (this.#bytes[this.#at++] ?? 0) << this.#have;
      this.#have += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#have -= count;
    return value;
  }

  /** A signed number of `count` bits; of more than 32, the lowest 32, as required by 32-bit sums. */
  signed(count: number): number {
    if (count <= 16) return (this.take(count) << (32 - count)) >> (32 - count);
    const low = this.take(16);
    const value = low | (this.take(16) << 16);
    for (let rest = count - 32; rest > 0; rest -= 16) this.take(Math.min(16, rest));
    return value;
  }
}
