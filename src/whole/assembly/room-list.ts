/** The rooms of a context, and their methods. */
import { type ArrayMethods, arrayRoom } from '../../core/arrays/room.js';
import { type PiMethods, piRoom } from '../../core/pi/room.js';
import { type DetectorMethods, detectorRoom } from '../../io/detector/room.js';
import { type IndexingMethods, indexingRoom } from '../../serial/indexing/room.js';
import { type MergingMethods, mergingRoom } from '../../serial/merging/room.js';
import { type PeaksMethods, peaksRoom } from '../../serial/peaks/room.js';
import { type PipelineMethods, pipelineRoom } from '../../serial/pipeline/room.js';
import { type FftMethods, fftRoom } from '../../transforms/fft/room.js';
import { type UdfMethods, udfRoom } from '../../udf/room.js';

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
