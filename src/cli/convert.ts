/**
 * `ewald convert IN -o OUT`: writes frames of any format to a .h5, .npy, .raw or .mrc file, completely or not at all.
 */
import { extname } from 'node:path';
import { convert, convertRows, refuseOthers } from '../entries/command.node.js';
import type { ConvertFlags } from './convert-rows.js';
import { openOptions, openWords } from './data-options.js';
import { endDone } from './ends.js';
import { bold, type CliDeps, dim, note, Progress, print, printJson, yellow } from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';

/** Writes the frames. */
export async function run([input = '']: readonly string[], flags: ConvertFlags, { signal }: CliDeps): Promise<void> {
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
  const { isCut, ...facts } = written;
  for (const text of written.warnings) note(`${yellow('warning:')} ${text}`);
  endDone(!isCut, signal);
  if (json) return printJson({ input, output, ...facts, ms });
  const { shape, dtype, bytes, format } = written;
  const dims = [...shape.nav, ...shape.sig].join(' × ');
  print(`${bold(output)}  ${dims} ${dtype}  ${dim(`${bytes} bytes in ${(ms / 1000).toFixed(2)} s`)}`);
  if (reopen) print(dim(`a .${format} file does not store everything; to open it: ${openWords(reopen)}`));
}
