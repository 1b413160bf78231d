/** A worker, in browsers and on Node; its messages are defined in workers/messages.ts. */

/** A request or its reply, matched by number. */
export interface Numbered {
  readonly id: number;
}

/** A running worker of ewald. */
export interface WorkerPort {
  post(request: Numbered, transfer: ArrayBuffer[]): void;
  onReply(listener: (reply: Numbered) => void): void;
  /** Called when the worker could not be started or died. */
  onFailure(listener: (error: Error) => void): void;
  end(): Promise<void>;
}
