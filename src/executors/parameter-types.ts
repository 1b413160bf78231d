// Generated from parameters.ts by `npm run layout`. Do not edit.

/** How a cluster is reached. */
export interface ConnectionParameters {
  /** Name of the cluster on that server: letters, digits, - and _. Default ewald. */
  readonly cluster?: string | undefined;
  /**
   * Token of the server (EWALD_NATS_TOKEN is safer: others can see command lines). Alternatively the address is
   * `nats://token@host`.
   */
  readonly token?: string | undefined;
  /**
   * Credentials file, as written by nsc generate creds (or EWALD_NATS_CREDS). In JavaScript the text of the file, or
   * on Node its path.
   */
  readonly creds?: string | undefined;
}

/** How many tasks run at once. */
export interface WorkerParameters {
  /** Concurrent tasks. 1 … 1024; default one per core. */
  readonly workers?: number | undefined;
  /** Threads that a task may use. The default is one, since the workers share the cores. 1 … 1024; default 1. */
  readonly threads?: number | undefined;
}

/** What a worker offers to a cluster. */
export interface JoinParameters {
  /** Runs modules sent as source: all who submit tasks can then do everything that this user can. Default false. */
  readonly allowModules?: boolean | undefined;
  /**
   * Memory of the process, above which running tasks are lost. Bytes; 268435456 … 9007199254740991; default the
   * machine's or container's, divided by its workers of the cluster.
   */
  readonly maxMemory?: number | undefined;
  /**
   * Seconds after which it finishes its tasks and leaves. It leaves up to a tenth earlier, at random: workers that
   * were started together do not leave together. S; 1 … 1e9; default none.
   */
  readonly lifetimeS?: number | undefined;
  /** Name shown by ewald cluster. Default machine and process. */
  readonly name?: string | undefined;
  /**
   * Shared folder in which it may store results of runs whose stream is written there. Results that are stored are
   * not sent. Without it, and for streams elsewhere, they are sent to the client. The folder is compared by its real
   * path, which must be the same on all machines.
   */
  readonly shards?: string | undefined;
}

/** How a run on a cluster is treated. */
export interface SubmitParameters {
  /** Share of the slots of a cluster where runs compete, relative to that of others. 0.001 … 1000; default 1. */
  readonly weight?: number | undefined;
  /** Only workers of a cluster whose backend is a GPU. Default false. */
  readonly needGpu?: boolean | undefined;
  /** Only workers of a cluster whose process may use this much memory. Bytes; 1 … 9007199254740991; default any. */
  readonly needMemory?: number | undefined;
}
