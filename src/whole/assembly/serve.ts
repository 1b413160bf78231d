/**
 * The worker of ewald: its own context, driven by messages. One worker is one wasm instance with its own heap.
 *
 * Messages in: `{ id, call, options }`; messages out: `{ id, call, value }` or `{ id, error }` with what
 * `EwaldError.from` restores; see messages.ts. Each room answers its own calls. Arrays are transferred back, not
 * copied.
 */

import { EwaldError, isEwaldError, messageOf } from '../../base/errors.js';
import type { ContextOptions } from '../../core/context/context.js';
import type { ServedCalls } from '../../core/workers/messages.js';
import type { WorkerReply, WorkerRequest } from './public.worker.js';
import type { Context } from './rooms.js';
import { servedRooms } from './served.js';

type AnyCalls = Readonly<
  Record<string, (options: never) => Promise<readonly [value: unknown, transfer?: ArrayBuffer[]]>>
>;

/** Serves requests with contexts created by `create`; `post` sends a reply. */
export function serve(
  create: (options?: ContextOptions) => Promise<Context>,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
): (request: WorkerRequest) => Promise<void> {
  let context: Context | undefined;
  const opened = async (): Promise<Context> => {
    // The default is the reference; `open` selects another backend.
    context ??= await create({ backend: 'wasm', strict: true });
    return context;
  };
  const served = servedRooms.map((room) => room(opened));
  const own: ServedCalls<'alive' | 'open' | 'close'>['calls'] = {
    alive: async () => [true],
    async open(options) {
      await context?.dispose();
      context = await create(options);
      return [context.backends];
    },
    async close() {
      for (const { close } of served) await close?.();
      await context?.dispose();
      context = undefined;
      return [null];
    },
  };
  const calls: AnyCalls = Object.assign({}, own, ...served.map((room) => room.calls));

  // In order: requests after an `open` use the context it opens.
  let tail: Promise<void> = Promise.resolve();
  return (request) => {
    tail = tail.then(() => reply(request));
    return tail;
  };

  async function reply({ id, call, options }: WorkerRequest): Promise<void> {
    try {
      const answer = Object.hasOwn(calls, call) ? calls[call] : undefined;
      if (!answer) {
        const known = Object.keys(calls).join(', ');
        throw new EwaldError('Argument', `the worker has no call ${JSON.stringify(call)}; expected one of ${known}`);
      }
      const [value, transfer = []] = await answer(options as never);
      post({ id, call, value } as WorkerReply, transfer);
    } catch (error) {
      const tagged = isEwaldError(error) ? error : new EwaldError('Internal', messageOf(error), { cause: error });
      post({ id, error: tagged.toPlain() }, []);
    }
  }
}
