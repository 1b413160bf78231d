/** The flags that select where the work of a command is done. */
import {
  connectionRows,
  type FlagValues,
  type Parameters,
  type rankRows,
  submitRows,
  executorRows as taskRows,
} from '../entries/command.node.js';
import type { ConnectOptions } from '../entries/executors.node.js';

/** Parameters that require a cluster. */
export const clusterRows = { ...connectionRows, ...submitRows } as const;

/** Parameters that select where the work of a command is done. */
export const executorRows = { ...taskRows, ...clusterRows } as const satisfies Parameters;

/** The values of these flags, and of that of commands whose ranks store results. */
export type ExecutorFlags = FlagValues<typeof executorRows & typeof rankRows>;

/** These rows; `jobs` describes what `-j` counts, and its default. */
export const executorRowsOf = (jobs: string, usual = 'none, this process does it') => ({
  ...executorRows,
  jobs: { ...executorRows.jobs, sentence: jobs, defaultText: usual },
});

/** Where the work is done. */
export type ExecutorChoice =
  | { readonly kind: 'inline' }
  | { readonly kind: 'mpi'; readonly shardFolder?: string | undefined }
  /** `isExplicit`: the user asked for workers, or for this number of them. */
  | { readonly kind: 'workers'; readonly workers: number; readonly isExplicit: boolean }
  | { readonly kind: 'nats'; readonly url: string; readonly options: ConnectOptions };
