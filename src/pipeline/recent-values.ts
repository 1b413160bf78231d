/**
 * What a number of the frames of the last seconds usually is, in constant memory: a long time is divided into parts, each
 * of which keeps evenly distributed values of any number of frames.
 */

/**
 * What is stated of many values: the median, the mean, or the mean of the middle half. The last is between the levels of a
 * lamp that alternates, where the median jumps from one to the other, and a quarter of wrong frames does not move it.
 */
export type Middle = 'median' | 'mean' | 'middle half';

/** Parts of the time, and the most values of each. */
const [partCount, maxOfPart] = [120, 128];

/** The frames of a part; each kept value stands for as many of them. */
interface KeptStretch {
  readonly from: number;
  seen: number;
  each: number;
  kept: number[];
}

export class RecentValues {
  readonly #seconds: number;
  readonly #partS: number;
  readonly #parts: KeptStretch[] = [];
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

  /** The usual value at a time, and the number of frames with a value; undefined without any. */
  at(s: number, which: Middle = 'median'): { readonly usual: number | undefined; readonly frames: number } {
    this.#forget(s);
    const frames = this.#parts.reduce((sum, { seen }) => sum + seen, 0);
    const weighed = this.#parts.flatMap(({ kept, each }) => kept.map((value) => [value, each] as const));
    weighed.sort(([a], [b]) => a - b);
    return { usual: middleOf(weighed, which), frames };
  }
}

/** The middle of rising values with weights. */
function middleOf(weighed: readonly (readonly [value: number, weight: number])[], which: Middle): number | undefined {
  const total = weighed.reduce((sum, [, weight]) => sum + weight, 0);
  let below = 0;
  if (which === 'median')
    return weighed.find(([, weight]) => {
      below += weight;
      return below >= total / 2;
    })?.[0];
  const left = which === 'mean' ? 0 : total / 4;
  let sum = 0;
  for (const [value, weight] of weighed) {
    const [from, to] = [Math.max(below, left), Math.min(below + weight, total - left)];
    if (to > from) sum += value * (to - from);
    below += weight;
  }
  return total > 0 ? sum / (total - 2 * left) : undefined;
}
