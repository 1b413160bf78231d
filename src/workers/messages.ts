/** What is said to a worker of ewald and what it answers; serve.ts serves it. */
import type { BackendInfo, ContextOptions } from '../context-options.js';
import type { EwaldErrorTag } from '../errors.js';
import type { PlatformModule } from '../globals.js';
import type { IndexingBatch, IndexingDescriptor } from '../indexing/contract.js';
import type { IndexingInput } from '../indexing/input.js';
import type { IndexerOptions } from '../indexing/parameters.js';
import type { IndexingResult } from '../indexing/result.js';
import type { PiOptions, PiResult, PiRunOptions } from '../pi/options.js';

type Outputs = 'found' | 'results' | 'assignment';

/** Each call: what it is told, and what it answers. */
export interface WorkerCalls {
  /** Opens a context of these options instead of the one there is; without it the first work opens one on wasm. */
  readonly open: { readonly options: ContextOptions | undefined; readonly value: readonly BackendInfo[] };
  readonly pi: {
    readonly options: PiOptions & Omit<PiRunOptions, 'signal' | 'onProgress'>;
    readonly value: PiResult;
  };
  /** Plans an indexer, indexes a batch and disposes of the indexer. */
  readonly index: {
    readonly options: { readonly indexer: IndexerOptions; readonly input: Omit<IndexingInput, 'signal' | 'into'> };
    readonly value: Pick<IndexingResult, 'images' | 'maxOutputCells' | 'offsets' | Outputs>;
  };
  /** The wasm backend's own, for threads: plans an indexer on a compiled core; answers the bytes it holds. */
  readonly kernel: {
    readonly options: { readonly module: PlatformModule; readonly descriptor: IndexingDescriptor };
    readonly value: number;
  };
  /** Indexes a slice of a batch on that kernel. */
  readonly batch: {
    readonly options: Omit<IndexingBatch, Outputs>;
    readonly value: { readonly [K in Outputs]: Uint8Array };
  };
  readonly close: { readonly options: undefined; readonly value: null };
}
export type WorkerCall = keyof WorkerCalls;

type Maybe<O> = undefined extends O ? { readonly options?: O } : { readonly options: O };

/** A request of a call. */
export type RequestOf<C extends WorkerCall> = {
  [K in C]: { readonly id: number; readonly call: K } & Maybe<WorkerCalls[K]['options']>;
}[C];
/** The answer to it, when all went well. */
export type AnswerOf<C extends WorkerCall> = {
  [K in C]: { readonly id: number; readonly call: K; readonly value: WorkerCalls[K]['value'] };
}[C];
/** What answers instead when it did not; the call may be one that the worker does not know. */
export interface WorkerFailure {
  readonly id: number;
  readonly error: { readonly tag: EwaldErrorTag; readonly message: string };
}

export type WorkerRequest = RequestOf<WorkerCall>;
export type WorkerReply = AnswerOf<WorkerCall> | WorkerFailure;
