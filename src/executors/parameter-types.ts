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
  /** Name shown by ewald cluster. Default machine and process. */
  readonly name?: string | undefined;
}
