/** A worker as the house sees it, in browsers and on Node. */
import type { WorkerReply, WorkerRequest } from './messages.js';

/** A running worker of ewald; see messages.ts for what is said. */
export interface WorkerPort {
  post(request: WorkerRequest, transfer: ArrayBuffer[]): void;
  onReply(listener: (reply: WorkerReply) => void): void;
  /** Told when the worker could not be started or died. */
  onFailure(listener: (error: Error) => void): void;
  end(): Promise<void>;
}
