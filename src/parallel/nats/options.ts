/**
 * Options of clusters. In a separate file, without the clients' types: projects that have not installed `@nats-io/*`
 * compile against these declarations.
 */
import { row } from '../../options/call-options.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { WorkerInfo, WorkerState } from '../executor.js';
import type { WorkersOptions } from '../options.js';
import type { ConnectionParameters, JoinParameters, SubmitParameters } from '../parameter-types.js';
import { connectionRows } from '../parameters.js';

/** Address options and credentials of a NATS server. */
export interface NatsOptions extends ConnectionParameters {
  /** Name and password of a user; alternatively `nats://user:password@host`. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Node: paths of PEM files; `true` for the system's certificates. */
  readonly tls?:
    | true
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  /**
   * Loads the client of NATS: `() => Promise.all([import('@nats-io/nats-core')])`. Bundled pages need it, because
   * bundlers only follow imports in the code of the app; default: the installed package on Node, that of an import map
   * in a page.
   */
  readonly nats?: LoadNats | undefined;
}

/** Loads the module `@nats-io/nats-core`; further modules of the list are not used. */
export type LoadNats = () => Promise<readonly [core: unknown, ...more: unknown[]]>;

const { cluster, token, creds } = connectionRows;
/** The rows of an address's options. */
export const natsRows = {
  ...row.others('tls', 'nats'),
  user: row.text,
  password: row.text,
  cluster,
  token,
  creds,
} as const;

/** Connects by TCP with the clients' settings and returns their connection; not available in browsers. */
export type TcpConnect = (settings: object, tls: NatsOptions['tls']) => Promise<unknown>;

/** Options of `Executor.connect`. */
export interface ConnectOptions extends NatsOptions, SubmitParameters {
  /** Names of modules that the workers were started with (`--module name=…`). */
  readonly modules?: readonly string[] | undefined;
  /** Seconds for which a run waits without any joined worker, above 0; default 60. */
  readonly workerTimeoutS?: number | undefined;
  /** Seconds for which this call, and later a run, waits for an unavailable server, above 0; default 300. */
  readonly serverTimeoutS?: number | undefined;
  /** Receives a line if this call waits for the server, or a run for a worker. If it throws, the call or the run fails. */
  readonly onEvent?: ((event: string) => void) | undefined;
  /** Ends the wait of this call for the server with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** Options of a worker that joins a cluster. */
export interface JoinOptions extends NatsOptions, WorkersOptions, JoinParameters {
  /** Seconds of absence after which a client is considered dead and its tasks are dropped, from 1, default 30. */
  readonly clientTimeoutS?: number | undefined;
  /** Receives events: joined, server lost, server available again. If it throws, the worker leaves. */
  readonly onEvent?: ((event: string) => void) | undefined;
  /** Ends the wait of this call for the server with `Aborted`; `leave` ends the worker. */
  readonly signal?: PlatformSignal | undefined;
}

/** A run on a cluster. */
export interface ClusterRun {
  /** Its name, which `cancelRun` takes. */
  readonly run: string;
  /** Machine and process of its client. */
  readonly client: string;
  readonly build: string;
  readonly weight: number;
  /** Tasks that no worker holds, that workers hold, and that have ended. */
  readonly waiting: number;
  readonly held: number;
  readonly done: number;
  /** Tasks per second while it was watched. */
  readonly rate: number;
  /** What it waits for, in words. */
  readonly waits: string;
}

/** A joined worker. */
export interface JoinedWorker {
  readonly info: WorkerInfo;
  /** What it does at this moment. */
  readonly now: WorkerState;
  /** Resolves when the worker has left; rejects when the server has refused it, or `onEvent` has thrown. */
  readonly left: Promise<void>;
  /** Finishes running tasks, returns tasks that have not started, and leaves. */
  leave(): Promise<void>;
}
