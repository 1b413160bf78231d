/** Regions of a scan as people write them. */

import type { SliceOptions } from '../../options/frame-slice.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { imageEnding } from './image-file.node.js';
import { readShapedNpy } from './npy-shape.node.js';
import type { Roi } from './roi.js';
import { rangesOf } from './roi-ranges.js';
import type { Scan } from './scan.js';

/** The region of a run: `--roi`, or the positions that `--first` or `--frames` selects. Throws `Argument`, `File`. */
export async function runRegion(
  { roi, first, frames }: SliceOptions & { readonly roi?: string | undefined },
  scan: Scan,
  signal: PlatformSignal,
): Promise<Roi | undefined> {
  if (first === undefined && frames === undefined) return roiOf('--roi', roi, scan, signal);
  if (roi === undefined) return { first, frames };
  throw new EwaldError('Argument', '--roi selects frames, as --first and --frames do; give one of them');
}

/** `3,17`, `0:10,5:20`, or a .npy, TIFF or PNG file; `flag` is its name in messages. Throws `Argument`, `File`. */
export async function roiOf(
  flag: string,
  text: string | undefined,
  { shape: { nav } }: Scan,
  signal: PlatformSignal,
): Promise<Roi | undefined> {
  if (text === undefined) return undefined;
  if (imageEnding.test(text)) {
    const marked = await readShapedNpy(flag, text, nav, signal);
    if (!marked.some(Boolean)) throw new EwaldError('Argument', `${flag}: ${text} marks no position of the scan`);
    return marked;
  }
  const ranges = rangesOf(flag, text, nav, ', or a .npy, TIFF or PNG file');
  const mask = new Uint8Array(nav.reduce((size, n) => size * n, 1));
  for (let flat = 0; flat < mask.length; flat++) {
    let left = flat;
    let inside = true;
    for (let axis = nav.length - 1; axis >= 0; axis--) {
      const at = left % (nav[axis] as number);
      left = Math.floor(left / (nav[axis] as number));
      const [low, high] = ranges[axis] as readonly [number, number];
      inside &&= at >= low && at < high;
    }
    mask[flat] = inside ? 1 : 0;
  }
  return mask;
}
