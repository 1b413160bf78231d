/** Frames that a program pushes into a run: what `inputs: 'pushed'` gives, so that a service needs no queue. */

import type { BytesInput } from '../../bytes/source-of.js';
import { bytesIn } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { oneShot } from '../../util/one-shot.js';
import { inspect } from '../../util/options.js';
import { PushQueue } from '../../util/push-queue.js';
import type { PipelineItem } from '../one-frame.js';
import type { RunInput } from './inputs.js';
import { checkedBytes, isBytes, isFile } from './kinds.js';

/** A run into which frames are pushed. */
export interface PushedRun extends AsyncGenerator<PipelineItem, void, undefined> {
  /**
   * Hands over a file of frames: its bytes under a name of its own, or anything that `inputs` may have except streams
   * and live sources. Bytes are copied before `push` returns, so that their buffer may be refilled or transferred at
   * once. Resolves when the run has taken the file, so that a program that awaits each push is no faster than the run,
   * which takes a few files ahead of its results: push beside the loop that reads them, not before it,
   * `const pushing = pushAll(run); for await (const item of run) …; await pushing`. A file that cannot be read is an
   * item with `error`.
   *
   * Throws `Argument` for what is no input, a name that was pushed before, after `end`, and for more than 256 pushes
   * that are not awaited; `Shape` for bytes that were transferred; `Disposed` when the run has ended, with its failure
   * as `cause`.
   */
  push(input: BytesInput | RunInput): Promise<void>;
  /** Nothing more comes: the run ends after the frames that were pushed. */
  end(): void;
}

/** Time after which a push that waits for a loop over the results gives a warning, ms. */
const unreadMs = 3000;
const unread =
  'run.push waits, and nothing reads the results of the run, which takes only a few files ahead of them; begin ' +
  '`for await (const item of run)` before you await the pushes';

/** What is pushed, with its own copy of bytes. Throws `Argument`, `Shape`. */
function owned(input: BytesInput | RunInput, names: Set<string>): BytesInput | RunInput {
  if (isBytes(input)) return bytesIn('run.push', input).slice();
  if (!isFile(input) && (typeof input !== 'object' || input === null))
    throw new EwaldError('Argument', `run.push was given ${inspect(input)}; expected { bytes, name }`);
  // A Blob has a method of that name.
  if (isFile(input) || !('bytes' in input)) return input;
  const { bytes, name } = checkedBytes(input, 'run.push');
  if (names.has(name))
    throw new EwaldError('Argument', `run.push: ${name} was pushed before; give each file its own name`);
  const copy = bytesIn(`run.push: ${name}`, bytes).slice();
  names.add(name);
  return { bytes: copy, name };
}

/** A run over what is pushed, which begins at the first push; `start` makes one over an iterable of inputs. */
export function pushedRun(
  start: (inputs: AsyncIterable<BytesInput | RunInput>) => AsyncGenerator<PipelineItem, void, undefined>,
  warn: (text: string) => void,
): PushedRun {
  const queue = new PushQueue<BytesInput | RunInput>('run.push');
  const names = new Set<string>();
  const items = start(queue);
  let first: Promise<IteratorResult<PipelineItem, void>> | undefined;
  let isRead = false;
  let isTold = false;
  /** The next item. A run that fails before it reads says nothing to its inputs. */
  const next = async (): Promise<IteratorResult<PipelineItem, void>> => {
    try {
      const item = await items.next();
      if (item.done) queue.close();
      return item;
    } catch (error) {
      queue.close(error);
      throw error;
    }
  };
  const read = async function* () {
    isRead = true;
    first ??= next();
    try {
      for (let item = await first; !item.done; item = await next()) yield item.value;
    } finally {
      await leave();
    }
  };
  const leave = async (): Promise<void> => {
    queue.close();
    await items.return();
  };
  const run = oneShot(read, 'this run', 'call pipeline again');
  const { return: end, throw: fail } = run;
  const tell = (): void => {
    if (!isRead && !isTold) warn(unread);
    isTold ||= !isRead;
  };
  return Object.assign(run, {
    async push(input: BytesInput | RunInput) {
      queue.assertOpen();
      const taken = queue.push(owned(input, names));
      first ??= next();
      // A loop that starts later throws it.
      first.catch(() => undefined);
      const timer = isRead ? undefined : setTimeout(tell, unreadMs);
      await taken.finally(() => clearTimeout(timer));
    },
    end: () => queue.end(),
    // One that is left before its loop begins says nothing to its inputs either.
    return: async () => {
      queue.close();
      if (!isRead) await leave();
      return end.call(run);
    },
    throw: async (error: unknown) => {
      queue.close();
      if (!isRead) await leave();
      return fail.call(run, error);
    },
  });
}
