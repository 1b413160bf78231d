/** Tasks and their scope, which are the same on every kind of executor. */

import type { DataInput } from '../bytes/source-of.js';
import type { ContextCore } from '../compute/context/context.js';
import type { Dataset } from '../frames/dataset.js';
import type { OpenOptions } from '../frames/open.js';
import type { PlatformUrl } from '../util/globals.js';
import type { InputReference, RoomTaskScope } from '../util/task-scope.js';
import type { Communicator } from './communicator/communicator.js';

export type { InputReference } from '../util/task-scope.js';

/** A unit of work: a function of a module and its argument. */
export interface Task {
  /** Name in results and messages; default: the task's place in the run. */
  readonly id?: string | undefined;
  /**
   * Module that exports the function: a registered name (`pi`, `indexing`, names of the option `modules`), or an
   * absolute URL such as `new URL('./tasks.js', import.meta.url)`.
   */
  readonly module: string | PlatformUrl;
  /** Name of the exported function; default `default`. */
  readonly function?: string | undefined;
  /** First argument of the function: anything that can be cloned between threads. */
  readonly argument?: unknown;
  /**
   * Buffers of `argument` that are moved instead of copied, and are detached afterwards, if the worker belongs to this
   * process and `retries` is 0.
   */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
  /** Further modules that the function loads by `scope.module`; named and sent like `module`. */
  readonly uses?: readonly (string | PlatformUrl)[] | undefined;
  /** Inputs that the function reads by `scope.input(name)`. */
  readonly inputs?: Readonly<Record<string, InputReference>> | undefined;
}

/**
 * The second argument of a task's function. Executors do not know which rooms a context has;
 * src/context/tasks.ts names all of them for users.
 */
export interface TaskScope<C extends ContextCore = ContextCore> extends RoomTaskScope<C> {
  /** Name of the worker the task runs on. */
  readonly worker: string;
  /** The communicator of the ranks that `spmd` runs the task on; undefined for tasks of a run. */
  readonly comm: Communicator | undefined;
  /** Opens frames by path, URL or File, like `open` of `ewald/data` on the worker; the task disposes them. */
  open(input: DataInput, options?: OpenOptions): Promise<Dataset>;
  /** Exports of a module that the task names in `uses`. */
  module(name: string): Promise<Readonly<Record<string, unknown>>>;
}

/** A function that a module exports for tasks. */
export type TaskFunction<C extends ContextCore = ContextCore> = (argument: never, scope: TaskScope<C>) => unknown;

/** A checked task in the form in which it is sent. */
export interface TaskSpec {
  readonly id: string;
  readonly module: string;
  readonly function: string;
  readonly argument: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** Locations of modules for the worker, by the names in the task. */
  readonly uses: Readonly<Record<string, string>>;
}
