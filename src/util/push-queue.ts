/** A queue between a program that pushes and a reader that reads once: each push waits until it is taken. */
import { EwaldError, messageOf } from './errors.js';

/** Pushes that may wait at once: what they hold is in memory. */
const maxWaiting = 256;

interface Waiting<T> {
  readonly item: T;
  readonly taken: () => void;
  readonly refused: (error: EwaldError) => void;
}

/** The queue of a run; `what` is the call that pushes, for messages. */
export class PushQueue<T> implements AsyncIterableIterator<T> {
  readonly #what: string;
  readonly #waiting: Waiting<T>[] = [];
  /** Wakes the reader, which waits for a push. */
  #wake: (() => void) | undefined;
  #isEnded = false;
  /** Why pushes are refused, once nothing is read any more. */
  #over: EwaldError | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** Throws if a push cannot be accepted now: `Disposed` after `close`, `Argument` after `end` and for too many. */
  assertOpen(): void {
    if (this.#over) throw this.#over;
    if (this.#isEnded)
      throw new EwaldError('Argument', `${this.#what} was called after run.end(); push first, then end`);
    if (this.#waiting.length >= maxWaiting)
      throw new EwaldError(
        'Argument',
        `${this.#what}: ${maxWaiting} pushes wait already; await each push before the next`,
      );
  }

  /** Resolves when the reader has taken the item. */
  push(item: T): Promise<void> {
    return new Promise<void>((taken, refused) => {
      this.assertOpen();
      this.#waiting.push({ item, taken, refused });
      this.#wake?.();
    });
  }

  /** Nothing more is pushed. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Nothing more is read: pushes that wait are refused, with the failure of the reader if it has failed. */
  close(failure?: unknown): void {
    const why = failure === undefined ? 'has ended' : `has failed (${messageOf(failure)})`;
    const text = `${this.#what}: the run ${why}, and what is pushed now is not searched; start another run`;
    this.#over ??= new EwaldError('Disposed', text, { cause: failure });
    for (const { refused } of this.#waiting.splice(0)) refused(this.#over);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (this.#waiting.length === 0 && !this.#isEnded && !this.#over)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const [first] = this.#waiting.splice(0, 1);
    first?.taken();
    return first ? { done: false, value: first.item } : { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
