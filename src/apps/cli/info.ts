/** `ewald info FILE…`: describes a file of detector frames, how each fact was found, and which facts are missing. */
import type { Command } from 'commander';
import { type FlagValues, inspectRows, openRows, type Parameters } from '../../entries/command.node.js';
import { type FileReport, inspect } from '../../entries/data.node.js';
import { isEwaldError } from '../../entries/index.node.js';
import { openOptions } from './data-options.js';
import { inFlags } from './flag-words.js';
import { writeReport } from './info-text.js';
import { type CliDeps, endDone, exitCode, fail, Progress, print, printJson } from './output.js';
import { type FlagTexts, flagValues, nameAsFlags, pickFlags, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...openRows,
  ...inspectRows,
  header: { kind: 'boolean', group: 'output', sentence: 'the whole header as the file has it' },
  json: jsonRow(
    'one JSON array: [{file, format, title, why, alsoLikely, shape, frames, dtype, frameBytes, filters, ' +
      'firstFrame, selected, meta, missing, notes, ' +
      ' sizes, arrays, maskedPixels, maskVaries, peakList, options}] or {file, error} for a file that ' +
      'cannot be read',
  ),
} as const satisfies Parameters;

/** The options that errors may name. */
const told = { ...openRows, ...inspectRows } as const;

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('info')
    .description('describe files of detector frames: format, frames, geometry, and what they do not state')
    .argument('<files...>', "files of any known format; a folder or a quoted 'run_*.tif' is one stack")
    .action((files: string[], texts: FlagTexts) => run(files, flagValues(rows, texts), deps));
  withFlags(command, rows);
}

async function run(files: readonly string[], flags: FlagValues<typeof rows>, { signal }: CliDeps): Promise<void> {
  const { header = false, json } = flags;
  const progress = new Progress('info');
  const options = { ...openOptions(flags, signal), ...pickFlags(inspectRows, flags), onProgress: progress.report };
  const found: (Omit<FileReport, 'failed'> | { file: string; error: { tag: string; message: string } })[] = [];
  const failed = (file: string, given: unknown): void => {
    const error = inFlags(given, told, nameAsFlags(told));
    const code = json && isEwaldError(error) && error.tag !== 'Aborted' ? exitCode.of(error) : fail(error);
    if (isEwaldError(error)) found.push({ file, error: { tag: error.tag, message: error.message } });
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
  };
  for (const [i, file] of files.entries()) {
    if (signal.aborted) break;
    try {
      const { failed: others, ...report } = await inspect(file, options).finally(() => progress.end());
      for (const other of others) failed(other.file, other.error);
      found.push(report);
      endDone(report.damaged === undefined);
      if (json) continue;
      if (i > 0) print();
      writeReport({ ...report, failed: others }, header);
    } catch (error) {
      failed(file, error);
    }
  }
  if (json) printJson(found);
}
