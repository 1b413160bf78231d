/** The rooms of a context, each with what it adds to one. A new room is a line in each list. */
import { type ArrayMethods, arrayRoom } from './arrays/room.js';
import { type FftMethods, fftRoom } from './fft/room.js';
import { type IndexingMethods, indexingRoom } from './indexing/room.js';
import { type PeaksMethods, peaksRoom } from './peaks/room.js';
import { type PiMethods, piRoom } from './pi/room.js';
import { type PipelineMethods, pipelineRoom } from './pipeline/room.js';
import { type UdfMethods, udfRoom } from './udf/room.js';

export interface RoomMethods
  extends PiMethods,
    IndexingMethods,
    FftMethods,
    PeaksMethods,
    PipelineMethods,
    UdfMethods,
    ArrayMethods {}

export const rooms = [piRoom, indexingRoom, fftRoom, peaksRoom, pipelineRoom, udfRoom, arrayRoom];
