/**
 * What has happened to a run that pages follow, and what was read of it about once a second, so that a page that is
 * opened in the morning shows the whole night.
 */

import type { RunEvent } from '../pipeline/events.js';
import { RunHistory, type SeriesMoment } from './watch/run-series.js';
import { type RunHappening, WatchedRun } from './watch/watched-run.js';

/** Time between two samples, ms. */
const sampleMs = 1000;

/** What is sampled. */
interface SampledRun {
  /** Milliseconds since the server was started. */
  readonly now: () => number;
  /** Number of finished frames. */
  readonly count: () => number;
  /** What the run has found so far, each in a few words. */
  readonly status: () => readonly string[];
  /** Called at each sample; returns means of the frames since the last one. */
  readonly means: () => Iterable<readonly [name: string, value: number]>;
}

export class LiveHistory {
  readonly #of: SampledRun;
  readonly #history = new RunHistory();
  readonly #run = new WatchedRun();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #arrived: { readonly arrived?: number | undefined; readonly lost?: number | undefined } = {};

  constructor(of: SampledRun) {
    this.#of = of;
  }

  /** Starts to sample. */
  begin(): void {
    this.#timer ??= setInterval(() => this.#sample(), sampleMs);
    // A viewer does not prevent the process of a finished run from ending.
    this.#timer.unref();
  }

  /** Ends with a last sample. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#sample();
  }

  happened(event: RunEvent): void {
    if (event.kind === 'prepared') return;
    if (event.kind !== 'progress') this.#mark(wordsOf(event));
    else if (event.stage === 'frames') this.#arrived = event.summary;
    else if (event.stage === 'start') this.#arrived = event.source;
  }

  since(at: number): SeriesMoment[] {
    return this.#history.since(at);
  }

  #mark(words: Words | undefined): void {
    if (words) this.#history.take({ at: this.#of.now(), text: words.text, isFault: words.isFault === true });
  }

  #sample(): void {
    const { now, count, status, means } = this.#of;
    const at = now();
    const { arrived, lost } = this.#arrived;
    for (const runHappening of this.#run.sample(at / 1000, { frames: count(), failed: 0, arrived, lost }))
      this.#mark(markOf[runHappening.event]?.(runHappening));
    const { lagS } = this.#run.summary;
    if (lagS !== undefined) this.#history.take({ at, name: 'lag', value: lagS });
    for (const [name, value] of means()) this.#history.take({ at, name, value });
    const text = status().join(' ');
    const [, merit] = /CC1\/2 (-?\d*\.\d+)/.exec(text) ?? [];
    if (merit !== undefined) this.#history.take({ at, name: 'merit', value: Number(merit) });
    const [, alarm] = /⚠ (.*?): /.exec(text) ?? [];
    this.#alarm(alarm);
  }

  #alarmed: string | undefined;
  #alarm(alarm: string | undefined): void {
    if (alarm === this.#alarmed) return;
    this.#mark(alarm === undefined ? { text: 'alarm over' } : { text: alarm, isFault: true });
    this.#alarmed = alarm;
  }
}

interface Words {
  readonly text: string;
  readonly isFault?: boolean;
}

/** What a sample shows, in the words of a mark. */
const markOf: Readonly<Record<string, (line: RunHappening) => Words>> = {
  'source-silent': () => ({ text: 'no frames arrive', isFault: true }),
  'source-back': () => ({ text: 'frames arrive again' }),
  'frames-lost': ({ frames }) => ({ text: `${frames} ${frames === 1 ? 'frame' : 'frames'} lost`, isFault: true }),
};

/** An event of a run in the words of a mark; undefined for one that is not marked. */
function wordsOf(event: Exclude<RunEvent, { readonly kind: 'progress' | 'prepared' }>): Words | undefined {
  switch (event.kind) {
    case 'tuned':
      return { text: 'peak search adjusted' };
    case 'cell':
      return event.cell ? { text: 'cell found' } : { text: 'no cell found', isFault: true };
    case 'geometry':
      return { text: `geometry refined: ${event.text}` };
    case 'detector':
      return { text: event.remarks.join('; '), isFault: true };
    case 'warning':
      // A mark has room for a few words: what happened, and not where.
      return { text: event.text.replace(/^[a-z]+:\/\/\S+?:? /, ''), isFault: true };
    case 'resumed':
      return { text: `resumed after frame ${event.after}` };
    case 'hits':
      return undefined;
    case 'failed':
      return { text: 'an output failed', isFault: true };
    default:
      return event.isWhole ? undefined : { text: 'the run stopped early', isFault: true };
  }
}
