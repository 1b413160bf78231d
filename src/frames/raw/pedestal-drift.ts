/** How pixels without light move in a run of raw words, which tells whether its pedestals still hold. */

/** Photons by which they may move. */
const mostDrift = 0.1;

export class PedestalDrift {
  #first: number | undefined;
  #last: number | undefined;
  #frames = 0;

  /** Means over about ten frames each, of which one alone says little. */
  add(unlit: number | undefined): void {
    if (unlit === undefined) return;
    this.#frames++;
    const before = this.#last ?? unlit;
    this.#last = before + (unlit - before) / Math.min(10, this.#frames);
    if (this.#frames <= 10) this.#first = this.#last;
  }

  remarks(name: string): readonly string[] {
    const [first = 0, last = 0] = [this.#first, this.#last];
    if (Math.abs(last - first) <= mostDrift) return [];
    return [
      `${name}: pixels without light have moved from ${first.toFixed(2)} to ${last.toFixed(2)} photons: the pedestal ` +
        'drifts; take dark frames more often',
    ];
  }
}

/** Frames whose numbers wait for whoever asks, more than are read ahead of any search. */
const mostWaiting = 4096;

/** Medians of pixels without light of the latest frames, each until it is asked for; older ones are forgotten. */
export class UnlitFrames {
  readonly #medians = new Map<number, number>();

  get size(): number {
    return this.#medians.size;
  }

  add(frame: number, median: number): void {
    this.#medians.set(frame, median);
    const [oldest] = this.#medians.keys();
    if (this.#medians.size > mostWaiting && oldest !== undefined) this.#medians.delete(oldest);
  }

  take(frame: number): number | undefined {
    const median = this.#medians.get(frame);
    this.#medians.delete(frame);
    return median;
  }
}
