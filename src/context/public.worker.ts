/** The types of the messages of `ewald/worker`. */
import '../pi/calls.js';
import '../indexing/calls.js';

export type { WorkerCalls, WorkerReply, WorkerRequest } from '../compute/workers/messages.js';
