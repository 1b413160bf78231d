/** Writes the frames of any dataset to an HDF5 file: NeXus, and NXmx for a series of images. */

import type { Codecs } from '../bytes/codecs/codecs.js';
import type { FrameArray } from '../bytes/dtype.js';
import { type Hdf5Sink, Hdf5Writer, type Packing } from '../hdf5/writer.js';
import { EwaldError } from '../util/errors.js';
import type { Dataset } from './dataset.js';
import { nxmxTree } from './hdf5/nxmx.js';
import type { OpenOptions } from './open.js';

/** A file being written. */
interface Hdf5Frames {
  /** Appends whole frames. */
  write(frames: FrameArray): Promise<void>;
  /** Writes the metadata and completes the file; returns its size in bytes. */
  finish(): Promise<number>;
  /** The options of `open` that give the same axes again, if the file cannot store them. */
  readonly reopen: OpenOptions | undefined;
}

/**
 * Starts a file of the frames that `described` describes; `codecs` compress them and remain the caller's.
 *
 * Throws `Unsupported` for frames without elements, `Limit` for frames of 2 GiB and more.
 */
export async function beginHdf5Frames(
  sink: Hdf5Sink,
  codecs: Codecs,
  { shape, dtype, frames, meta }: Pick<Dataset, 'shape' | 'dtype' | 'frames' | 'meta'>,
  options: { readonly packing?: Packing | undefined; readonly mask?: Uint8Array | undefined } = {},
): Promise<Hdf5Frames> {
  const { nav: navigation, sig: signal } = shape;
  if (frames < 1 || signal.length === 0 || signal.some((n) => n < 1))
    throw new EwaldError(
      'Unsupported',
      `${frames} frames of ${signal.join(' × ') || 'no axes'} cannot be written as HDF5; write .npy or .raw`,
    );
  const writer = await Hdf5Writer.create(sink, codecs);
  // A single image is a series of one: readers of NXmx expect the axis of frames.
  const series = writer.series({
    frames,
    navigation: navigation.length > 0 ? navigation : [frames],
    signal,
    dtype,
    packing: options.packing,
  });
  return {
    write: (data) => series.write(data),
    finish: () => writer.finish(nxmxTree({ frames: series, meta, mask: options.mask }), { default: 'entry' }),
    reopen: signal.length > 2 ? { sigShape: signal } : undefined,
  };
}
