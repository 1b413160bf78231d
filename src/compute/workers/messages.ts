/** The messages of an ewald worker, served by serve.ts. The calls of a room are in its calls.ts. */

import type { PlainError } from '../../util/errors.js';
import type { Handlers } from '../../util/port-calls.js';
import type { BackendInfo, ContextOptions } from '../backends/context-options.js';

/** Each call with its options and its result. */
export interface WorkerCalls {
  /** Opens a context with these options instead of the current one; without it the first request opens one on wasm. */
  readonly open: { readonly options: ContextOptions | undefined; readonly value: readonly BackendInfo[] };
  /** Sent first, to check that the worker is running. */
  readonly alive: { readonly options: undefined; readonly value: true };
  readonly close: { readonly options: undefined; readonly value: null };
}
export type WorkerCall = keyof WorkerCalls;

/** How a worker answers some calls. */
export interface ServedCalls<C extends WorkerCall> {
  readonly calls: Pick<Handlers<WorkerCalls>, C>;
  /** Ends what the calls have left open. */
  close?(): Promise<void>;
}

type Maybe<O> = undefined extends O ? { readonly options?: O } : { readonly options: O };

/** A request of a call. */
type RequestOf<C extends WorkerCall> = {
  [K in C]: { readonly id: number; readonly call: K } & Maybe<WorkerCalls[K]['options']>;
}[C];
/** The reply on success. */
type AnswerOf<C extends WorkerCall> = {
  [K in C]: { readonly id: number; readonly call: K; readonly value: WorkerCalls[K]['value'] };
}[C];
/** The reply on failure; the call may be unknown to the worker. */
interface WorkerFailure {
  readonly id: number;
  readonly error: PlainError;
}

export type WorkerRequest = RequestOf<WorkerCall>;
export type WorkerReply = AnswerOf<WorkerCall> | WorkerFailure;
