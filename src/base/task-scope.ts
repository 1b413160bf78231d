/**
 * What the task of a room sees of the place where it runs. Executors give more (src/executors/task.ts); a room asks for no
 * more than this, so that rooms do not depend on executors.
 */
import type { PlatformSignal } from './globals.js';
import type { Disposable } from './resource.js';

/**
 * Something that many tasks read, named instead of sent with each: a file by its path, anything by its URL, or what
 * `executor.share` was given by its content hash.
 */
export type InputReference = { readonly path: string } | { readonly url: string } | { readonly hash: string };

/** The second argument of a task's function; `C` is what it needs of the worker's context. */
export interface RoomTaskScope<C = object> {
  /** Fires when nobody wants the result any more; long tasks look at it where they can. */
  readonly signal: PlatformSignal;
  /** Threads that the task may use by itself: 1 where other workers share the machine. */
  readonly threads: number;
  /** The references given as `inputs`, for tasks that read them piece by piece. */
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** This worker's context, opened when it is first asked for by the same rules as at home; the worker disposes it. */
  context(): Promise<C>;
  /** An input: the shared value for a hash, the bytes (Uint8Array) of a path or URL; kept for the next task. */
  input(name: string): Promise<unknown>;
  /**
   * What tasks of this worker share, such as an open file or a plan: made when it is first asked for by this key, disposed
   * with the worker, or once seven others have been asked for since.
   */
  keep<T extends Disposable>(key: string, make: () => Promise<T>): Promise<T>;
  /** Marks buffers of a result that move to whoever asked instead of being copied. */
  transfer<T>(value: T, buffers: readonly ArrayBuffer[]): T;
}
