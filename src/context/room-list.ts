/** The rooms of a context, and their methods. */
import { type ArrayMethods, arrayRoom } from '../compute/arrays/room.js';
import { type FftMethods, fftRoom } from '../fft/room.js';
import { type DetectorMethods, detectorRoom } from '../frames/detector/room.js';
import { type IndexingMethods, indexingRoom } from '../indexing/room.js';
import { type MergingMethods, mergingRoom } from '../merging/room.js';
import { type PeaksMethods, peaksRoom } from '../peaks/room.js';
import { type PiMethods, piRoom } from '../pi/room.js';
import { type PipelineMethods, pipelineRoom } from '../pipeline/room.js';
import { type UdfMethods, udfRoom } from '../udf/room.js';

export interface RoomMethods
  extends ArrayMethods,
    PiMethods,
    DetectorMethods,
    FftMethods,
    PeaksMethods,
    IndexingMethods,
    MergingMethods,
    PipelineMethods,
    UdfMethods {}

export const roomList = [
  arrayRoom,
  piRoom,
  detectorRoom,
  fftRoom,
  peaksRoom,
  indexingRoom,
  mergingRoom,
  pipelineRoom,
  udfRoom,
] as const;
