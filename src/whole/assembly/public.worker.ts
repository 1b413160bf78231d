/** The types of the messages of `ewald/worker`. */
import '../../serial/indexing/calls.js';
import '../../core/pi/calls.js';

export type { WorkerCalls, WorkerReply, WorkerRequest } from '../../core/workers/messages.js';
