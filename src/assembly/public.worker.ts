/** The types of the messages of `ewald/worker`. */
import '../indexing/calls.js';
import '../pi/calls.js';

export type { WorkerCalls, WorkerReply, WorkerRequest } from '../workers/messages.js';
