/** What is said to a worker of ewald and what it answers; worker.ts serves it. */
import type { EwaldErrorTag } from '../errors.js';

/** A request; `options` are those of the call, see `WorkerCalls` in worker.ts. */
export interface WorkerRequest {
  readonly id: number;
  readonly call: 'alive' | 'open' | 'pi' | 'index' | 'kernel' | 'batch' | 'close';
  readonly options?: unknown;
}

/** What answers a request. */
export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly tag: EwaldErrorTag; readonly message: string } };
