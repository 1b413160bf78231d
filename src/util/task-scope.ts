/**
 * What a room's task sees of its environment. Executors provide more (src/parallel/task.ts); rooms use only this, so
 * that they do not depend on executors.
 */
import type { PlatformSignal } from './globals.js';
import type { Disposable } from './resource.js';

/**
 * Data that many tasks read, referenced instead of sent with each task: a file by its path, anything by its URL, or a
 * value given to `executor.share` by its content hash.
 */
export type InputReference = { readonly path: string } | { readonly url: string } | { readonly hash: string };

/** A file in which one worker stores results that are too large to be sent, and an index of its contents. */
export interface Shard extends Disposable {
  readonly name: string;
  /**
   * Appends bytes, and then to the index the entry that describes them, given their place; both are on the disk when
   * this resolves, to that place.
   */
  append(pieces: readonly Uint8Array[], entry: (at: number) => unknown): Promise<number>;
}

/** The second argument of a task's function; `C` is the part of the worker's context that it uses. */
export interface RoomTaskScope<C = object> {
  /** Fires when the result is no longer wanted; long tasks check it where they can. */
  readonly signal: PlatformSignal;
  /** Threads that the task may use itself: 1 if other workers share the machine. */
  readonly threads: number;
  /** The references given as `inputs`, for tasks that read them piece by piece. */
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** This worker's context, opened on first use by the same rules as on the caller's side; the worker disposes it. */
  context(): Promise<C>;
  /** An input: the shared value for a hash, the bytes (Uint8Array) of a path or URL; cached for the next task. */
  input(name: string): Promise<unknown>;
  /**
   * A value shared by the tasks of this worker, such as an open file or a plan: created on first use of this key,
   * disposed with the worker or after seven other keys have been used.
   */
  keep<T extends Disposable>(key: string, make: () => Promise<T>): Promise<T>;
  /**
   * This worker's shard in a folder that contains this token; undefined if the worker does not share that folder with
   * the client, or may not write there.
   */
  shard(folder: string, token: string): Promise<Shard | undefined>;
  /** Marks buffers of a result to be transferred to the caller instead of copied. */
  transfer<T>(value: T, buffers: readonly ArrayBuffer[]): T;
}
