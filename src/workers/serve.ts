/**
 * The worker of ewald: a context of its own, driven by messages. One worker is one wasm instance with a heap of its
 * own.
 *
 * Messages in: `{ id, call, options }` with call one of `open`, `pi`, `index`, `kernel`, `batch`, `close`; messages
 * out: `{ id, value }` or `{ id, error: { tag, message } }`. Arrays are transferred back, not copied. `serve` answers
 * them; `kernel` and `batch` are the wasm backend's own, for threads: they plan an indexer on a compiled core and run
 * slices of batches.
 */
import { Core } from '../backends/wasm/heap.js';
import { planIndexing } from '../backends/wasm/indexing.js';
import type { Context, ContextOptions } from '../context.js';
import { EwaldError, messageOf } from '../errors.js';
import type { PlatformModule } from '../globals.js';
import type { IndexingBatch, IndexingDescriptor, IndexingKernel } from '../indexing/contract.js';
import type { IndexerOptions, IndexingInput } from '../indexing/indexer.js';
import { imageResult, indexedCell } from '../layout/layout.js';
import { sizeOf } from '../layout/struct.js';
import type { PiOptions, PiRunOptions } from '../pi/pi.js';
import type { WorkerReply, WorkerRequest } from './messages.js';

export type { WorkerReply, WorkerRequest } from './messages.js';

/** What the calls want in `options`. */
export interface WorkerCalls {
  readonly open: ContextOptions | undefined;
  readonly pi: PiOptions & Omit<PiRunOptions, 'signal' | 'onProgress'>;
  readonly index: { readonly indexer: IndexerOptions; readonly input: Omit<IndexingInput, 'signal' | 'into'> };
  readonly kernel: { readonly module: PlatformModule; readonly descriptor: IndexingDescriptor };
  readonly batch: Omit<IndexingBatch, 'found' | 'results' | 'assignment'>;
  readonly close: undefined;
}

/** Serves requests with contexts made by `create`; `post` sends a reply. */
export function serve(
  create: (options?: ContextOptions) => Promise<Context>,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
): (request: WorkerRequest) => Promise<void> {
  let context: Context | undefined;
  let kernel: IndexingKernel | undefined;
  let sizes: IndexingDescriptor | undefined;
  const opened = async (): Promise<Context> => {
    // The reference: whoever wants another backend says so with `open`.
    context ??= await create({ backend: 'wasm', strict: true });
    return context;
  };

  async function answer(request: WorkerRequest): Promise<{ value: unknown; transfer: ArrayBuffer[] }> {
    switch (request.call) {
      case 'alive':
        return { value: true, transfer: [] };
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
      case 'kernel': {
        const { module, descriptor } = request.options as WorkerCalls['kernel'];
        await kernel?.dispose();
        const core = await Core.instantiate(module);
        sizes = descriptor;
        kernel = planIndexing(core, descriptor);
        return { value: kernel.bytes, transfer: [] };
      }
      case 'batch': {
        if (!kernel || !sizes) throw new EwaldError('Internal', 'a batch came before its kernel');
        const slice = request.options as WorkerCalls['batch'];
        const found = new Uint8Array(slice.images * sizes.maxOutputCells * sizeOf(indexedCell));
        const results = new Uint8Array(slice.images * sizeOf(imageResult));
        const assignment = new Uint8Array(slice.offsets[slice.images] ?? 0);
        await kernel.run({ ...slice, found, results, assignment });
        return { value: { found, results, assignment }, transfer: [found.buffer, results.buffer, assignment.buffer] };
      }
      case 'close':
        await kernel?.dispose();
        kernel = undefined;
        await context?.dispose();
        context = undefined;
        return { value: null, transfer: [] };
      default:
        throw new EwaldError(
          'Argument',
          `the worker has no call ${JSON.stringify((request as { call?: unknown }).call)}; it has open, pi, index, kernel, batch and close`,
        );
    }
  }

  // In order: what follows an `open` is done on what it opens.
  let tail: Promise<void> = Promise.resolve();
  return (request) => {
    tail = tail.then(() => reply(request));
    return tail;
  };

  async function reply(request: WorkerRequest): Promise<void> {
    try {
      const { value, transfer } = await answer(request);
      post({ id: request.id, value }, transfer);
    } catch (error) {
      const tag = error instanceof EwaldError ? error.tag : 'Internal';
      post({ id: request.id, error: { tag, message: messageOf(error) } }, []);
    }
  }
}
