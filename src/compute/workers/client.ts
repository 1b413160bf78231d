/** The calls of a worker, and whether it runs at all. */
import { EwaldError, errorFromPlain } from '../../util/errors.js';
import { Caller } from '../../util/port-calls.js';
import type { Transfer, WorkerPort } from '../../util/worker-port.js';
import type { WorkerCall, WorkerCalls } from './messages.js';

/** The client of a worker. When the worker dies, all pending and future requests are rejected. */
export class WorkerClient {
  /** Milliseconds within which a worker must first reply: a script that is not ewald's never does. */
  static startLimit = 60_000;
  readonly #port: WorkerPort;
  readonly #calls: Caller<WorkerCalls>;
  readonly #patience: ReturnType<typeof setTimeout>;

  constructor(port: WorkerPort) {
    this.#port = port;
    this.#calls = new Caller(port, errorFromPlain);
    port.onFailure((error) => this.#calls.fail(error));
    const limit = WorkerClient.startLimit;
    const what =
      `the worker did not answer within ${limit / 1000} s; check that its script is the one of this package ` +
      '(createContext({ worker }))';
    this.#patience = setTimeout(() => {
      this.#calls.fail(new EwaldError('Load', what));
      this.end().catch(() => undefined);
    }, limit);
    // Messages are answered in order, so the first reply shows that the worker is running, however long others take.
    this.ask('alive', undefined)
      .catch(() => undefined)
      .finally(() => clearTimeout(this.#patience));
  }

  /** Sends a request; buffers in `transfer` are transferred to the worker. */
  ask<C extends WorkerCall>(
    call: C,
    options: WorkerCalls[C]['options'],
    transfer?: Transfer,
  ): Promise<WorkerCalls[C]['value']> {
    return this.#calls.ask(call, options, { transfer });
  }

  /** Ends the worker. */
  end(): Promise<void> {
    // No caller is waiting any more.
    clearTimeout(this.#patience);
    return this.#port.end();
  }
}
