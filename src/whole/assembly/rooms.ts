/**
 * The rooms of a context with their methods, and the context that has all of them. A new room adds a line to each list.
 */

import type { MaybeAsyncDisposable } from '../../base/resource.js';
import { type ArrayMethods, arrayRoom } from '../../core/arrays/room.js';
import type { ContextCore } from '../../core/context/context.js';
import { type PiMethods, piRoom } from '../../core/pi/room.js';
import { type DetectorMethods, detectorRoom } from '../../io/detector/room.js';
import { type IndexingMethods, indexingRoom } from '../../serial/indexing/room.js';
import { type MergingMethods, mergingRoom } from '../../serial/merging/room.js';
import { type PeaksMethods, peaksRoom } from '../../serial/peaks/room.js';
import type { LoadPlace } from '../../serial/pipeline/inputs/place.js';
import { type PipelineMethods, pipelineRoom } from '../../serial/pipeline/room.js';
import { type FftMethods, fftRoom } from '../../transforms/fft/room.js';
import { type UdfMethods, udfRoom } from '../../udf/room.js';

export interface RoomMethods
  extends PiMethods,
    IndexingMethods,
    FftMethods,
    DetectorMethods,
    PeaksMethods,
    PipelineMethods,
    UdfMethods,
    MergingMethods,
    ArrayMethods {}

/** The rooms of a context; `place` is what runs and merges need of the platform. */
export const roomsIn = (place: LoadPlace) => [
  piRoom,
  indexingRoom,
  fftRoom,
  detectorRoom,
  peaksRoom,
  pipelineRoom(place),
  udfRoom,
  mergingRoom(async (input) => (await place()).source(input)),
  arrayRoom,
];

/**
 * Holds open backends and everything planned on them. Created by `createContext`; end it with `dispose` or `await
 * using`.
 */
export interface ContextMethods extends ContextCore, RoomMethods {}
/** See {@link ContextMethods}; disposable by `await using` if the language version supports it. */
export type Context = ContextMethods & MaybeAsyncDisposable;
