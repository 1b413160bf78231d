/**
 * The worker of ewald: its own context, driven by messages. One worker is one wasm instance with its own heap.
 *
 * Its messages are those of port-calls.ts; see messages.ts. Each room answers its own calls. Arrays are transferred
 * back, not copied.
 */

import type { ContextOptions } from '../compute/context/context.js';
import type { ServedCalls } from '../compute/workers/messages.js';
import { answerCalls } from '../util/answer-calls.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import type { Port } from '../util/worker-port.js';
import type { WorkerCalls } from './public.worker.js';
import type { Context } from './rooms.js';
import { servedRooms } from './served.js';

/** Answers requests with contexts created by `create`, and those of `others`. */
export function serve(
  port: Port,
  create: (options?: ContextOptions) => Promise<Context>,
  ...others: { readonly calls: object; close?(): Promise<void> }[]
): void {
  let context: Context | undefined;
  const opened = async (): Promise<Context> => {
    // The default is the reference; `open` selects another backend.
    context ??= await create({ backend: 'wasm', strict: true });
    return context;
  };
  const served = [...servedRooms.map((room) => room(opened)), ...others];
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
  answerCalls<WorkerCalls>(port, Object.assign({}, own, ...served.map(({ calls }) => calls)), {
    plain: (error) =>
      (isEwaldError(error) ? error : new EwaldError('Internal', messageOf(error), { cause: error })).toPlain(),
    // Requests after an `open` use the context it opens.
    inOrder: true,
  });
}
