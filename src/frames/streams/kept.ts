/** Keeps received frames that will be shown at the end of the run, because they cannot be read again. */

import { EwaldError } from '../../util/errors.js';
import type { Dataset } from '../dataset.js';
import { type LiveFrame, liveDataset, liveNumber } from './frame.js';

export class KeptFrames {
  readonly #frames = new Map<number, LiveFrame>();

  /** Keeps a frame until `only` discards it. */
  put(number: number, frame: LiveFrame): void {
    this.#frames.set(number, frame);
  }

  /** Discards the frames up to `done`, which is finished, except for those in `numbers`. */
  only(numbers: ReadonlySet<number>, done: number): void {
    for (const number of this.#frames.keys()) if (number <= done && !numbers.has(number)) this.#frames.delete(number);
  }

  /** Number of frames kept. */
  get count(): number {
    return this.#frames.size;
  }

  /** A frame as a dataset with a unique name. */
  dataset(number: number): Dataset {
    return liveDataset(this.#frameOf(number), `frame //${number}`);
  }

  /** A number received with the frame of `dataset`. */
  value(name: string, path: string): Dataset {
    return liveNumber(this.#frameOf(Number(/\/\/(\d+)$/.exec(name)?.[1])), name, path);
  }

  #frameOf(number: number): LiveFrame {
    const frame = this.#frames.get(number);
    if (!frame) throw new EwaldError('Internal', `frame //${number} is not kept`);
    return frame;
  }
}
