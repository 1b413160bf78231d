/**
 * Looks at every frame of a run for pixels without a count that the run does not exclude, and gives them the mean of
 * their neighbours with a count in that frame. Frames that have none cost a search of their bytes.
 *
 * Overloads are counted and stay: what a saturated pixel shows is below the truth, and the mean of its neighbours, which
 * are not saturated, is farther below; of a beam that is saturated throughout nothing would be left.
 */

import { type DataType, elementBytes, type FrameArray } from '../../bytes/dtype.js';
import { type CountLimits, hasNoCounts, isNoCount, isOverload } from '../../frames/count-limits.js';

/** Pixels without a count in some frames of a run only, and overloads. */
export interface NoCounts {
  /** Values that were replaced, of all frames. */
  values: number;
  /** Those of them without any neighbour with a count, which are 0. */
  lost: number;
  /** Frames that have such pixels. */
  frames: number;
  /** The first scan position with such pixels; NaN without any. */
  first: number;
  /** Overloads of all frames, which stay as they are. */
  overloads: number;
  /** Frames that have overloads, and the first scan position with some. */
  overloaded: number;
  firstOverload: number;
}

/** None so far. */
export const noneSoFar = (): NoCounts => ({
  values: 0,
  lost: 0,
  frames: 0,
  first: Number.NaN,
  overloads: 0,
  overloaded: 0,
  firstOverload: Number.NaN,
});

const sums = ['values', 'lost', 'frames', 'overloads', 'overloaded'] as const;
const firsts = ['first', 'firstOverload'] as const;
const names = [...sums, ...firsts] as const;

/** Adds what another part of a run has found. */
export function addNoCounts(to: NoCounts, more: Partial<NoCounts>): void {
  for (const name of sums) to[name] += more[name] ?? 0;
  for (const name of firsts) {
    const first = more[name] ?? Number.NaN;
    if (!(to[name] <= first) && !Number.isNaN(first)) to[name] = first;
  }
}

/** The same as numbers, which every executor sends with the results of a partition. */
export const packNoCounts = (found: NoCounts): Float64Array => Float64Array.from(names, (name) => found[name]);
export const unpackNoCounts = (numbers: ArrayLike<number>): NoCounts => ({
  ...noneSoFar(),
  ...Object.fromEntries(names.map((name, i) => [name, numbers[i] ?? Number.NaN])),
});

/** Of each number of a word of four bytes, the bits from the highest one of `least` on: numbers of at least that have one. */
function highBits(least: number, bytes: number): number {
  const bit = 31 - Math.clz32(least);
  const own = 2 ** (8 * bytes) - 2 ** bit;
  return (bytes === 4 ? own : bytes === 2 ? own * 0x10001 : own * 0x1010101) | 0;
}

/** Node's bytes, which are searched faster than those of others. */
interface SearchedBytes {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): { indexOf(bytes: Uint8Array): number };
}
const { Buffer } = globalThis as { Buffer?: SearchedBytes };

/** The frames of a run, of one type and size. */
export class FrameCounts {
  readonly #limits: CountLimits;
  readonly #length: number;
  readonly #width: number;
  readonly #height: number;
  readonly #bytes: number;
  /** What every number without a count has: all bits, or a sign; undefined if each number has to be compared. */
  readonly #glance: 'none' | 'ones' | 'sign' | undefined;
  /** Runs of pixels that are looked at: those that are not excluded. */
  readonly #spans: readonly number[];
  /** Nonzero where a pixel has no count. */
  readonly #marks: Uint8Array;
  readonly #isInteger: boolean;
  /** The bytes of the largest number, and of the end of a counter. */
  readonly #ones: Uint8Array;
  readonly #end: Uint8Array | undefined;
  /** Bits of a word of which every overload has one; 0 if each number has to be compared. */
  readonly #high: number;
  #found: NoCounts = noneSoFar();
  /** Frames in which each pixel was replaced; made with the first of them. */
  #times: Uint32Array | undefined;

  constructor(limits: CountLimits, dtype: DataType, sig: readonly number[], excluded?: Uint8Array) {
    const length = sig.reduce((a, b) => a * b, 1);
    this.#limits = limits;
    this.#length = length;
    this.#width = sig.at(-1) ?? 1;
    this.#height = sig.at(-2) ?? 1;
    this.#bytes = elementBytes(dtype);
    this.#ones = new Uint8Array(this.#bytes).fill(255);
    const { end, most } = limits;
    this.#high =
      most !== undefined && this.#bytes <= 4 && !dtype.startsWith('f')
        ? highBits(Math.floor(most) + 1, this.#bytes)
        : 0;
    if (end !== undefined && dtype.startsWith('u'))
      this.#end = Uint8Array.from(this.#ones, (_, k) => Math.floor(end / 256 ** k) % 256);
    this.#isInteger = !dtype.startsWith('f');
    this.#marks = excluded?.slice() ?? new Uint8Array(length);
    this.#spans = goodSpans(this.#marks);
    const { least, markers } = limits;
    const ones = 2 ** (8 * this.#bytes) - 1;
    if (!hasNoCounts(limits, dtype)) this.#glance = 'none';
    else if (dtype.startsWith('u') && least === 0 && markers.every((marker) => marker === ones)) this.#glance = 'ones';
    // A negative number is no count, or one of the markers.
    if (dtype.startsWith('i') && least <= 0 && markers.every((marker) => marker < 0)) this.#glance = 'sign';
  }

  /**
   * `count` frames without values that are no counts: the frames themselves, or a copy if they are `borrowed` and have
   * such values. `positions` are those of the frames in the scan.
   */
  repaired(frames: FrameArray, count: number, positions: ArrayLike<number>, borrowed = false): FrameArray {
    const numbers = frames as Float64Array;
    const [first = 0, end] = this.#spans;
    const isWhole = first === 0 && end === this.#length;
    if (this.#spans.length === 0) return frames;
    if (this.#limits.most !== undefined) this.#countOverloads(frames, count, positions);
    if (this.#glance === 'none' || (isWhole && !this.#mayHave(frames, 0, count * this.#length))) return frames;
    let out: FrameArray | undefined;
    const found: number[] = [];
    for (let k = 0; k < count; k++) {
      found.length = 0;
      const from = k * this.#length;
      for (let s = 0; s < this.#spans.length; s += 2) {
        const [first, end] = [from + (this.#spans[s] as number), from + (this.#spans[s + 1] as number)];
        if (this.#mayHave(frames, first, end))
          for (let i = first; i < end; i++) if (isNoCount(numbers[i] as number, this.#limits)) found.push(i - from);
      }
      if (found.length === 0) continue;
      out ??= borrowed ? (frames.slice() as FrameArray) : frames;
      this.#repair((out as Float64Array).subarray(from, from + this.#length), found);
      addNoCounts(this.#found, { values: found.length, frames: 1, first: positions[k] ?? Number.NaN });
    }
    return out ?? frames;
  }

  /** Pixels that were replaced in each of `count` frames, 1 where they were; undefined without any. */
  replacedIn(count: number): Uint8Array | undefined {
    const always = this.#times && Uint8Array.from(this.#times, (times) => (times === count ? 1 : 0));
    return always?.includes(1) ? always : undefined;
  }

  /** What was found since the last call; undefined if nothing was. */
  taken(): NoCounts | undefined {
    const found = this.#found;
    if (found.values === 0 && found.overloads === 0) return undefined;
    this.#found = noneSoFar();
    return found;
  }

  /** Whether a number of [first, end) may be no count, by the fastest look that tells. */
  #mayHave(frames: FrameArray, first: number, end: number): boolean {
    if (this.#glance === 'ones')
      return this.#has(frames, first, end, { bytes: this.#ones, value: 2 ** (8 * this.#bytes) - 1 });
    if (this.#glance === undefined) return true;
    return hasBits(frames, this.#bytes, [first, end], highBits(2 ** (8 * this.#bytes - 1), this.#bytes));
  }

  /** Whether one of the numbers [first, end) may have these bytes. */
  #has(
    frames: FrameArray,
    first: number,
    end: number,
    { bytes, value }: { readonly bytes: Uint8Array; readonly value: number },
  ): boolean {
    const size = this.#bytes;
    // The bytes are searched as text is: seven times as fast as numbers, in runs that are worth the call.
    if (Buffer && end - first > 4096)
      return (
        Buffer.from(frames.buffer as ArrayBuffer, frames.byteOffset + size * first, size * (end - first)).indexOf(
          bytes,
        ) >= 0
      );
    return (frames as Uint32Array).subarray(first, end).indexOf(value) >= 0;
  }

  /** Whether one of the numbers [first, last) may be an overload, by the fastest look that tells. */
  #mayOverload(frames: FrameArray, first: number, last: number): boolean {
    const { end = 0, most = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.#high !== 0 && !hasBits(frames, this.#bytes, [first, last], this.#high)) return false;
    if (this.#end) return this.#has(frames, first, last, { bytes: this.#end, value: end });
    const numbers = frames as Float64Array;
    for (let i = first; i < last; i++) if ((numbers[i] as number) > most) return true;
    return false;
  }

  #countOverloads(frames: FrameArray, count: number, positions: ArrayLike<number>): void {
    const numbers = frames as Float64Array;
    const spans = this.#spans;
    for (let k = 0; k < count; k++) {
      let overloads = 0;
      const from = k * this.#length;
      if (!this.#mayOverload(frames, from, from + this.#length)) continue;
      for (let s = 0; s < spans.length; s += 2) {
        const end = from + (spans[s + 1] as number);
        for (let i = from + (spans[s] as number); i < end; i++)
          if (isOverload(numbers[i] as number, this.#limits)) overloads++;
      }
      if (overloads > 0)
        addNoCounts(this.#found, { overloads, overloaded: 1, firstOverload: positions[k] ?? Number.NaN });
    }
  }

  #repair(frame: Float64Array, found: readonly number[]): void {
    const [marks, width, height] = [this.#marks, this.#width, this.#height];
    this.#times ??= new Uint32Array(this.#length);
    for (const i of found) {
      marks[i] = 1;
      this.#times[i] = (this.#times[i] as number) + 1;
    }
    for (const i of found) {
      const x = i % width;
      const y = Math.floor(i / width) % height;
      let [sum, good] = [0, 0];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const j = i + (v - y) * width + u - x;
          if (marks[j] !== 0) continue;
          sum += frame[j] as number;
          good++;
        }
      const mean = good === 0 ? 0 : sum / good;
      frame[i] = this.#isInteger ? Math.round(mean) : mean;
      if (good === 0) this.#found.lost++;
    }
    for (const i of found) marks[i] = 0;
  }
}

/** Runs [first, end) of pixels that are not marked. */
function goodSpans(marks: Uint8Array): number[] {
  const spans: number[] = [];
  for (let i = 0; i < marks.length; i++)
    if (marks[i] === 0 && (i === 0 || marks[i - 1] !== 0)) {
      let end = i + 1;
      while (end < marks.length && marks[end] === 0) end++;
      spans.push(i, end);
      i = end - 1;
    }
  return spans;
}

/** Whether one of the integers [first, end) has one of the bits that `mask` has for each number of a word. */
function hasBits(frames: FrameArray, bytes: number, [first, end]: readonly [number, number], mask: number): boolean {
  const numbers = frames as Int32Array;
  const each = 4 / bytes;
  const [from, to] = [Math.ceil(first / each), Math.floor(end / each)];
  const has = (value: number): boolean => (value & mask) !== 0;
  if (frames.byteOffset % 4 !== 0 || to <= from) return numbers.subarray(first, end).some(has);
  for (let i = first; i < from * each; i++) if (has(numbers[i] as number)) return true;
  for (let i = to * each; i < end; i++) if (has(numbers[i] as number)) return true;
  const words = new Int32Array(frames.buffer as ArrayBuffer, frames.byteOffset, to);
  let seen = 0;
  let w = from;
  for (; w + 3 < to; w += 4)
    seen |= (words[w] as number) | (words[w + 1] as number) | (words[w + 2] as number) | (words[w + 3] as number);
  for (; w < to; w++) seen |= words[w] as number;
  return has(seen);
}
