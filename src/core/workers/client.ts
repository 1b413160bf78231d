/** Requests to a worker and their replies, matched by number. */
import { EwaldError } from '../../base/errors.js';
import type { WorkerPort } from '../../base/worker-port.js';
import type { AnswerOf, WorkerCall, WorkerCalls, WorkerReply, WorkerRequest } from './messages.js';

interface Waiting {
  answer(reply: WorkerReply): void;
  reject(error: unknown): void;
}

/** The client of a worker. When the worker dies, all pending and future requests are rejected. */
export class WorkerClient {
  /** Milliseconds within which a worker must first reply: a script that is not ewald's never does. */
  static startLimit = 60_000;
  readonly #port: WorkerPort;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: Error | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    // Only the package's own workers send messages here.
    port.onReply((message) => {
      const reply = message as WorkerReply;
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      waiting?.answer(reply);
    });
    port.onFailure((error) => this.#fail(error));
    this.#expectAnswer();
  }

  // Messages are answered in order, so the first reply shows that the worker is running, however long the others take.
  #expectAnswer(): void {
    const limit = WorkerClient.startLimit;
    this.#patience = setTimeout(() => {
      this.#fail(
        new EwaldError(
          'Load',
          `the worker did not answer within ${limit / 1000} s; check that its script is the one of this package ` +
            '(createContext({ worker }))',
        ),
      );
      this.end().catch(() => undefined);
    }, limit);
    this.ask('alive', undefined)
      .catch(() => undefined)
      .finally(() => clearTimeout(this.#patience));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Sends a request; buffers in `transfer` are transferred to the worker. */
  ask<C extends WorkerCall>(
    call: C,
    options: WorkerCalls[C]['options'],
    transfer: ArrayBuffer[] = [],
  ): Promise<WorkerCalls[C]['value']> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const answer = (reply: WorkerReply): void => {
        if ('error' in reply) reject(EwaldError.from(reply.error));
        else if (answers(reply, call)) resolve(reply.value);
        else reject(new EwaldError('Internal', `the worker answered ${reply.call} to ${call}`));
      };
      this.#waiting.set(id, { answer, reject });
      // The only place where the union does not follow the call: call and options are paired by the signature.
      this.#port.post({ id, call, options } as WorkerRequest, transfer);
    });
  }

  /** Ends the worker. */
  end(): Promise<void> {
    // No caller is waiting any more.
    clearTimeout(this.#patience);
    return this.#port.end();
  }
}

const answers = <C extends WorkerCall>(
  reply: AnswerOf<WorkerCall>,
  call: C,
): reply is AnswerOf<WorkerCall> & { readonly value: WorkerCalls[C]['value'] } => reply.call === call;
