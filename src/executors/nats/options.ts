/**
 * Options of clusters. In a separate file, without the clients' types: projects that have not installed `@nats-io/*`
 * compile against these declarations.
 */
import type { WorkerInfo } from '../executor.js';
import type { WorkersOptions } from '../options.js';

/** How to reach a NATS server, and with which identity. */
export interface NatsOptions {
  /** Token of the server's configuration (`authorization { token }`); `nats://token@host` says it, too. */
  readonly token?: string;
  /** Name and password of a user; `nats://user:password@host` says them, too. */
  readonly user?: string;
  readonly password?: string;
  /** Text of a credentials file (`.creds`), or on Node its path. */
  readonly creds?: string;
  /** Node: paths of PEM files; `true` for the system's certificates. */
  readonly tls?: true | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Name of the cluster on this server, letters, digits, - and _; default `ewald`. Clusters do not see each other. */
  readonly cluster?: string;
  /**
   * Loads the clients of NATS: `() => Promise.all([import('@nats-io/nats-core'), import('@nats-io/jetstream'),
   * import('@nats-io/obj')])`. Pages that are bundled need it, because bundlers follow only imports that stand in the
   * app; default: the installed packages on Node, an import map's in a page.
   */
  readonly nats?: LoadNats;
}

/** Gives the modules `@nats-io/nats-core`, `@nats-io/jetstream` and `@nats-io/obj`. */
export type LoadNats = () => Promise<readonly [core: unknown, jetstream: unknown, obj: unknown]>;

export const natsOptionNames = ['token', 'user', 'password', 'creds', 'tls', 'cluster', 'nats'] as const;

/** Connects by TCP with settings of the clients and gives their connection; browsers have none. */
export type TcpConnect = (settings: object, tls: NatsOptions['tls']) => Promise<unknown>;

/** Options of `Executor.connect`. */
export interface ConnectOptions extends NatsOptions {
  /** Names of modules that the workers were started with (`--module name=…`). */
  readonly modules?: readonly string[];
  /** Seconds a run waits while no worker is joined, above 0, default 60. */
  readonly workerSeconds?: number;
  /** Seconds a run waits for a server that has gone, above 0, default 120. */
  readonly serverSeconds?: number;
  /**
   * Used when this call founds the cluster: seconds after which the server deletes tasks, results and objects that are
   * neither fetched nor refreshed, from 1, default 86 400. Clients refresh what their runs need, so a run may take
   * longer.
   */
  readonly keepSeconds?: number;
}

/** Options of a worker that joins a cluster. */
export interface JoinOptions extends NatsOptions, WorkersOptions {
  /** Run modules that travel as source; default false: only registered names and `modules`. */
  readonly allowModules?: boolean;
  /** Name in `ewald cluster`; default: machine and process. */
  readonly name?: string;
  /** Seconds of absence after which a client is considered dead and its tasks are dropped, from 1, default 60. */
  readonly clientSeconds?: number;
  /** Used when this call founds the cluster: see `keepSeconds` of `Executor.connect`. */
  readonly keepSeconds?: number;
  /** Told of what happens: joined, server gone, server back. */
  readonly onEvent?: (event: string) => void;
}

/** A joined worker. */
export interface JoinedWorker {
  readonly info: WorkerInfo;
  /** Resolves when the worker has left; rejects when the server has refused it. */
  readonly left: Promise<void>;
  /** Finishes running tasks, returns tasks that have not started, and leaves. */
  leave(): Promise<void>;
}
