/** Questions to a worker and their answers, matched by number. */
import { EwaldError } from '../errors.js';
import type { WorkerRequest } from './messages.js';
import type { WorkerPort } from './port.js';

type Waiting = { resolve(value: unknown): void; reject(error: unknown): void };

/** A worker that is asked things. When it dies everything that waits is rejected, and so is whatever is asked later. */
export class WorkerClient {
  readonly #port: WorkerPort;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: Error | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    port.onReply((reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new EwaldError(reply.error.tag, reply.error.message));
      else waiting?.resolve(reply.value);
    });
    port.onFailure((error) => {
      this.#failure = error;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** Asks; buffers in `transfer` move to the worker. */
  ask(call: WorkerRequest['call'], options?: unknown, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.post({ id, call, options }, transfer);
    });
  }

  /** Ends the worker. */
  end(): Promise<void> {
    return this.#port.end();
  }
}
