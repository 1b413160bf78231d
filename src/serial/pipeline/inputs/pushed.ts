/** Frames that a program pushes into a run: what `inputs: 'pushed'` gives, so that a service needs no queue. */
import { EwaldError } from '../../../base/errors.js';
import { shown } from '../../../base/options.js';
import type { PipelineItem } from '../search-all.js';
import type { RunInput } from './inputs.js';
import { type BytesInput, checkedBytes, isFile } from './kinds.js';

/** A run into which frames are pushed. */
export interface PushedRun extends AsyncGenerator<PipelineItem, void, undefined> {
  /**
   * Hands over a file of frames: its bytes under a name of its own, or anything that `inputs` may have except streams
   * and live sources. Resolves when the run has taken it, so that a program that awaits each push is no faster than
   * the run, which takes a few files ahead of its results. A file that cannot be read is an item with `error`.
   *
   * Throws `Argument` for what is no input, a name that was pushed before, after `end`, and for more than 256 pushes
   * that are not awaited; `Disposed` when the run has ended.
   */
  push(input: BytesInput | RunInput): Promise<void>;
  /** Nothing more comes: the run ends after the frames that were pushed. */
  end(): void;
}

/** Pushes that may wait at once: the bytes of each are in memory. */
const mostWaiting = 256;

interface Waiting {
  readonly input: BytesInput | RunInput;
  readonly taken: () => void;
  readonly refused: (error: EwaldError) => void;
}

const over = (): EwaldError =>
  new EwaldError('Disposed', 'run.push: the run has ended, and what is pushed now is not searched; start another run');

/** The queue between a program and a run; the run reads it once. */
class Pushed implements AsyncIterableIterator<BytesInput | RunInput> {
  readonly #waiting: Waiting[] = [];
  readonly #names = new Set<string>();
  /** Wakes the run, which waits for a push. */
  #wake: (() => void) | undefined;
  #isEnded = false;
  #isOver = false;

  async push(input: BytesInput | RunInput): Promise<void> {
    if (this.#isOver) throw over();
    if (this.#isEnded) throw new EwaldError('Argument', 'run.push was called after run.end(); push first, then end');
    if (!isFile(input) && (typeof input !== 'object' || input === null))
      throw new EwaldError('Argument', `run.push was given ${shown(input)}; expected { bytes, name }`);
    // A Blob has a method of that name.
    if (!isFile(input) && 'bytes' in input) {
      const { name } = checkedBytes(input, 'run.push');
      if (this.#names.has(name))
        throw new EwaldError('Argument', `run.push: ${name} was pushed before; give each file its own name`);
      this.#names.add(name);
    }
    if (this.#waiting.length >= mostWaiting)
      throw new EwaldError('Argument', `run.push: ${mostWaiting} pushes wait already; await each push before the next`);
    await new Promise<void>((taken, refused) => {
      this.#waiting.push({ input, taken, refused });
      this.#wake?.();
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<BytesInput | RunInput, undefined>> {
    while (this.#waiting.length === 0 && !this.#isEnded && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const [first] = this.#waiting.splice(0, 1);
    first?.taken();
    return first ? { done: false, value: first.input } : { done: true, value: undefined };
  }

  /** The run reads no further: pushes that wait are refused. */
  async return(): Promise<IteratorResult<BytesInput | RunInput, undefined>> {
    this.#isOver = true;
    for (const { refused } of this.#waiting.splice(0)) refused(over());
    this.#wake?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** A run over what is pushed; `start` begins one over an iterable of inputs. */
export function pushedRun(
  start: (inputs: AsyncIterable<BytesInput | RunInput>) => AsyncGenerator<PipelineItem, void, undefined>,
): PushedRun {
  const pushed = new Pushed();
  const run = start(pushed);
  // A run that fails before it reads, and one that is left before it begins, say nothing to their inputs.
  const { next, return: leave, throw: fail } = run;
  const last = async (result: Promise<IteratorResult<PipelineItem, void>>) => {
    try {
      const item = await result;
      if (item.done) await pushed.return();
      return item;
    } catch (error) {
      await pushed.return();
      throw error;
    }
  };
  return Object.assign(run, {
    push: (input: BytesInput | RunInput) => pushed.push(input),
    end: () => pushed.end(),
    next: () => last(next.call(run)),
    return: async () => {
      await pushed.return();
      return leave.call(run);
    },
    throw: async (error: unknown) => {
      await pushed.return();
      return fail.call(run, error);
    },
  });
}
