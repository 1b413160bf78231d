/**
 * Gathers single pieces of work into batches, for devices on which a batch takes little longer than one piece.
 *
 * A batch starts when it is full, when its first piece has waited long enough, or at once for a piece that may not
 * wait. Batches are in flight next to each other, so that a slow one delays only its own pieces.
 */
import { abortable } from '../../util/aborted.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';

/** How much a batch takes, and how long it is filled. */
export interface GatheringLimits {
  readonly pieces: number;
  /** In the unit of the pieces' sizes. */
  readonly size: number;
  readonly waitMs: number;
}

/** What a piece says of itself. */
export interface PieceOptions {
  readonly size: number;
  /** Pieces with different keys do not share a batch. */
  readonly key: string;
  /** Whether it may wait for others; otherwise its batch starts at once. */
  readonly mayWait: boolean;
  /** Ends the wait for its result with `Aborted`; a piece that has not started is left out of its batch. */
  readonly signal?: PlatformSignal | undefined;
}

interface Waiting<P, R> extends PieceOptions {
  readonly piece: P;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Errors that are no piece's fault: every piece of the batch has them. */
const isOfAll = (error: unknown): boolean =>
  !(error instanceof EwaldError) || ['Aborted', 'Disposed', 'DeviceLost', 'Internal'].includes(error.tag);

/** Pieces that wait for their batch; `run` returns the results of a batch in the order of its pieces. */
export class Gathered<P, R> {
  readonly #run: (pieces: readonly P[]) => Promise<readonly R[]>;
  readonly #limits: GatheringLimits;
  #waiting: Waiting<P, R>[] = [];
  #size = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #flights = new Set<Promise<void>>();
  #isOver = false;

  constructor(limits: GatheringLimits, run: (pieces: readonly P[]) => Promise<readonly R[]>) {
    this.#limits = limits;
    this.#run = run;
  }

  /** The result of one piece. Throws what the batch throws; an error of another piece is not one of this. */
  add(piece: P, options: PieceOptions): Promise<R> {
    const { size, key, mayWait, signal } = options;
    if (this.#isOver) return Promise.reject(new EwaldError('Disposed', 'this work was disposed before it started'));
    const [first] = this.#waiting;
    if (first && (first.key !== key || this.#size + size > this.#limits.size)) this.#start();
    const result = new Promise<R>((resolve, reject) => {
      this.#waiting.push({ ...options, piece, resolve, reject });
    });
    this.#size += size;
    if (!mayWait || this.#waiting.length >= this.#limits.pieces) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#limits.waitMs);
    return abortable(result, signal);
  }

  /** Starts the batch that waits. */
  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.filter(({ signal }) => !signal?.aborted);
    this.#waiting = [];
    this.#size = 0;
    if (batch.length === 0) return;
    const flight = this.#fly(batch).finally(() => this.#flights.delete(flight));
    this.#flights.add(flight);
  }

  async #fly(batch: readonly Waiting<P, R>[]): Promise<void> {
    try {
      const results = await this.#run(batch.map(({ piece }) => piece));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i] as R);
    } catch (error) {
      // Each piece is tried alone, so that one which is wrong fails alone.
      if (batch.length > 1 && !isOfAll(error)) for (const waiting of batch) await this.#fly([waiting]);
      else for (const { reject } of batch) reject(error);
    }
  }

  /** Starts what waits, and waits for everything; later pieces are refused with `Disposed`. */
  async dispose(): Promise<void> {
    this.#isOver = true;
    this.#start();
    await Promise.all(this.#flights);
  }
}
