/** The calls between an executor and the host of its tasks inside a worker. */

import type { ContextOptions } from '../../compute/context/context.js';
import type { PlainError } from '../../util/errors.js';
import type { RankHandle } from '../communicator/group.js';
import type { TaskSpec } from '../task.js';

/** What a host is started with. */
export interface HostStart {
  readonly worker: string;
  readonly threads: number;
  readonly modules: Readonly<Record<string, string>>;
  readonly context: ContextOptions | undefined;
  /** Whether there is a worker for every core, so that each computes on its own thread. */
  readonly crowded?: boolean;
  /** Whether modules are imported by name only, and none by a URL. */
  readonly namesOnly?: boolean;
  /** Real path of the folder in which shards may be created. */
  readonly shards?: string | undefined;
}

/** The calls by which a worker runs tasks, in order. */
export interface HostCalls {
  /** The first one; its value identifies the worker's script. */
  readonly host: {
    readonly options: HostStart;
    readonly value: { readonly version: string; readonly build: string };
  };
  /** Runs a task, which may be one rank of a group; an error of its function is a value. */
  readonly task: {
    readonly options: Omit<TaskSpec, 'transfer'> & { readonly group?: RankHandle };
    readonly value: { readonly value: unknown; readonly seconds: number } | { readonly error: PlainError };
  };
  /** A run has ended: no file of its results stays open. */
  readonly rest: { readonly options: undefined; readonly value: undefined };
}

/** What a host asks of its executor: the shared value of a hash. */
export interface ExecutorCalls {
  readonly shared: { readonly options: string; readonly value: unknown };
}
