/** Messages on the port between an executor and the host inside a worker. */
import type { PlainError } from '../../base/errors.js';
import type { RankHandle } from '../../core/communicator/group.js';
import type { ContextOptions } from '../../core/context/context.js';
import type { TaskSpec } from '../task.js';

/** The first message, sent as `options` of the worker's call `host`. */
export interface HostStart {
  readonly port: MessagePort;
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

/** Messages to the worker. */
export type ToHost =
  | {
      readonly say: 'task';
      readonly number: number;
      readonly spec: Omit<TaskSpec, 'transfer'>;
      /** Set if the task is one rank of a group. */
      readonly group?: RankHandle;
    }
  | { readonly say: 'abort'; readonly number: number }
  | { readonly say: 'share'; readonly hash: string; readonly value: unknown; readonly error?: PlainError }
  /** A run has ended: no file of its results stays open. */
  | { readonly say: 'rest' }
  | { readonly say: 'close' };

/** Messages from the worker. */
export type FromHost =
  | { readonly say: 'ready'; readonly version: string; readonly build: string }
  | { readonly say: 'done'; readonly number: number; readonly value: unknown; readonly seconds: number }
  | { readonly say: 'failed'; readonly number: number; readonly error: PlainError }
  | { readonly say: 'want'; readonly hash: string }
  | { readonly say: 'closed' };
