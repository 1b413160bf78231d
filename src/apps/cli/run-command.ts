/** `ewald run ANALYSIS FILE`. What runs is loaded when its flags have been read. */
import type { Command } from 'commander';
import { analysisRows, liveRows, openRows, scanRunRows, watchRows } from '../../entries/command.node.js';
import { executorRowsOf } from './executor-rows.js';
import type { CliDeps } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { analysisHelp, flagsInHelp, namesInHelp } from './run-help.js';
import { commandRows, rows } from './run-rows.js';

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('run')
    .description('run analyses or your own functions over frames, several in one pass')
    .argument('[analysis]', 'one analysis, or several separated by commas; with --udf the file')
    .argument('[file]', 'a file of frames; ewald info describes it')
    .configureHelp({ visibleOptions: (self) => flagsInHelp(self) })
    .addHelpText('after', ({ command: self }) => `\nAnalyses:\n${analysisHelp(namesInHelp(self)).join('\n')}`)
    .action(async (analysis: string | undefined, file: string | undefined, texts: FlagTexts) => {
      const flags = flagValues(rows, texts);
      const { runAnalyses } = await import('./run.js');
      return runAnalyses(analysis, file, flags, deps);
    });
  withFlags(withFlags(command, { ...scanRunRows, ...openRows, ...liveRows }), analysisRows);
  withFlags(withFlags(command, executorRowsOf('workers that share the partitions')), {
    ...commandRows,
    ...watchRows,
  });
}
