/**
 * Shows partial results as images during a run, throttled by the time they take, so that the run is hardly slowed down.
 */

import { checkedOptions, row } from '../../options/call-options.js';
import { expects } from '../../util/arguments.js';
import { awaited } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { list } from '../../util/options.js';
import type { ResultBuffer } from '../functions/buffers.js';
import type { LivePicture } from './picture.js';

/** Receives the images. */
export type PictureSink = (picture: LivePicture) => void | Promise<void>;
/**
 * `true`: every two-dimensional result, on the terminal. A function receives the images, as pages need it (`toRgba`); a
 * list selects results by name.
 */
export type PlotsOption =
  | boolean
  | PictureSink
  | {
      readonly show?: PictureSink | undefined;
      readonly channels?: readonly string[] | undefined;
      readonly minDelta?: number | undefined;
      /** What is shown of the results; default: those with two axes, by their names. */
      readonly pictures?: PicturesOf | undefined;
    };

/** Images of the results of all functions of a run. */
export type PicturesOf = (
  results: readonly Readonly<Record<string, ResultBuffer>>[],
) => readonly Omit<LivePicture, 'done' | 'final'>[];

/** Largest share of a run's time that images may take. */
const maxOfTime = 0.04;

/** What is shown of a run. */
interface ShownRun {
  readonly damage: Uint8Array;
  results(): readonly Record<string, ResultBuffer>[];
}

/** Images of one run. */
export class LivePlots {
  readonly #sink: PictureSink;
  readonly #channels: readonly string[] | undefined;
  readonly #minDelta: number;
  #next = 0;
  #late: ReturnType<typeof setTimeout> | undefined;
  /** The images that a timer shows, and the error of that. */
  #showing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  readonly #pictures: PicturesOf;

  constructor(
    sink: PictureSink,
    channels: readonly string[] | undefined,
    minDelta: number,
    pictures: PicturesOf = picturesOf,
  ) {
    this.#pictures = pictures;
    this.#sink = sink;
    this.#channels = channels;
    this.#minDelta = minDelta;
  }

  /**
   * Shows the current results, unless it is too soon; `isLive`: then they are shown later, since the detector may send
   * nothing more for a long time.
   */
  async show(run: ShownRun, isLive: boolean): Promise<void> {
    await this.#settled();
    const left = this.#next - performance.now();
    if (left <= 0) await this.#now(run);
    else if (isLive)
      this.#late = setTimeout(() => {
        this.#showing = this.#now(run).catch((error) => {
          this.#failure = { error };
        });
      }, left);
  }

  /** Shows the final results. */
  async finish(results: readonly Record<string, ResultBuffer>[], damage: Uint8Array): Promise<void> {
    await this.#settled();
    await this.#all(results, damage, true);
  }

  /** Ends what would be shown later. */
  async stop(): Promise<void> {
    clearTimeout(this.#late);
    await this.#showing;
  }

  async #settled(): Promise<void> {
    await this.stop();
    if (this.#failure) throw this.#failure.error;
  }

  async #now(run: ShownRun): Promise<void> {
    const started = performance.now();
    await this.#all(run.results(), run.damage, false);
    const took = performance.now() - started;
    this.#next = started + Math.max(this.#minDelta * 1000, took / maxOfTime);
  }

  async #all(results: readonly Record<string, ResultBuffer>[], damage: Uint8Array, final: boolean): Promise<void> {
    let sum = 0;
    for (const value of damage) sum += value;
    const done = damage.length === 0 ? 1 : sum / damage.length;
    for (const picture of this.#pictures(results))
      if (!this.#channels || this.#channels.includes(picture.title)) await this.#sink({ ...picture, done, final });
  }
}

/** Whether numbers can be drawn: reals of two axes. */
export const isDrawable = ({ shape, dtype }: { readonly shape: readonly number[]; readonly dtype: string }): boolean =>
  shape.length === 2 && (!/^c|64$/.test(dtype) || dtype === 'f64');

/** The results of two axes by the names of their buffers. */
const picturesOf: PicturesOf = (results) =>
  results.flatMap((buffers) =>
    Object.entries(buffers).flatMap(([title, buffer]) => {
      const [height = 0, width = 0] = buffer.shape;
      return isDrawable(buffer) ? [{ title, height, width, data: withGaps(buffer) }] : [];
    }),
  );

/** The numbers of an image: NaN at positions of the scan without a result, where the buffer has 0. */
function withGaps({ kind, dtype, data, validMask }: ResultBuffer): ArrayLike<number> {
  const numbers = data as Float64Array;
  if (kind !== 'nav' || !validMask.includes(0)) return numbers;
  const each = numbers.length / validMask.length;
  const out = dtype.startsWith('f') ? numbers.slice() : Float64Array.from(numbers);
  for (const [i, valid] of validMask.entries()) if (!valid) out.fill(Number.NaN, i * each, (i + 1) * each);
  return out;
}

/** The images requested for a run. */
export function plotsFor(option: PlotsOption | undefined): LivePlots | undefined {
  if (option === undefined || option === false) return undefined;
  const given = option === true ? {} : typeof option === 'function' ? { show: option } : option;
  expects(typeof given === 'object' && given !== null, 'plots', given, 'true, a function, or { show, channels, … }');
  const rows = { ...row.others('show', 'channels', 'pictures'), minDelta: row.number(0, 1e9, 0.1) };
  const { minDelta, ...checked } = checkedOptions('plots', given, rows);
  const show = awaited('plots: show', checked.show);
  const channels = list('plots: channels', checked.channels);
  if (!show && typeof process === 'undefined')
    throw new EwaldError('Argument', 'plots: there is no terminal here; pass a function that draws, with toRgba(data)');
  const sink = show ?? (async (picture: LivePicture) => (await import('./terminal.js')).showOnTerminal(picture));
  return new LivePlots(sink, channels, minDelta, checked.pictures);
}
