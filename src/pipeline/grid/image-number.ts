/** The number that a detector has given an image, by where the image comes from. */

import type { Dataset } from '../../frames/dataset.js';
import { EwaldError } from '../../util/errors.js';
import type { FrameOrigin } from '../streams/chunk.js';

/**
 * How the images of a source are counted: by their place in a file of many frames, whatever files of data it refers to;
 * by the number in the name of a file of one; or by what a detector states about each.
 */
export type ImageCount = 'frames' | 'names' | 'live';

/** An image by its detector; `series` is undefined if nothing names it. */
export interface NumberedImage {
  readonly image: number | undefined;
  readonly series: string | undefined;
}

/** How the images of files are counted: `first` is the first of them. */
export const countOf = (first: Dataset, files: number): ImageCount =>
  first.frames === 1 && (first.shape.nav.length === 0 || files > 1) ? 'names' : 'frames';

/** Number of the first image of a series: files are numbered from 1, frames and the images of a detector from 0. */
export const firstOf = (count: ImageCount): number => (count === 'names' ? 1 : 0);

/** The number in the name of a file, and the name without it: `lyso_1_00017.cbf.gz` is image 17 of `lyso_1_`. */
export function numberInName(file: string): NumberedImage {
  const name = file.replace(/^.*[\\/]/, '').replace(/\.(gz|bz2|xz|zst)$/i, '');
  // An ending may be the number itself, as in `frame.0017`.
  const stem = name.replace(/\.[a-z]\w*$/i, '');
  const [, series, digits] = /^(.*?)(\d{1,15})\D*$/.exec(stem.replace(/(\d)(\D*)$/, '$1$2')) ?? [];
  return digits === undefined ? { image: undefined, series: undefined } : { image: Number(digits), series };
}

/** The number of an image of a run. */
export function imageOf(count: ImageCount, { filename, event, image, series }: FrameOrigin): NumberedImage {
  if (count === 'live') return { image, series };
  return count === 'names' ? numberInName(filename) : { image: event ?? 0, series: filename };
}

/** Refuses files of data of one series, each of which counts from 0. Throws `Argument`. */
export function refuseDataFiles(files: readonly string[]): void {
  const parts = files.filter((file) => /_data_\d+\.\w+$/.test(file));
  if (parts.length < 2) return;
  const master = (parts[0] as string).replace(/_data_\d+(\.\w+)$/, '_master$1');
  throw new EwaldError(
    'Argument',
    `${parts[0]} and ${parts[1]} are parts of one series, and do not say which of its images they hold; give the file ` +
      `that refers to them, such as ${master}`,
  );
}
