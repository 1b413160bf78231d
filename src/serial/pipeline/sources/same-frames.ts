/**
 * Whether a file that is followed is still the one that was there before: another acquisition may be written under its
 * name, in its place or into it. Sizes, times and headers change while a file grows; frames that are there stay.
 */

import { crc32 } from '../../../base/crc32.js';
import { EwaldError } from '../../../base/errors.js';
import type { Dataset } from '../../../io/data/dataset.js';

/** Some frames of a file: their numbers and sums of their bytes. */
type Sums = readonly (readonly [frame: number, sum: number])[];

/** What followed files contained when they were seen first. */
export class SeenFrames {
  readonly #seen = new Map<string, Sums>();
  readonly #replaced = new Set<string>();

  /** Files whose name has been taken by another one. */
  get replaced(): readonly string[] {
    return [...this.#replaced];
  }

  isReplaced(file: string): boolean {
    return this.#replaced.has(file);
  }

  /** Compares a file that was opened again with what it was, or remembers it. */
  async isSame(file: string, dataset: Dataset): Promise<boolean> {
    const seen = this.#seen.get(file);
    if (seen?.length) {
      for (const [frame, sum] of seen) {
        const now = frame < dataset.frames ? await sumOf(dataset, frame) : undefined;
        // A frame that cannot be read now is reported when it is searched.
        if (now !== undefined && now !== sum) {
          this.#replaced.add(file);
          return false;
        }
      }
      return true;
    }
    const sums: [number, number][] = [];
    for (const frame of new Set([0, dataset.frames - 1])) {
      const sum = frame >= 0 ? await sumOf(dataset, frame) : undefined;
      if (sum !== undefined) sums.push([frame, sum]);
    }
    this.#seen.set(file, sums);
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

async function sumOf(dataset: Dataset, frame: number): Promise<number | undefined> {
  const numbers = await dataset.read(frame, 1).catch(() => undefined);
  return numbers && crc32(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
}
