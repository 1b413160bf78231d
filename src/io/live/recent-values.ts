/**
 * The median of a number of the frames of the last seconds, in constant memory: a long time is divided into parts, each
 * of which keeps evenly distributed values of any number of frames.
 */

/** Parts of the time, and the most values of each. */
const [partCount, maxOfPart] = [120, 128];

/** The frames of a part; each kept value stands for as many of them. */
interface Part {
  readonly from: number;
  seen: number;
  each: number;
  kept: number[];
}

export class RecentValues {
  readonly #seconds: number;
  readonly #partS: number;
  readonly #parts: Part[] = [];
  #first: number | undefined;

  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#partS = Math.max(seconds / partCount, 0.1);
  }

  /** Takes the value of a frame that was finished at a time in seconds; a frame without one is left out. */
  add(s: number, value: number | undefined): void {
    if (value === undefined || Number.isNaN(value)) return;
    this.#first ??= s;
    let part = this.#parts.at(-1);
    if (!part || s >= part.from + this.#partS) {
      part = { from: s, seen: 0, each: 1, kept: [] };
      this.#parts.push(part);
    }
    if (part.seen++ % part.each === 0) part.kept.push(value);
    if (part.kept.length > maxOfPart) {
      part.kept = part.kept.filter((_, i) => i % 2 === 0);
      part.each *= 2;
    }
    this.#forget(s);
  }

  #forget(s: number): void {
    while (this.#parts[0] && this.#parts[0].from + this.#partS <= s - this.#seconds) this.#parts.shift();
  }

  /** Whether there have been values for as long as it looks back. */
  isWhole(s: number): boolean {
    return this.#first !== undefined && s - this.#first >= this.#seconds;
  }

  /** The median at a time, or the mean, and the number of frames with a value; undefined without any. */
  at(s: number, which: 'median' | 'mean' = 'median'): { readonly median: number | undefined; readonly frames: number } {
    this.#forget(s);
    const frames = this.#parts.reduce((sum, { seen }) => sum + seen, 0);
    const weighed = this.#parts.flatMap(({ kept, each }) => kept.map((value) => [value, each] as const));
    weighed.sort(([a], [b]) => a - b);
    if (which === 'mean') {
      const [sum, count] = weighed.reduce(([a, n], [value, each]) => [a + each * value, n + each], [0, 0]);
      return { median: count === 0 ? undefined : sum / count, frames };
    }
    const half = weighed.reduce((sum, [, each]) => sum + each, 0) / 2;
    let below = 0;
    const middle = weighed.find(([, each]) => {
      below += each;
      return below >= half;
    });
    return { median: middle?.[0], frames };
  }
}
