/** Calls of the worker. */
import type { Call, FrameSummary, OperationName, Operations, Reply, ScanImage } from './protocol.js';

type Argument<N extends OperationName> = Parameters<Operations[N]>[0];
type Result<N extends OperationName> = Awaited<ReturnType<Operations[N]>>;

/** Rejects the calls of a worker that was replaced because the user asked for something else; not an error to show. */
export class Replaced extends Error {}

interface Waiting {
  /** When the call was made, as of `performance.now`. */
  readonly since: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** The worker of the page. A worker that dies is replaced at the next call; open files must then be opened again. */
export class Engine {
  /** Called for every frame of a run. */
  onProgress: (summary: FrameSummary) => void = () => undefined;
  /** Called while a scan is read, with the fraction that is in memory, 0 … 1, and the sum of the virtual detector. */
  onLoaded: (share: number, image: ScanImage) => void = () => undefined;
  /** Called when the worker has died, with the reason. */
  onDeath: (reason: string) => void = () => undefined;
  /** Starts a worker. */
  readonly start: () => Worker;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #serial = 0;

  constructor(start: () => Worker) {
    this.start = start;
  }

  call<N extends OperationName>(name: N, argument?: Argument<N>): Promise<Result<N>> {
    const worker = this.#started();
    const id = ++this.#serial;
    return new Promise<Result<N>>((resolve, reject) => {
      this.#waiting.set(id, { since: performance.now(), resolve: resolve as Waiting['resolve'], reject });
      worker.postMessage({ id, name, argument } satisfies Call);
    });
  }

  /** Milliseconds that the oldest pending call has been waiting; 0 without one. */
  get waitingMs(): number {
    const [oldest] = this.#waiting.values();
    return oldest ? performance.now() - oldest.since : 0;
  }

  /** Ends the worker; pending calls are rejected. */
  end(reason: string | Replaced): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(typeof reason === 'string' ? new Error(reason) : reason);
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = this.start();
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#died(`A worker of this page ended: ${event.message || 'its script could not be loaded'}`);
    };
    worker.onmessageerror = () => this.#died('A worker of this page sent something that could not be read');
    return worker;
  }

  #died(reason: string): void {
    this.end(`${reason}. Try again; outside of a browser, a run may use more memory.`);
    this.onDeath(reason);
  }

  #receive(reply: Reply): void {
    if ('loaded' in reply) {
      this.onLoaded(reply.loaded, reply.image);
      return;
    }
    if ('progress' in reply) {
      this.onProgress(reply.progress);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(Object.assign(new Error(reply.error), { asks: reply.asks }));
    else waiting?.resolve(reply.result as never);
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
