/**
 * The worker of ewald: a context of its own, driven by messages. One worker is one wasm instance with a heap of its own.
 *
 * Messages in: `{ id, call, options }` with call one of `open`, `pi`, `index`, `close`; messages out: `{ id, value }` or
 * `{ id, error: { tag, message } }`. Arrays are transferred back, not copied. `connect` binds it to a message port.
 */
import type { Context, ContextOptions } from './context.js';
import { EwaldError, messageOf } from './errors.js';
import type { IndexerOptions, IndexingInput } from './indexing/indexer.js';
import type { WorkerReply, WorkerRequest } from './messages.js';
import type { PiOptions, PiRunOptions } from './pi/pi.js';

export type { WorkerReply, WorkerRequest } from './messages.js';

/** What the calls want in `options`. */
export interface WorkerCalls {
  readonly open: ContextOptions | undefined;
  readonly pi: PiOptions & Omit<PiRunOptions, 'signal' | 'onProgress'>;
  readonly index: { readonly indexer: IndexerOptions; readonly input: Omit<IndexingInput, 'signal' | 'into'> };
  readonly close: undefined;
}

/** Serves requests with contexts made by `create`; `post` sends a reply. */
export function serve(
  create: (options?: ContextOptions) => Promise<Context>,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
): (request: WorkerRequest) => Promise<void> {
  let context: Context | undefined;
  const opened = async (): Promise<Context> => {
    // The reference: whoever wants another backend says so with `open`.
    context ??= await create({ backend: 'wasm', strict: true });
    return context;
  };

  async function answer(request: WorkerRequest): Promise<{ value: unknown; transfer: ArrayBuffer[] }> {
    switch (request.call) {
      case 'open':
        await context?.dispose();
        context = await create(request.options as WorkerCalls['open']);
        return { value: context.backends, transfer: [] };
      case 'pi': {
        const { threads, ...run } = request.options as WorkerCalls['pi'];
        const plan = await (await opened()).pi(threads === undefined ? {} : { threads });
        try {
          return { value: await plan.run(run), transfer: [] };
        } finally {
          await plan.dispose();
        }
      }
      case 'index': {
        const options = request.options as WorkerCalls['index'];
        const indexer = await (await opened()).indexer(options.indexer);
        try {
          const { images, maxOutputCells, offsets, found, results, assignment } = await indexer.run(options.input);
          return {
            value: { images, maxOutputCells, offsets, found, results, assignment },
            transfer: [offsets, found, results, assignment].map((array) => array.buffer as ArrayBuffer),
          };
        } finally {
          await indexer.dispose();
        }
      }
      case 'close':
        await context?.dispose();
        context = undefined;
        return { value: null, transfer: [] };
      default:
        throw new EwaldError('Argument', `the worker has no call ${JSON.stringify((request as { call?: unknown }).call)}; it has open, pi, index and close`);
    }
  }

  return async (request) => {
    try {
      const { value, transfer } = await answer(request);
      post({ id: request.id, value }, transfer);
    } catch (error) {
      const tag = error instanceof EwaldError ? error.tag : 'Internal';
      post({ id: request.id, error: { tag, message: messageOf(error) } }, []);
    }
  };
}
