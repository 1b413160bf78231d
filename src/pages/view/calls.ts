/** Calls of the worker. */
import { Caller, type WorkerPort, webWorkerPort } from '../../entries/pages.js';
import type { OperationCalls } from './operations.js';

/** Rejects the calls of a worker that was replaced because the user asked for something else; not an error to show. */
export class Replaced extends Error {}

/** The worker of the page. A worker that dies is replaced at the next call; open files must then be opened again. */
export class WorkerCalls {
  /** Called when the worker has died, with the reason. */
  onDeath: (reason: string) => void = () => undefined;
  /** Starts a worker. */
  readonly start: () => Worker;
  #worker: { readonly port: WorkerPort; readonly calls: Caller<OperationCalls> } | undefined;

  constructor(start: () => Worker) {
    this.start = start;
  }

  async call<N extends keyof OperationCalls>(
    name: N,
    argument?: OperationCalls[N]['options'],
    onProgress?: (progress: OperationCalls[N]['progress']) => void,
  ): Promise<OperationCalls[N]['value']> {
    return this.begin().ask(name, argument as OperationCalls[N]['options'], { onReport: onProgress });
  }

  /** Milliseconds that the oldest pending call has been waiting; 0 without one. */
  get waitingMs(): number {
    return this.#worker?.calls.waitingMs ?? 0;
  }

  /** Whether a worker runs. */
  get isAlive(): boolean {
    return this.#worker !== undefined;
  }

  /** Ends the worker; pending calls are rejected. */
  end(reason: string | Replaced): void {
    void this.#worker?.port.end();
    this.#worker?.calls.fail(typeof reason === 'string' ? new Error(reason) : reason);
    this.#worker = undefined;
  }

  /** What asks the worker, which is started if none runs: also before there is something to ask, for its scripts. */
  begin(): Caller<OperationCalls> {
    if (this.#worker) return this.#worker.calls;
    const port = webWorkerPort(this.start(), (event, reason = 'its script could not be loaded') => {
      event.preventDefault();
      return new Error(reason);
    });
    const calls = new Caller<OperationCalls>(port, ({ message, detail }) => Object.assign(new Error(message), detail));
    this.#worker = { port, calls };
    port.onFailure(({ message }) => this.#died(`A worker of this page ended: ${message}`));
    return calls;
  }

  #died(reason: string): void {
    this.end(`${reason}. Try again; outside of a browser, a run may use more memory.`);
    this.onDeath(reason);
  }
}

/**
 * Work for which only the latest request matters: one request runs and one waits; a waiting request is dropped and
 * counted when a newer one is made. `fail` receives errors.
 */
export class Latest<A extends readonly unknown[]> {
  dropped = 0;
  readonly #work: (...request: A) => Promise<void>;
  readonly #fail: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #next: A | undefined;

  constructor(work: (...request: A) => Promise<void>, fail: (error: unknown) => void) {
    this.#work = work;
    this.#fail = fail;
  }

  /** Whether no request runs or waits. */
  get idle(): boolean {
    return this.#running === undefined;
  }

  /** Resolves when no request is left, at once without one. */
  async done(): Promise<void> {
    await this.#running;
  }

  /** Requests the work; resolves when no request is left. */
  ask(...request: A): Promise<void> {
    if (this.#next) this.dropped++;
    this.#next = request;
    this.#running ??= this.#loop();
    return this.#running;
  }

  async #loop(): Promise<void> {
    while (this.#next) {
      const request = this.#next;
      this.#next = undefined;
      await this.#work(...request).catch(this.#fail);
    }
    this.#running = undefined;
  }
}
