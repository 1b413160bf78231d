/**
 * Whether a file that is followed is still the one that was there before: another acquisition may be written under its
 * name, in its place or into it. Sizes, times and headers change while a file grows; frames that are there stay.
 * Workers compare the same frames, and the stream states their sums, so that a run that is resumed compares them, too.
 */

import type { Dataset } from '../../frames/dataset.js';
import { type FrameSums, hasFrames, sumOfFrame, sumsOfEnds } from '../../frames/frame-sums.js';
import { EwaldError } from '../../util/errors.js';

/** What followed files contained when they were seen first. */
export class SeenFrames {
  readonly #seen = new Map<string, FrameSums>();
  readonly #replaced = new Set<string>();

  /** Files whose name has been taken by another one. */
  get replaced(): readonly string[] {
    return [...this.#replaced];
  }

  isReplaced(file: string): boolean {
    return this.#replaced.has(file);
  }

  /** The frames by which a file is recognised. */
  sumsOf(file: string): FrameSums {
    return this.#seen.get(file) ?? [];
  }

  /** The sum of a frame by which its file is recognised; undefined for other frames. */
  sumOf(file: string, frame: number): number | undefined {
    return this.sumsOf(file).find(([one]) => one === frame)?.[1];
  }

  /** Adds what an earlier session of the run saw; returns whether what was seen in this one is the same. */
  expect(file: string, frame: number, sum: number): boolean {
    const now = this.sumOf(file, frame);
    if (now === undefined) this.#seen.set(file, [...this.sumsOf(file), [frame, sum]]);
    else if (now !== sum) this.#replaced.add(file);
    return now === undefined || now === sum;
  }

  /**
   * Compares a file that was opened again with what it was, or remembers it. Unless it `isFinal`, throws what reading its
   * last frame throws: it has not been written to its end.
   */
  async isSame(file: string, dataset: Dataset, isFinal = true): Promise<boolean> {
    const seen = this.#seen.get(file);
    const last = dataset.frames - 1;
    if (seen?.length) {
      const isIt = await hasFrames(dataset, seen);
      if (!isIt) this.#replaced.add(file);
      else if (!isFinal && last >= 0 && !seen.some(([frame]) => frame === last)) await sumOfFrame(dataset, last);
      return isIt;
    }
    this.#seen.set(file, await sumsOfEnds(dataset, isFinal ? undefined : sumOfFrame));
    return true;
  }

  /** Throws `File` if it is not the file that it was. */
  async check(file: string, dataset: Dataset): Promise<void> {
    if (!(await this.isSame(file, dataset))) throw replacedError(file);
  }
}

/** What is wrong with a file whose name was taken by another one. */
export const replacedError = (file: string): EwaldError =>
  new EwaldError(
    'File',
    `${file} was replaced while the run followed it: it begins with other frames than before; frames that were added ` +
      'since are not searched. Give each acquisition its own name, and search this one in a run of its own',
    { detail: { path: file } },
  );
