/** Partial results as pictures while a run goes on: throttled by the time they take, so that the run is hardly slower. */
import type { ResultBuffer } from '../buffers.js';
import type { Run } from '../run.js';
import type { LivePicture } from './picture.js';

/** Where pictures go. */
export type PictureSink = (picture: LivePicture) => void | Promise<void>;
/** `true`: every two-dimensional result, on the terminal or in the page. A function gets the pictures; a list names results. */
export type PlotsOption =
  | boolean
  | PictureSink
  | { readonly show?: PictureSink; readonly channels?: readonly string[]; readonly minDelta?: number };

/** Share of a run's time that pictures may take. */
const mostOfTime = 0.04;

/** Pictures of one run. */
export class LivePlots {
  readonly #sink: PictureSink;
  readonly #channels: readonly string[] | undefined;
  readonly #minDelta: number;
  #next = 0;

  constructor(sink: PictureSink, channels: readonly string[] | undefined, minDelta: number) {
    this.#sink = sink;
    this.#channels = channels;
    this.#minDelta = minDelta;
  }

  /** Shows what is there, unless it is too soon. */
  async show(results: () => readonly Record<string, ResultBuffer>[], damage: Uint8Array): Promise<void> {
    const started = performance.now();
    if (started < this.#next) return;
    await this.#all(results(), damage, false);
    const took = performance.now() - started;
    this.#next = started + Math.max(this.#minDelta * 1000, took / mostOfTime);
  }

  /** Shows the end. */
  async finish(results: readonly Record<string, ResultBuffer>[], damage: Uint8Array): Promise<void> {
    await this.#all(results, damage, true);
  }

  async #all(results: readonly Record<string, ResultBuffer>[], damage: Uint8Array, final: boolean): Promise<void> {
    let sum = 0;
    for (const value of damage) sum += value;
    const done = damage.length === 0 ? 1 : sum / damage.length;
    for (const buffers of results)
      for (const [name, buffer] of Object.entries(buffers)) {
        if (this.#channels ? !this.#channels.includes(name) : false) continue;
        const [height, width] = buffer.shape;
        if (buffer.shape.length !== 2 || height === undefined || width === undefined) continue;
        if (/^c|64$/.test(buffer.dtype) && buffer.dtype !== 'f64') continue;
        await this.#sink({ title: name, height, width, data: buffer.data as ArrayLike<number>, done, final });
      }
  }
}

/** The pictures that a run is asked for. */
export function plotsFor(option: PlotsOption | undefined, _run: Run): LivePlots | undefined {
  if (!option) return undefined;
  if (typeof option === 'function') return new LivePlots(option, undefined, 0.1);
  const { show, channels, minDelta = 0.1 } = option === true ? {} : option;
  const sink = show ?? ((picture: LivePicture) => defaultSink(picture));
  return new LivePlots(sink, channels, minDelta);
}

async function defaultSink(picture: LivePicture): Promise<void> {
  if (typeof document !== 'undefined') (await import('./canvas.js')).showOnPage(picture);
  else (await import('./terminal.js')).showOnTerminal(picture);
}
