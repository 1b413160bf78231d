/** Questions to a worker and their answers, matched by number. */
import { EwaldError } from '../errors.js';
import type { WorkerRequest } from './messages.js';
import type { WorkerPort } from './port.js';

type Waiting = { resolve(value: unknown): void; reject(error: unknown): void };

/** A worker that is asked things. When it dies everything that waits is rejected, and so is whatever is asked later. */
export class WorkerClient {
  /** Milliseconds until a worker must have answered that it is there: a script that is not ewald's never does. */
  static startLimit = 60_000;
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
    port.onFailure((error) => this.#fail(error));
    this.#expectAnswer();
  }

  // Messages are answered in order, so the first one tells whether anybody listens, however long the others take.
  #expectAnswer(): void {
    const limit = WorkerClient.startLimit;
    const timer = setTimeout(() => {
      this.#fail(
        new EwaldError(
          'Load',
          `the worker did not answer within ${limit / 1000} s; is its script the one of this package (createContext({ worker }))?`,
        ),
      );
      this.end().catch(() => undefined);
    }, limit);
    this.ask('alive')
      .catch(() => undefined)
      .finally(() => clearTimeout(timer));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
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
