/** Runs tasks on this thread, one at a time: for debugging, and as a reference for the other executors. */
import { abortable } from '../util/aborted.js';
import { EwaldError } from '../util/errors.js';
import { Failed, type Lane, type Outcome, type TaskCall } from './drive.js';
import type { TaskHost } from './host.js';
import type { TaskSpec } from './task.js';

export class InlineLane implements Lane {
  readonly window = 2;
  readonly names: readonly string[];
  readonly #host: TaskHost;
  readonly #worker: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: TaskHost, worker: string, names: readonly string[]) {
    this.#host = host;
    this.#worker = worker;
    this.names = names;
  }

  execute(spec: TaskSpec, { signal, retries, seconds }: TaskCall): Promise<Outcome> {
    const mine = this.#last.then(async () => {
      if (signal.aborted) throw new EwaldError('Aborted', `task ${spec.id} was aborted`);
      // Cloned as if sent to a worker, so that a task that modifies its argument behaves the same on every executor.
      const argument = clone(spec, retries === 0);
      // A task that does not end with its run delays neither the end of the run nor the next one.
      const running = abortable(this.#host.run({ ...spec, argument }, signal), signal);
      const answer = await withTimeout(seconds, spec, running);
      // As if it came from a worker: who writes into it writes into nothing that the task keeps.
      const value = cloneResult(spec, answer);
      return { value, worker: this.#worker, attempts: 1, seconds: answer.seconds };
    });
    this.#last = mine.catch(() => {});
    return mine.catch((error) => {
      throw new Failed(error instanceof Error ? error : new Error(String(error)), this.#worker, 1);
    });
  }
}

/** A copy of a result, without a copy of the buffers that the task gives away. */
function cloneResult(
  { id }: TaskSpec,
  { value, transfer }: { value: unknown; transfer: readonly ArrayBuffer[] },
): unknown {
  try {
    return structuredClone(value, { transfer: [...transfer] });
  } catch (error) {
    const what = `the result of task ${id} cannot be sent from a worker: ${(error as Error).message}`;
    throw new EwaldError('Argument', what, { cause: error });
  }
}

function clone(spec: TaskSpec, moving: boolean): unknown {
  try {
    return structuredClone(spec.argument, { transfer: moving ? [...spec.transfer] : [] });
  } catch (error) {
    const what = `the argument of task ${spec.id} cannot be sent to a worker: ${(error as Error).message}`;
    throw new EwaldError('Argument', what, { cause: error });
  }
}

/** Ends waiting for a task that takes too long. A task that computes forever blocks this thread and cannot be ended. */
async function withTimeout<T>(seconds: number, { id }: TaskSpec, work: Promise<T>): Promise<T> {
  if (seconds > 2e6) return work;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const what = `task ${id} did not finish within ${seconds} s; run({ taskTimeoutS }) allows more`;
    timer = setTimeout(() => reject(new EwaldError('Lost', what)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
