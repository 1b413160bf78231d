/** The types of the messages of `ewald/worker`. */
/* Written by `npm run layout` from the names of the files of the rooms; do not edit. */
import '../../core/pi/calls.js';
import '../../serial/indexing/calls.js';

export type { WorkerCalls, WorkerReply, WorkerRequest } from '../../core/workers/messages.js';
