/** Pixels that are bad in every frame, combined from the geometry, the masks it names, and the file's own mask. */

import { EwaldError, isEwaldError, messageOf } from '../../base/errors.js';
import type { Beam, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { badPixels, heightOf, reciprocalOf, widthOf } from '../../crystal/geometry/pixels.js';
import type { Dataset } from '../data/dataset.js';
import { frameSize } from './from-file.js';
import type { OpenOther } from './open-other.js';

/** Pixels that are bad in every frame: according to the geometry, its masks, and the file's own mask. */
export async function badEverywhere(
  geometry: Geometry,
  dataset: Dataset,
  file: string,
  openOther: OpenOther,
): Promise<Uint8Array> {
  const { width, height } = frameSize(dataset);
  const bad = badPixels(geometry, { fs: width, ss: height });
  mark(bad, await dataset.mask?.());
  const masks = new Map<string, Promise<ArrayLike<number>>>();
  const counted = new Map<string, { marked: number; pixels: number }>();
  for (const panel of geometry.panels)
    for (const { path, file: of, goodBits, badBits } of panel.masks) {
      const key = `${of ?? ''} ${path}`;
      if (!masks.has(key)) masks.set(key, readMask(of ?? file, path, width * height, openOther));
      const count = counted.get(key) ?? { marked: 0, pixels: 0 };
      counted.set(key, count);
      count.marked += markByBits(bad, (await masks.get(key)) ?? [], panel, width, goodBits >>> 0, badBits >>> 0);
      count.pixels += widthOf(panel) * heightOf(panel);
    }
  for (const [key, { marked, pixels }] of counted)
    if (marked > mostMarked * pixels)
      throw new EwaldError(
        'Format',
        `the mask ${key.trim()} marks ${Math.floor((100 * marked) / pixels)} % of the pixels of its panels as bad, ` +
          'as if good and bad were exchanged; check mask_good and mask_bad (for masks that are 0 where pixels are ' +
          'good: mask_good = 0x0 and mask_bad = 0xffff)',
      );
  return bad;
}

/** A mask that leaves less than a tenth of its panels is inverted. */
const mostMarked = 0.9;

/** Marks the pixels that a mask calls bad; returns how many. */
function markByBits(
  bad: Uint8Array,
  mask: ArrayLike<number>,
  { minFs, maxFs, minSs, maxSs }: Panel,
  width: number,
  good: number,
  wrong: number,
): number {
  let marked = 0;
  for (let ss = minSs; ss <= maxSs; ss++)
    for (let i = ss * width + minFs, end = ss * width + maxFs; i <= end; i++) {
      // Unsigned, because masks use up to 32 bits.
      const bits = (mask[i] as number) >>> 0;
      if ((bits & good) >>> 0 === good && (bits & wrong) === 0) continue;
      bad[i] = 1;
      marked++;
    }
  return marked;
}

/** Adds bad pixels to a mask. */
export function mark(bad: Uint8Array, more: Uint8Array | undefined): void {
  if (!more) return;
  for (let i = 0; i < more.length; i++) if (more[i] !== 0) bad[i] = 1;
}

async function readMask(file: string, path: string, pixels: number, openOther: OpenOther): Promise<ArrayLike<number>> {
  const mask = await openOther(file, path).catch((cause) => {
    if (isEwaldError(cause, 'Aborted')) throw cause;
    throw new EwaldError(
      'Format',
      `the mask ${path} of ${file}, which the geometry names, cannot be read: ${messageOf(cause)}; to work ` +
        'without it, remove its lines from the geometry',
      { cause },
    );
  });
  try {
    // The mask of a modular detector has more axes than an image.
    const frames = mask.frames * mask.frameLength === pixels ? mask.frames : 1;
    if (frames * mask.frameLength !== pixels)
      throw new EwaldError(
        'Shape',
        `the mask ${path} of ${file} has ${mask.frameLength} pixels; a frame has ${pixels}`,
      );
    return (await mask.read(0, frames)) as ArrayLike<number>;
  } finally {
    await mask.dispose();
  }
}

/** Marks the pixels beyond a resolution, 1/d in 1/Å. */
export function markBeyond(bad: Uint8Array, geometry: Geometry, beam: Beam, width: number, maxInverseD: number): void {
  for (const panel of geometry.panels)
    for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
      for (let fs = panel.minFs; fs <= panel.maxFs; fs++) {
        const q = reciprocalOf(panel, beam, fs - panel.minFs + 0.5, ss - panel.minSs + 0.5);
        if (Math.hypot(...q) > maxInverseD) bad[ss * width + fs] = 1;
      }
}
