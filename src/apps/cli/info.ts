/** `ewald info FILE…`: describes a file of detector frames, how each fact was found, and which facts are missing. */
import type { Command } from 'commander';
import { openRows, type Parameters } from '../../entries/command.node.js';
import { type FileReport, inspect } from '../../entries/data.node.js';
import { isEwaldError } from '../../entries/index.node.js';
import { openOptions, withDataFlags } from './data-options.js';
import { inFlags } from './flag-words.js';
import { tell } from './info-text.js';
import { type CliDeps, endDone, exitCode, fail, print, printJson } from './output.js';
import { type FlagTexts, flagValues, saidAsFlags, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  header: { kind: 'boolean', sentence: 'the whole header as the file has it' },
  json: jsonRow(
    'one JSON array: [{file, format, title, why, alsoLikely, shape, frames, dtype, frameBytes, filters, ' +
      'firstFrame, meta, ' +
      'missing, notes, sizes, arrays, maskedPixels, peakList, options}] or {file, error} for a file that ' +
      'cannot be read',
  ),
} as const satisfies Parameters;

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('info')
    .description('describe files of detector frames: format, frames, geometry, and what they do not state')
    .argument('<files...>', "files of any known format; a folder or a quoted 'run_*.tif' is one stack")
    .action((files: string[], texts: FlagTexts) => run(files, texts, deps));
  withFlags(withDataFlags(command), rows);
}

async function run(files: readonly string[], texts: FlagTexts, { signal }: CliDeps): Promise<void> {
  const flags = flagValues(rows, texts);
  const options = openOptions(texts, signal);
  const found: (Omit<FileReport, 'failed'> | { file: string; error: { tag: string; message: string } })[] = [];
  const failed = (file: string, given: unknown): void => {
    const error = inFlags(given, openRows, saidAsFlags(openRows));
    const code = flags.json && isEwaldError(error) && error.tag !== 'Aborted' ? exitCode.of(error) : fail(error);
    if (isEwaldError(error)) found.push({ file, error: { tag: error.tag, message: error.message } });
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
  };
  for (const [i, file] of files.entries()) {
    if (signal.aborted) break;
    try {
      const { failed: others, ...report } = await inspect(file, options);
      for (const other of others) failed(other.file, other.error);
      found.push(report);
      endDone(report.damaged === undefined);
      if (flags.json) continue;
      if (i > 0) print();
      tell({ ...report, failed: others }, flags.header ?? false);
    } catch (error) {
      failed(file, error);
    }
  }
  if (flags.json) printJson(found);
}
