/** The types of the messages of `ewald/worker`. */
import '../../core/pi/calls.js';
import '../../serial/indexing/calls.js';

export type { WorkerCalls, WorkerReply, WorkerRequest } from '../../core/workers/messages.js';
