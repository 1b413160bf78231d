/**
 * What is said to a worker of ewald and what it answers; serve.ts serves it. What can be asked of a room is said
 * in its calls.ts.
 */
import type { BackendInfo, ContextOptions } from '../backends/context-options.js';
import type { EwaldErrorTag } from '../base/errors.js';

/** Each call: what it is told, and what it answers. */
export interface WorkerCalls {
  /** Opens a context of these options instead of the one there is; without it the first work opens one on wasm. */
  readonly open: { readonly options: ContextOptions | undefined; readonly value: readonly BackendInfo[] };
  /** Asked first: whether anybody listens. */
  readonly alive: { readonly options: undefined; readonly value: true };
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
