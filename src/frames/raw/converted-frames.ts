/** Frames that are converted pixel by pixel as they are read: a dataset over another one. */

import { allocateFrames, arrayNames, type DataType, type FrameArray, isArrayOf, wordsOf } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { changedFiles, type Dataset, imageNumbers, type Metadata, type Note, unlitOf } from '../dataset.js';

/** How frames are converted. */
export interface Conversion {
  readonly dtype: DataType;
  readonly meta: Metadata;
  readonly notes: readonly Note[];
  /** Pixels that are bad in all frames, besides those of the file. */
  readonly bad: Uint8Array;
  /** Converts one frame. Throws `Format` for one that cannot be. */
  readonly convert: (frame: FrameArray, out: FrameArray, number: number) => void;
  /** See `unlitOf`. */
  readonly unlit?: (frame: number) => number | undefined;
  /** What is said at the end. */
  readonly remarks?: () => readonly string[];
  /** Lets go of what converting takes. */
  readonly release?: () => Promise<void>;
}

/** The converted frames of a dataset, which it owns. */
export function convertedFrames(
  file: Dataset,
  { dtype, meta, notes, bad, convert, unlit, remarks, release }: Conversion,
): Dataset {
  const { frameLength } = file;
  /** Memory of frames as they are in the file, used again. */
  const free: FrameArray[] = [];
  const read: Dataset['read'] = async (first, count, into, options) => {
    const length = count * frameLength;
    if (into !== undefined && (!isArrayOf(into, dtype) || into.length < length))
      throw new EwaldError(
        'Shape',
        `${file.name}: into has ${into.length} elements of ${into.constructor.name}; expected ${length} of ${arrayNames(dtype)}`,
      );
    const out = into ? wordsOf(into) : undefined;
    let made = out;
    for (let i = 0; i < count; i++) {
      const frame = await file.read(first + i, 1, free.pop(), options);
      made ??= allocateFrames(dtype, length);
      convert(frame, made.subarray(i * frameLength, (i + 1) * frameLength) as FrameArray, first + i);
      free.push(frame);
    }
    return made ?? allocateFrames(dtype, 0);
  };
  const changes = async (): Promise<readonly string[]> => [
    ...((await file[changedFiles]?.()) ?? []),
    ...(remarks?.() ?? []),
  ];
  return {
    format: file.format,
    name: file.name,
    shape: file.shape,
    dtype,
    frames: file.frames,
    frameLength,
    meta,
    notes: [...file.notes, ...notes],
    arrays: file.arrays,
    sizes: file.sizes,
    filters: file.filters,
    chunkFrames: file.chunkFrames,
    groups: file.groups,
    events: file.events,
    maskVaries: file.maskVaries,
    peakList: file.peakList,
    partitions: (bytes) => file.partitions(bytes),
    read,
    mask: async (options) => {
      const own = await file.mask?.(options);
      return own ? own.map((one, i) => (one || bad[i] ? 1 : 0)) : bad.slice();
    },
    ...(file.openOther && {
      openOther: (path, other) => (file.openOther as NonNullable<typeof file.openOther>)(path, other),
    }),
    ...(file.peaks && { peaks: (...given) => (file.peaks as NonNullable<typeof file.peaks>)(...given) }),
    ...(file.field && { field: (name) => (file.field as NonNullable<typeof file.field>)(name) }),
    [imageNumbers]: file[imageNumbers],
    ...(unlit && { [unlitOf]: unlit }),
    [changedFiles]: changes,
    dispose: async () => {
      await file.dispose();
      await release?.();
    },
  };
}
