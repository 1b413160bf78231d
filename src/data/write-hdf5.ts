/** Frames of any dataset as an HDF5 file of ours: NeXus, NXmx where they are a series of pictures. */
import { EwaldError } from '../base/errors.js';
import type { Codecs } from './codecs/codecs.js';
import type { Dataset } from './dataset.js';
import type { FrameArray } from './dtype.js';
import { nxmxTree } from './hdf5/nxmx.js';
import { type Hdf5Sink, Hdf5Writer, type Packing } from './hdf5/writer.js';
import type { OpenOptions } from './open.js';

export const packings: readonly Packing[] = ['bitshuffle', 'gzip', 'none'];

/** A file under way. */
export interface Hdf5Frames {
  /** Appends whole frames. */
  write(frames: FrameArray): Promise<void>;
  /** Writes what is said beside the frames and makes the file whole; answers its size in bytes. */
  finish(): Promise<number>;
  /** The options of `open` that give the same axes again, where the file cannot say them. */
  readonly reopen: OpenOptions | undefined;
}

/**
 * Begins a file of the frames that `described` tells; `codecs` pack them and stay the caller's.
 *
 * Throws `Unsupported` for frames without elements, `Limit` for frames of 2 GiB and more.
 */
export async function beginHdf5Frames(
  sink: Hdf5Sink,
  codecs: Codecs,
  { shape, dtype, frames, meta }: Pick<Dataset, 'shape' | 'dtype' | 'frames' | 'meta'>,
  options: { readonly packing?: Packing | undefined; readonly mask?: Uint8Array | undefined } = {},
): Promise<Hdf5Frames> {
  const { navigation, signal } = shape;
  if (frames < 1 || signal.length === 0 || signal.some((n) => n < 1))
    throw new EwaldError(
      'Unsupported',
      `${frames} frames of ${signal.join(' × ') || 'no axes'} cannot be written as HDF5; write .npy or .raw`,
    );
  const writer = await Hdf5Writer.create(sink, codecs);
  // A single picture is a series of one: what reads NXmx expects the axis of frames.
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
