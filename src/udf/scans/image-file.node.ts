/** Images of users, such as masks: .npy files, TIFF and PNG. */

import { readNpyFile } from '../../frames/files/npy.node.js';
import { readPng } from '../../frames/files/png.node.js';
import { readBytes } from '../../frames/files/read.js';
import type { NpyArray } from '../../frames/npy.js';
import { open } from '../../frames/opening.node.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';

/** What the name of an image ends with. */
export const imageEnding = /\.(npy|tiff?|png)$/i;

/** The numbers of an image, or of several of a TIFF; by its ending TIFF or PNG, else .npy. Throws `File`, `Format`. */
export async function readImageFile(file: string, signal?: PlatformSignal): Promise<NpyArray> {
  if (/\.png$/i.test(file)) return { ...readPng(await readBytes(file), file), complex: false };
  if (!/\.tiff?$/i.test(file)) return readNpyFile(file, signal);
  const images = await open(file, { signal });
  try {
    if (/^(c|u64|i64)/.test(images.dtype))
      throw new EwaldError(
        'Unsupported',
        `${file}: an image of ${images.dtype}; expected real numbers of at most 32 bits, or f64`,
      );
    // Viewers show such a picture inverted, and programs that compute read it as it is stored.
    if (images.meta.header?.photometric === 0)
      throw new EwaldError(
        'Unsupported',
        `${file} says that 0 is white (PhotometricInterpretation 0), so that it is open whether white or large numbers ` +
          'are meant; write it with 0 as black, or take the numbers that are stored: ewald convert FILE.tif -o FILE.npy',
      );
    const data = Float64Array.from((await images.read(0, images.frames)) as ArrayLike<number>);
    return {
      shape: images.frames === 1 ? images.shape.sig : [images.frames, ...images.shape.sig],
      data,
      complex: false,
    };
  } finally {
    await images.dispose();
  }
}

/**
 * The weights of a mask: of a picture that has two numbers, 0 and the largest of its type (255, 65535), the second is 1,
 * for editors of pictures have no other white.
 */
export function maskWeights(file: string, data: NpyArray['data']): NpyArray['data'] {
  if (/\.npy$/i.test(file)) return data;
  let white = 0;
  for (const value of data) white = Math.max(white, value);
  if (![255, 65535].includes(white) || data.some((value) => value !== 0 && value !== white)) return data;
  return data.map((value) => value / white);
}
