/**
 * `ewald convert IN -o OUT`: writes frames of any format to a .h5, .npy, .raw or .mrc file, completely or not at all.
 */
import { extname } from 'node:path';
import type { Command } from 'commander';
import {
  convert,
  convertRows,
  type FlagValues,
  openRows,
  type Parameters,
  refuseOthers,
} from '../../entries/command.node.js';
import { openOptions, openWords } from './data-options.js';
import { endDone } from './ends.js';
import { bold, type CliDeps, dim, note, Progress, print, printJson, yellow } from './output.js';
import { type FlagTexts, flagValues, nameAsFlags, pickFlags, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'a name that ends in .h5, .npy, .raw or .mrc; written completely or not at all',
    required: true,
    value: 'out',
  },
  ...convertRows,
  json: jsonRow('{input, output, format, shape, dtype, frames, bytes, warnings, ms}'),
  ...openRows,
} as const satisfies Parameters;

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('convert')
    .description('write frames of any known format to a .h5, .npy, .raw or .mrc file')
    .argument('<in>', "a file of frames, a folder or a quoted 'run_*.tif'; ewald info describes it")
    .action((input: string, texts: FlagTexts) => run(input, flagValues(rows, texts), deps));
  withFlags(command, rows);
}

async function run(input: string, flags: FlagValues<typeof rows>, { signal }: CliDeps): Promise<void> {
  const { output = '', json } = flags;
  const ending = /\.(h5|hdf5)$/i.test(output) ? 'h5' : extname(output).slice(1);
  const because = (): string => `${ending} stores numbers uncompressed`;
  refuseOthers(convertRows, flags, { stages: [ending], because }, nameAsFlags(convertRows), { h5: 'HDF5' });
  const started = performance.now();
  const progress = new Progress('convert');
  const { reopen, ...written } = await convert(input, output, {
    ...openOptions(flags, signal),
    ...pickFlags(convertRows, flags),
    onProgress: (now) => progress.report({ ...now, stage: `${now.done} of ${now.total} frames` }),
  }).finally(() => progress.end());
  const ms = performance.now() - started;
  const { isCut, ...told } = written;
  for (const text of written.warnings) note(`${yellow('warning:')} ${text}`);
  endDone(!isCut, signal);
  if (json) return printJson({ input, output, ...told, ms });
  const { shape, dtype, bytes, format } = written;
  const dims = [...shape.nav, ...shape.sig].join(' × ');
  print(`${bold(output)}  ${dims} ${dtype}  ${dim(`${bytes} bytes in ${(ms / 1000).toFixed(2)} s`)}`);
  if (reopen) print(dim(`a .${format} file does not store everything; to open it: ${openWords(reopen)}`));
}
