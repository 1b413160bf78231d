/**
 * A frame received over the network, with its additional values: plain data, presented as a dataset of one frame for
 * the search.
 */

import { bytesOfArray, type DataType, elementBytes, type FrameArray } from '../../bytes/dtype.js';
import { memorySource } from '../../bytes/sources/memory.js';
import { EwaldError } from '../../util/errors.js';
import type { Dataset, FieldValues, Metadata } from '../dataset.js';
import { memoryDataset } from '../formats/memory.js';
import { openFrames } from '../frames.js';
import type { LivePeaks, StreamFindings } from './stream-findings.js';

/** The number of an image by its detector. */
interface NumberedImage {
  /** Its number in its series, from 0, and the number of the series; absent if the message states none. */
  readonly image?: number | undefined;
  readonly series?: number | undefined;
  /** How often this series has begun, if more than once. */
  readonly times?: number | undefined;
}

/** A message that contains no frame, and the reason. */
export interface UnreadFrame extends NumberedImage {
  readonly error: string;
}

/** A frame in transit. */
export interface LiveFrame extends NumberedImage {
  /** The pixels, [ss, fs]. */
  readonly numbers: FrameArray;
  readonly dtype: DataType;
  readonly shape: readonly [height: number, width: number];
  /** Numbers that the geometry refers to, by path. */
  readonly values: Readonly<Record<string, number>>;
  /** Fields that a run copies into its stream, by name; absent without any. */
  readonly fields?: Readonly<Record<string, FieldValues>> | undefined;
  /** Peaks received with it, relative to the centre of the first pixel, as in CrystFEL. */
  readonly peaks: LivePeaks | undefined;
  /** What the analysis of the detector has sent with it. */
  readonly findings?: StreamFindings | undefined;
  readonly meta: Metadata;
  /** The mask of pixels without a count: 1 where bad. */
  readonly mask: Uint8Array | undefined;
}

/** The frame as a separate dataset. */
export function liveDataset(
  { numbers, dtype, shape, fields = {}, peaks, findings, meta, mask }: LiveFrame,
  name: string,
): Dataset {
  const source = memorySource(bytesOfArray(numbers), name);
  const bytes = shape[0] * shape[1] * elementBytes(dtype);
  return openFrames(source, {
    format: 'live',
    shape: { nav: [], sig: [...shape] },
    dtype,
    meta,
    storedBytes: bytes,
    stride: bytes,
    locate: () => ({ source, offset: 0, run: 1 }),
    ...(mask ? { mask: async () => mask } : {}),
    field: async (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
    async peaks(_, __, { halfPixel = true } = {}) {
      if (!peaks)
        throw new EwaldError(
          'Format',
          `${name} was received without peaks; set peak_list in the geometry to their key, or let the detector's analysis send them`,
        );
      const shift = halfPixel ? 0.5 : 0;
      const moved = (list: readonly number[]): Float32Array => Float32Array.from(list, (x) => x + shift);
      return {
        counts: Uint32Array.of(peaks.fs.length),
        fs: moved(peaks.fs),
        ss: moved(peaks.ss),
        intensity: Float32Array.from(peaks.intensity),
        ...(findings?.of !== undefined && { of: findings.of }),
      };
    },
  });
}

/** A number received with the frame, as the detector of a run reads it. Throws `Format`. */
export function liveNumber({ values }: LiveFrame, name: string, path: string): Dataset {
  const value = values[path];
  if (value === undefined) throw new EwaldError('Format', `${name} was received without ${path}`);
  return memoryDataset(Float64Array.of(value), { sigShape: [1], name });
}
