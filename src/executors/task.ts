/** What a task is, where it runs and what it sees there; the same on every kind of executor. */

import type { PlatformUrl } from '../base/globals.js';
import type { InputReference, RoomTaskScope } from '../base/task-scope.js';
import type { Communicator } from '../communicator/communicator.js';
import type { Dataset } from '../data/dataset.js';
import type { OpenOptions } from '../data/open.js';
import type { DataInput } from '../data/source-of.js';

export type { InputReference } from '../base/task-scope.js';

import type { Context } from '../context/rooms.js';

/** One piece of work: a function of a module, and what it is called with. */
export interface Task {
  /** Name in results and messages; default: the task's place in the run. */
  readonly id?: string;
  /**
   * Module that exports the function: a registered name (`pi`, `indexing`, those of the option `modules`), or an
   * absolute URL such as `new URL('./tasks.js', import.meta.url)`.
   */
  readonly module: string | PlatformUrl;
  /** Which of the module's exports; default `default`. */
  readonly function?: string;
  /** First argument of the function: anything that can be cloned between threads. */
  readonly argument?: unknown;
  /**
   * Buffers of `argument` that the caller gives away: they move instead of being copied, and are empty here afterwards,
   * where a worker is of this process and `retries` is 0.
   */
  readonly transfer?: readonly ArrayBuffer[];
  /** Further modules that the function loads by `scope.module`, named as `module` is: they travel as it does. */
  readonly uses?: readonly (string | PlatformUrl)[];
  /** What the function reads by `scope.input(name)`. */
  readonly inputs?: Readonly<Record<string, InputReference>>;
}

/** The second argument of a task's function. */
export interface TaskScope extends RoomTaskScope<Context> {
  /** Name of the worker the task runs on. */
  readonly worker: string;
  /** The communicator of the ranks that `spmd` runs the task on; undefined for tasks of a run. */
  readonly comm: Communicator | undefined;
  /** Opens frames by path, URL or File, as `open` of `ewald/data` does there; the task disposes them. */
  open(input: DataInput, options?: OpenOptions): Promise<Dataset>;
  /** Exports of a module that the task names in `uses`. */
  module(name: string): Promise<Readonly<Record<string, unknown>>>;
}

/** What a module exports for tasks. */
export type TaskFunction = (argument: never, scope: TaskScope) => unknown;

/** A task after its checks, as it travels. */
export interface TaskSpec {
  readonly id: string;
  readonly module: string;
  readonly function: string;
  readonly argument: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** Modules by the names the task gave them: where they are for the worker. */
  readonly uses: Readonly<Record<string, string>>;
}
