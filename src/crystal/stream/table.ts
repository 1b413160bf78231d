/**
 * Formats columns of numbers into one byte buffer: the same text as `fixed` of print.ts, without a string per
 * number. The lists of one frame hold about ten thousand numbers.
 */
import { fixed } from './print.js';

const zero = 48;
const space = 32;
const powers = [1, 10, 100, 1000] as const;
/** Up to this value, a product with a power of ten has an error below `doubt`; greater ones are left to print.ts. */
const maxQuick = 2 ** 30;
/** Values this close to a tie are rounded by their exact product. */
const doubt = 1e-6;
/** Multiplied by this, a number splits into halves of 26 bits, whose products with a power of ten are exact (Dekker). */
const splitter = 2 ** 27 + 1;

/** Whether C rounds `x`, at least 0, up to `low + 1` units of 1/`power`, of which it is almost half: ties to even. */
function roundsUp(x: number, power: number, low: number): boolean {
  const turned = splitter * x;
  const high = turned - (turned - x);
  // The first difference is exact because its terms are almost equal, so the sum has the sign of the exact one.
  const above = high * power - (low + 0.5) + (x - high) * power;
  return above > 0 || (above === 0 && low % 2 === 1);
}

/** A text being built. */
export class Table {
  #bytes = new Uint8Array(2 ** 12);
  #length = 0;

  /** Appends text such as a line end or a separator. */
  text(text: string): void {
    this.#need(3 * text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        const bytes = new TextEncoder().encode(text.slice(i));
        this.#bytes.set(bytes, this.#length);
        this.#length += bytes.length;
        return;
      }
      this.#bytes[this.#length++] = code;
    }
  }

  /** Appends a space. */
  space(): void {
    this.#need(1);
    this.#bytes[this.#length++] = space;
  }

  /** Appends `%W.Df` with up to three digits. */
  fixed(x: number, digits: 0 | 1 | 2 | 3, width: number): void {
    const size = Math.abs(x);
    const power = powers[digits];
    const scaled = size * power;
    if (!(scaled < maxQuick)) {
      this.text(fixed(x, digits, width));
      return;
    }
    const low = Math.floor(scaled);
    const rest = scaled - low;
    const up = Math.abs(rest - 0.5) < doubt ? roundsUp(size, power, low) : rest > 0.5;
    this.#put(up ? low + 1 : low, x < 0 || Object.is(x, -0), digits, width);
  }

  /**
   * Appends numbers as `fixed` does, each followed by a space: one loop for all columns of a line, which the engine
   * compiles once, in the place of a call for each of them.
   */
  row(numbers: Float64Array, digits: Uint8Array, widths: Uint8Array): void {
    for (let i = 0; i < numbers.length; i++) {
      this.fixed(numbers[i] as number, digits[i] as 0, widths[i] as number);
      this.space();
    }
  }

  /** Returns the text and clears the buffer. */
  take(): string {
    const text = new TextDecoder().decode(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return text;
  }

  /** Writes an integer with a decimal point before its last digits. */
  #put(n: number, negative: boolean, digits: number, width: number): void {
    let count = 1;
    for (let rest = n; rest >= 10; rest = (rest / 10) | 0) count++;
    if (count <= digits) count = digits + 1;
    const length = count + (digits > 0 ? 1 : 0) + (negative ? 1 : 0);
    const padded = Math.max(length, width);
    this.#need(padded);
    const bytes = this.#bytes;
    const begin = this.#length;
    let at = begin + padded;
    let rest = n;
    for (let i = 0; i < count; i++) {
      if (i === digits && digits > 0) bytes[--at] = 46;
      const next = (rest / 10) | 0;
      bytes[--at] = zero + rest - 10 * next;
      rest = next;
    }
    if (negative) bytes[--at] = 45;
    while (at > begin) bytes[--at] = space;
    this.#length = begin + padded;
  }

  #need(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(2 * (this.#length + more));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
