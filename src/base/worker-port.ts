/** A worker as the house sees it, in browsers and on Node; what is said to one is in workers/messages.ts. */

/** A question or its answer, matched by number. */
export interface Numbered {
  readonly id: number;
}

/** A running worker of ewald. */
export interface WorkerPort {
  post(request: Numbered, transfer: ArrayBuffer[]): void;
  onReply(listener: (reply: Numbered) => void): void;
  /** Told when the worker could not be started or died. */
  onFailure(listener: (error: Error) => void): void;
  end(): Promise<void>;
}
