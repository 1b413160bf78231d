/** What `ewald info FILE…` runs: describes a file of detector frames, how each fact was found, and which facts are missing. */
import { inspectRows, isCutFile, openRows } from '../entries/command.node.js';
import { type FileReport, inspect } from '../entries/data.node.js';
import { isEwaldError } from '../entries/index.node.js';
import { openOptions } from './data-options.js';
import { inFlags } from './flag-words.js';
import type { InfoFlags } from './info-rows.js';
import { writeReport } from './info-text.js';
import { type CliDeps, endDone, exitCode, fail, Progress, print, printJson } from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';

/** The options that errors may name. */
const infoRows = { ...openRows, ...inspectRows } as const;

/** Describes files one after another. */
export async function run(files: readonly string[], flags: InfoFlags, { signal }: CliDeps): Promise<void> {
  const { header = false, json } = flags;
  const progress = new Progress('info');
  const options = { ...openOptions(flags, signal), ...pickFlags(inspectRows, flags), onProgress: progress.report };
  const found: (Omit<FileReport, 'failed'> | { file: string; error: { tag: string; message: string } })[] = [];
  const failed = (file: string, given: unknown): void => {
    const error = inFlags(given, infoRows, nameAsFlags(infoRows));
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
      endDone(report.damaged === undefined && !isCutFile(report));
      if (json) continue;
      if (i > 0) print();
      writeReport({ ...report, failed: others }, header);
    } catch (error) {
      failed(file, error);
    }
  }
  if (json) printJson(found);
}
