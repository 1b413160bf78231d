/** Answers of a merge that goes on: when to merge again, and the time to the goals of a run whose frames arrive. */
import type { Likely, WantedAnswer } from './answers.js';

/** How far back the rate of crystals looks, s, in how many parts, and the time without a crystal that is a pause. */
const [windowS, parts, pauseS] = [600, 20, 60];
/** Time between two merges of a live run, s, and the share of the time that merges may take. */
const [betweenS, maxShare] = [60, 0.1];
/** Errors by which ranges reach, as in the answers. */
const reach = 1.2;

interface Sample {
  readonly s: number;
  readonly crystals: number;
}

/** The crystals of a run over time. */
export class CrystalRate {
  readonly #samples: Sample[] = [];
  #lastCrystalS = 0;

  /** The number of crystals at a time, s. */
  add(s: number, crystals: number): void {
    const last = this.#samples.at(-1);
    if (crystals > (last?.crystals ?? 0)) this.#lastCrystalS = s;
    const before = this.#samples.at(-2);
    // One sample a second is enough; the last one is always that of now.
    if (last && before && s - before.s < 1) this.#samples.pop();
    this.#samples.push({ s, crystals });
    while ((this.#samples[1]?.s ?? Number.POSITIVE_INFINITY) <= s - windowS) this.#samples.shift();
  }

  /** Crystals a minute and the relative error of that; in words why nothing is said. */
  at(s: number): { readonly perMinute: number; readonly error: number } | string {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || s - first.s < pauseS) return 'frames have arrived for less than a minute';
    const quiet = s - this.#lastCrystalS;
    const count = last.crystals - first.crystals;
    const seconds = s - first.s;
    // Rare crystals may be far apart.
    if (count === 0 || quiet > Math.max(pauseS, (10 * seconds) / count))
      return `no crystal has come for ${quiet < 120 ? `${Math.round(quiet)} s` : `${Math.round(quiet / 60)} min`}`;
    return { perMinute: (60 * count) / seconds, error: Math.sqrt(this.#dispersion(first.s, s) / count) };
  }

  /** Variance over mean of the crystals in parts of the window, at least 1: jets and chips come in runs. */
  #dispersion(fromS: number, toS: number): number {
    const counts = new Array<number>(parts).fill(0);
    for (const [i, { s, crystals }] of this.#samples.entries()) {
      const before = this.#samples[i - 1];
      if (!before) continue;
      const part = Math.min(parts - 1, Math.floor((parts * (s - fromS)) / (toS - fromS)));
      counts[part] = (counts[part] as number) + crystals - before.crystals;
    }
    const mean = counts.reduce((a, b) => a + b, 0) / parts;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (parts - 1);
    return mean > 0 ? Math.max(1, variance / mean) : 1;
  }
}

/** Answers and merges of a run that goes on. */
export class RunningAnswers {
  readonly #isLive: boolean;
  readonly #rate = new CrystalRate();
  #answers: readonly WantedAnswer[] = [];
  #next: number;
  #last = { s: 0, tookS: 0, crystals: 0 };
  #now: Sample = { s: 0, crystals: 0 };

  /** The first merge is that of so many crystals. */
  constructor(isLive: boolean, first: number) {
    this.#isLive = isLive;
    this.#next = first;
  }

  /** Takes the number of crystals at a time; returns whether they should be merged. */
  isDue(s: number, crystals: number): boolean {
    this.#now = { s, crystals };
    this.#rate.add(s, crystals);
    if (crystals >= this.#next) return true;
    const { s: before, tookS, crystals: merged } = this.#last;
    return this.#isLive && merged > 0 && crystals > merged && s - before >= Math.max(betweenS, tookS / maxShare);
  }

  /** A merge of so many crystals has begun. */
  begin(s: number, crystals: number): void {
    this.#next = Math.ceil(1.2 * crystals);
    this.#last = { s, tookS: 0, crystals };
  }

  end(s: number, answers: readonly WantedAnswer[] = []): void {
    this.#last = { ...this.#last, tookS: s - this.#last.s, s };
    this.#answers = answers;
  }

  /** The answers of the last merge with the time that is left. */
  at(s: number): readonly WantedAnswer[] {
    if (!this.#isLive) return this.#answers;
    const rate = this.#rate.at(s);
    return this.#answers.map((answer) => {
      const { needed } = answer;
      if (!needed) return answer;
      if (typeof rate === 'string') return { ...answer, noTime: rate };
      return { ...answer, minutesToGo: this.#minutes(needed, rate) };
    });
  }

  #minutes({ likely, least, most }: Likely, { perMinute, error }: { perMinute: number; error: number }): Likely {
    const minutes = (crystals: number, factor: number): number =>
      Math.max(0, crystals - this.#now.crystals) / (perMinute * factor);
    return {
      likely: minutes(likely, 1),
      least: minutes(least, 1 + reach * error),
      most: minutes(most, Math.max(0.1, 1 - reach * error)),
    };
  }
}
