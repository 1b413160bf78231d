/** The images of files by the numbers of their detector, as far as they are known before the run. */

import type { Dataset } from '../../frames/dataset.js';
import type { ImageRange } from '../chip/grid.js';
import { type ImageCount, numberInName, refuseDataFiles } from '../grid/image-number.js';
import { isSelected, type Selection } from './selection.js';
import type { FrameSpec } from './source.js';

interface CountedFiles {
  readonly count: ImageCount;
  readonly selection: Selection;
  /** Frames of a file; undefined if they have not been counted. */
  readonly framesOf: (file: string) => number | undefined;
  /** The first file that can be opened. */
  readonly first: Dataset;
  /** Whether more files or frames may come. */
  readonly isOpen: boolean;
}

/** What a file that is being written says about the number of its images. */
const announced = /^frames \(nimages/;

/**
 * The ranges of the images of each series that are selected, of whatever shard. Throws `Argument` for files that do not
 * tell which images they hold.
 */
export function rangesOfFiles(files: readonly FrameSpec[], counted: CountedFiles): ImageRange[] {
  const { count, selection, framesOf, first, isOpen } = counted;
  if (count === 'frames') refuseDataFiles(files.map(({ file }) => file));
  const all: Selection = { range: selection.range, shard: undefined };
  const ranges = new Map<string, ImageRange>();
  let position = 0;
  const add = (image: number, series: string): void => {
    if (!isSelected(all, position++)) return;
    const before = ranges.get(series);
    const [low, high] = [before?.first ?? image, before?.last ?? image];
    ranges.set(series, { first: Math.min(low, image), last: Math.max(high, image), of: series });
  };
  for (const { file, frames, dataset } of files) {
    if (count === 'names') {
      const { image, series = '' } = numberInName(file);
      // Each frame says by itself what its name lacks.
      if (image !== undefined) add(image, `${file.replace(/[^\\/]*$/, '')}${series}…`);
      continue;
    }
    const own = dataset?.frames ?? framesOf(file);
    const stated = isOpen && file === first.name ? first.sizes.find(({ what }) => announced.test(what)) : undefined;
    // How many frames the files before it have, and so which of its own are selected, is not known.
    const known = frames?.length ?? Math.max(own ?? 0, stated?.expected ?? 0);
    if (known === 0) return [...ranges.values()];
    for (let i = 0; i < known; i++) add(frames?.[i] ?? i, file);
  }
  return [...ranges.values()];
}
