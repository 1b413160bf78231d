/** The flags of `ewald run`. */
import {
  analysisRows,
  type FlagValues,
  grouped,
  liveRows,
  openRows,
  type Parameters,
  proxyRows,
  scanRunRows,
  watchRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { executorRowsOf } from './executor-rows.js';
import { analysisHelp, flagsInHelp, namesInHelp } from './run-help.js';
import { backendRow, jsonRow } from './shell-rows.js';

/** Parameters of the cluster, and of the command itself. */
export const commandRows = grouped('many cores', {
  module: {
    kind: 'text',
    sentence: 'path under which the workers of the cluster load the module of --udf',
    value: 'path',
    of: ['a cluster (--executor nats://…)'],
  },
  backend: { ...backendRow, sentence: 'backend of the kernels' },
  stdout: {
    kind: 'choice',
    group: 'output',
    sentence: 'writes one result to standard output, as -o - does',
    choices: ['npy'],
    defaultText: '',
  },
  stay: {
    kind: 'boolean',
    group: 'live',
    sentence: 'keeps the page of --view after the run',
    off: 'end the page of --view with the run, at a terminal, too',
    fallback: true,
    needs: ['view'],
  },
  json: jsonRow(
    '{input, shape, dtype, frames, positions, results: [{name, shape, dtype, min, max}], files, ' +
      'warnings, live: {received, lost, …}, error, seconds, bytesPerSecond}',
  ),
} as const satisfies Parameters);

const rows = {
  ...scanRunRows,
  ...openRows,
  ...liveRows,
  ...analysisRows,
  ...executorRowsOf('workers that share the partitions'),
  ...commandRows,
  // Its sentence says that it is of a cluster.
  module: { ...commandRows.module, of: undefined },
  ...watchRows,
  ...proxyRows,
} as const satisfies Parameters;
export const command = {
  description: 'run analyses or your own functions over frames, several in one pass',
  arguments: [
    ['[analysis]', 'one analysis, or several separated by commas; with --udf the file'],
    ['[file]', 'a file of frames; ewald info describes it'],
  ],
  rows,
  flagsInHelp,
  after: (self) => `\nAnalyses:\n${analysisHelp(namesInHelp(self)).join('\n')}`,
} as const satisfies CommandWords<Parameters>;
export type RunFlags = FlagValues<typeof rows>;
