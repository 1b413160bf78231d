/**
 * The worker of ewald: its own context, driven by messages. One worker is one wasm instance with its own heap.
 *
 * Messages in: `{ id, call, options }` with call one of `alive`, `open`, `pi`, `index`, `kernel`, `batch`, `close`;
 * messages out: `{ id, call, value }` or `{ id, error }` with what `EwaldError.from` restores; see messages.ts. Arrays
 * are transferred back, not copied.
 */

import { EwaldError, isEwaldError, messageOf } from '../../base/errors.js';
import { Core } from '../../core/backends/wasm/heap.js';
import type { ContextOptions } from '../../core/context/context.js';
import { imageResult, indexedCell } from '../../core/layout/layout.js';
import { structBytes } from '../../core/layout/struct.js';
import type { IndexingDescriptor, IndexingKernel } from '../../serial/indexing/contract.js';
import { planIndexing } from '../../serial/indexing/kernels/wasm.js';
import type { WorkerReply, WorkerRequest } from './public.worker.js';
import type { Context } from './rooms.js';

/** Serves requests with contexts created by `create`; `post` sends a reply. */
export function serve(
  create: (options?: ContextOptions) => Promise<Context>,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
): (request: WorkerRequest) => Promise<void> {
  let context: Context | undefined;
  let kernel: IndexingKernel | undefined;
  let sizes: IndexingDescriptor | undefined;
  const opened = async (): Promise<Context> => {
    // The default is the reference; `open` selects another backend.
    context ??= await create({ backend: 'wasm', strict: true });
    return context;
  };

  async function answer(request: WorkerRequest): Promise<[reply: WorkerReply, transfer: ArrayBuffer[]]> {
    const { id } = request;
    switch (request.call) {
      case 'alive':
        return [{ id, call: 'alive', value: true }, []];
      case 'open':
        await context?.dispose();
        context = await create(request.options);
        return [{ id, call: 'open', value: context.backends }, []];
      case 'pi': {
        const { threads, ...run } = request.options;
        const plan = await (await opened()).pi(threads === undefined ? {} : { threads });
        try {
          return [{ id, call: 'pi', value: await plan.run(run) }, []];
        } finally {
          await plan.dispose();
        }
      }
      case 'index': {
        const { options } = request;
        const indexer = await (await opened()).indexer(options.indexer);
        try {
          const { images, maxOutputCells, offsets, found, results, assignment } = await indexer.run(options.input);
          const value = { images, maxOutputCells, offsets, found, results, assignment };
          const arrays = [offsets, found, results, assignment];
          return [{ id, call: 'index', value }, arrays.map(({ buffer }) => buffer as ArrayBuffer)];
        } finally {
          await indexer.dispose();
        }
      }
      case 'kernel': {
        const { module, descriptor } = request.options;
        await kernel?.dispose();
        const core = await Core.instantiate(module);
        sizes = descriptor;
        kernel = planIndexing(core, descriptor);
        return [{ id, call: 'kernel', value: kernel.bytes }, []];
      }
      case 'batch': {
        if (!kernel || !sizes) throw new EwaldError('Internal', 'a batch came before its kernel');
        const slice = request.options;
        const found = new Uint8Array(slice.images * sizes.maxOutputCells * structBytes(indexedCell));
        const results = new Uint8Array(slice.images * structBytes(imageResult));
        const assignment = new Uint8Array(slice.offsets[slice.images] ?? 0);
        await kernel.run({ ...slice, found, results, assignment });
        const value = { found, results, assignment };
        return [{ id, call: 'batch', value }, [found.buffer, results.buffer, assignment.buffer]];
      }
      case 'close':
        await kernel?.dispose();
        kernel = undefined;
        await context?.dispose();
        context = undefined;
        return [{ id, call: 'close', value: null }, []];
      default:
        throw new EwaldError(
          'Argument',
          `the worker has no call ${JSON.stringify((request as { call?: unknown }).call)}; expected one of open, ` +
            'pi, index, kernel, batch, close',
        );
    }
  }

  // In order: requests after an `open` use the context it opens.
  let tail: Promise<void> = Promise.resolve();
  return (request) => {
    tail = tail.then(() => reply(request));
    return tail;
  };

  async function reply(request: WorkerRequest): Promise<void> {
    try {
      post(...(await answer(request)));
    } catch (error) {
      const tagged = isEwaldError(error) ? error : new EwaldError('Internal', messageOf(error), { cause: error });
      post({ id: request.id, error: tagged.toPlain() }, []);
    }
  }
}
