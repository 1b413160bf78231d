/** What became of a frame, as it travels between processes and as who iterates over a run gets it: plain data. */

import type { EwaldErrorTag } from '../base/errors.js';
import type { Beam } from '../crystal/geometry/geometry.js';
import { formatChunk } from '../crystal/stream/write.js';
import type { PeakList } from '../peaks/peak-list.js';
import type { FrameOrigin } from './chunk.js';
import type { FrameCrystal, StageBackends, StageTimes } from './frame.js';
import type { FailedFrame, SearchedFrame } from './search-all.js';

/** A crystal without its reflections, which stand in the chunk. */
export type CrystalRecord = Omit<FrameCrystal, 'reflections'> & {
  /** Reflections that were measured; undefined: nothing was integrated. */
  readonly reflections: number | undefined;
};

/** A frame that is done. */
export interface FrameRecord {
  readonly origin: FrameOrigin;
  readonly hit: boolean;
  readonly peaks: PeakList;
  /** [count, 3] in 1/Å. */
  readonly spots: Float32Array;
  readonly crystals: readonly CrystalRecord[];
  readonly beam: Beam;
  readonly ms: StageTimes;
  readonly backends: StageBackends;
  /** Its chunk of a stream. */
  readonly chunk: string;
}

/** A frame that could not be read. */
export interface FrameFailure {
  readonly origin: FrameOrigin;
  readonly tag: EwaldErrorTag;
  readonly message: string;
}

/** A result and its chunk as plain data. */
export function recordOf({ origin, result, chunk }: SearchedFrame): FrameRecord {
  const crystals = result.crystals.map(({ reflections, ...crystal }) => ({
    ...crystal,
    reflections: reflections?.length,
  }));
  return { ...result, origin, crystals, chunk: formatChunk(chunk) };
}

/** A frame's error as it travels. */
export const failureOf = ({ origin, error }: FailedFrame): FrameFailure => ({
  origin,
  tag: error.tag,
  message: error.message,
});

export const isFailure = (item: FrameRecord | FrameFailure): item is FrameFailure => 'message' in item;
