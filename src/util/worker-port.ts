/** What carries messages between threads; made by web-port.ts and thread-port.node.ts. */
import type { PlatformPort } from './globals.js';

/** What moves with a message instead of being copied. */
export type Transfer = readonly (ArrayBuffer | PlatformPort)[];

/** A way to another thread. */
export interface Port {
  /** Throws if the message cannot be cloned. */
  post(message: object, transfer?: Transfer): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** A running worker of ewald. */
export interface WorkerPort extends Port {
  /** Sets whether it keeps the process alive; absent where none does. */
  hold?(alive: boolean): void;
  /** Called after its last message when the worker has died, or when it could not be started. */
  onFailure(listener: (error: Error) => void): void;
  end(): Promise<void>;
}
