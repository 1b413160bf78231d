/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type { connectionRows, joinRows, submitRows } from './parameters.js';

/** How a cluster is reached. */
export interface ConnectionParameters extends OptionsOf<Pick<typeof connectionRows, 'cluster' | 'token' | 'creds'>> {}

/** How many tasks run at once. */
export interface WorkerParameters extends OptionsOf<Pick<typeof joinRows, 'workers' | 'threads'>> {}

/** What a worker offers to a cluster. */
export interface JoinParameters
  extends OptionsOf<Pick<typeof joinRows, 'allowModules' | 'maxMemory' | 'lifetimeS' | 'name' | 'shards'>> {}

/** How a run on a cluster is treated. */
export interface SubmitParameters extends OptionsOf<typeof submitRows> {}
