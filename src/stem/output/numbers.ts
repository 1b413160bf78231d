/** The numbers of results as files and lists need them: in pieces, and what all of them tell. */

import { type BufferArray, type BufferDtype, numbersPerElement } from '../../udf/functions/dtypes.js';
import { type InParts, inParts } from '../../udf/functions/in-parts.js';
import { product } from '../../util/product.js';

/** A result, of which `NamedResult` has more. */
interface Numbers extends InParts {
  readonly shape: readonly number[];
  readonly dtype: BufferDtype;
  readonly data: BufferArray;
}

/** What the numbers of a result tell. */
export interface Limits {
  /** Smallest and largest number, ignoring NaN; infinite, and the wrong way round, if there are none. */
  readonly min: number;
  readonly max: number;
  /** Elements without a finite number: complex ones, either of whose two is none. */
  readonly missing: number;
  /** Whether one of them is infinite. */
  readonly isEndless: boolean;
  /** Whether all are NaN. */
  readonly isEmpty: boolean;
}

const known = new WeakMap<Numbers, Limits>();

/** Numbers of a piece: of 8 bytes, those that a processor keeps near it. */
const pieceNumbers = 2 ** 17;

/**
 * The numbers of a result, one piece after another, each of whole rows of the last axis. A piece is lost when the one
 * after the next is asked for: it may be written while that is computed. `most` numbers are in one.
 */
export function* piecesOf(result: Numbers, most = pieceNumbers): Generator<BufferArray, void> {
  const looked = new Look(numbersPerElement(result.dtype));
  const write = result[inParts];
  if (write) {
    const { row, length } = extentOf(result);
    const step = Math.max(1, Math.floor(most / row)) * row;
    const places = [0, 1].map(() => new Float64Array(Math.min(step, length)));
    for (let at = 0, i = 0; at < length; at += step, i++) {
      const piece = (places[i % 2] as Float64Array).subarray(0, Math.min(step, length - at));
      write(at, piece);
      looked.at(piece);
      yield piece;
    }
    known.set(result, looked.limits);
    return;
  }
  const { data } = result;
  if (data.length > 0) yield data;
}

/** How many numbers a row of the last axis has, and the whole. */
function extentOf({ shape, dtype }: Numbers): { readonly row: number; readonly length: number } {
  const each = numbersPerElement(dtype);
  return { row: Math.max(1, each * (shape.at(-1) ?? 1)), length: each * product(shape) };
}

/** What the numbers of a result tell; of one that is written in pieces, this is known from there. */
export function limitsOf(result: Numbers): Limits {
  const limits = known.get(result);
  if (limits) return limits;
  if (result[inParts]) for (const _ of piecesOf(result));
  else {
    const looked = new Look(numbersPerElement(result.dtype));
    looked.at(result.data);
    known.set(result, looked.limits);
  }
  return known.get(result) as Limits;
}

/** One look at all numbers, of which each element has one or two. */
class Look {
  readonly #each: number;
  #count = 0;
  #nan = 0;
  #missing = 0;
  /** Limits of the finite numbers. */
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #isBelow = false;
  #isAbove = false;

  constructor(each: number) {
    this.#each = each;
  }

  get limits(): Limits {
    return {
      min: this.#isBelow ? Number.NEGATIVE_INFINITY : this.#low,
      max: this.#isAbove ? Number.POSITIVE_INFINITY : this.#high,
      missing: this.#missing,
      isEndless: this.#isBelow || this.#isAbove,
      isEmpty: this.#count > 0 && this.#nan === this.#count,
    };
  }

  at(data: BufferArray): void {
    this.#count += data.length;
    const numbers = data as ArrayLike<number>;
    const rest = typeof data[0] === 'bigint' ? data.length : data.length % 8;
    this.#single(data, 0, rest);
    let low = this.#low;
    let high = this.#high;
    // The long loop is the last one: V8 compiles it while it runs, and what would follow had not run by then.
    for (let from = rest; from < data.length; from += 8) {
      // Nearly all are between those before them, which eight at a time tell in a third of the time. No other number
      // is NaN or infinite.
      const a = numbers[from] as number;
      const b = numbers[from + 1] as number;
      const c = numbers[from + 2] as number;
      const d = numbers[from + 3] as number;
      const e = numbers[from + 4] as number;
      const f = numbers[from + 5] as number;
      const g = numbers[from + 6] as number;
      const h = numbers[from + 7] as number;
      const areBetween =
        a >= low &&
        a <= high &&
        b >= low &&
        b <= high &&
        c >= low &&
        c <= high &&
        d >= low &&
        d <= high &&
        e >= low &&
        e <= high &&
        f >= low &&
        f <= high &&
        g >= low &&
        g <= high &&
        h >= low &&
        h <= high;
      if (areBetween) continue;
      this.#single(data, from, from + 8);
      low = this.#low;
      high = this.#high;
    }
  }

  #single(data: BufferArray, from: number, to: number): void {
    for (let i = from; i < to; i += this.#each) {
      let isMissing = false;
      for (let k = i; k < i + this.#each; k++) {
        const value = Number(data[k]);
        if (Number.isNaN(value)) this.#nan++;
        else if (value === Number.NEGATIVE_INFINITY) this.#isBelow = true;
        else if (value === Number.POSITIVE_INFINITY) this.#isAbove = true;
        else {
          if (value < this.#low) this.#low = value;
          if (value > this.#high) this.#high = value;
          continue;
        }
        isMissing = true;
      }
      if (isMissing) this.#missing++;
    }
  }
}
