/** The flags of `ewald cluster`. */
import type { FlagValues, Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { serverRows } from './server-rows.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...serverRows,
  cancel: { kind: 'text', sentence: 'ends this run: the name in the list of runs', value: 'run' },
  runs: { kind: 'boolean', sentence: 'lists the runs only' },
  json: jsonRow(
    'one JSON array: [{name, host, platform, version, build, slots, backends, now}]; with --runs [{run, client, ' +
      'build, weight, waiting, held, done, rate, waits}]',
  ),
} as const;
export const command = {
  description: 'list the workers and the runs of a cluster, and end a run',
  rows,
} as const satisfies CommandWords<Parameters>;
export type ClusterFlags = FlagValues<typeof rows>;
