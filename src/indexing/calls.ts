/** The calls that a worker of this room handles. */
import type { PlatformModule } from '../util/globals.js';
import type { IndexingBatch, IndexingDescriptor } from './contract.js';
import type { IndexingInput } from './input.js';
import type { IndexerOptions } from './parameters.js';
import type { IndexingResult } from './result.js';

type Outputs = 'found' | 'results' | 'assignment';

declare module '../compute/workers/messages.js' {
  interface WorkerCalls {
    /** Plans an indexer, indexes a batch and disposes of the indexer. */
    readonly index: {
      readonly options: { readonly indexer: IndexerOptions; readonly input: Omit<IndexingInput, 'signal' | 'into'> };
      readonly value: Pick<IndexingResult, 'images' | 'maxOutputCells' | 'offsets' | Outputs>;
    };
    /** For the threads of the wasm backend: plans an indexer on a compiled core; returns the bytes it holds. */
    readonly kernel: {
      readonly options: { readonly module: PlatformModule; readonly descriptor: IndexingDescriptor };
      readonly value: number;
    };
    /** Indexes a slice of a batch on that kernel. */
    readonly batch: {
      readonly options: Omit<IndexingBatch, Outputs>;
      readonly value: { readonly [K in Outputs]: Uint8Array };
    };
  }
}
