/**
 * `ewald convert IN -o OUT`: writes frames of any format to a .h5, .npy, .raw or .mrc file, completely or not at all.
 */
import type { Command } from 'commander';
import { EwaldError } from '../entries/index.node.js';
import { type ConvertOptions, convert } from '../entries/shell.node.js';
import { type DataFlags, openOptions, openWords, withDataFlags } from './data-options.js';
import { bold, type CliDeps, dim, Progress, print, printJson } from './output.js';

interface Flags extends DataFlags {
  output: string;
  frames?: string;
  packing?: ConvertOptions['packing'];
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  withDataFlags(
    program
      .command('convert')
      .description('write frames of any known format to a .h5, .npy, .raw or .mrc file')
      .argument('<in>', "a file of frames, a folder or a quoted 'run_*.tif'; ewald info describes it")
      .requiredOption(
        '-o, --output <out>',
        'a name that ends in .h5, .npy, .raw or .mrc; written completely or not at all',
      ),
  )
    .option('--frames <first:end>', 'only these frames, counted from 0, end excluded: 0:100')
    .option('--packing <name>', '.h5: bitshuffle (with LZ4, default), gzip or none')
    .option('--force', 'replace an existing file; never the input')
    .option('--json', '{input, output, format, shape, dtype, frames, bytes, ms}')
    .action((input: string, flags: Flags) => run(input, flags, deps));
}

async function run(input: string, { output, frames, packing, force, json, ...flags }: Flags, { signal }: CliDeps) {
  const started = performance.now();
  const progress = new Progress('convert');
  const { reopen, ...written } = await convert(input, output, {
    ...openOptions(flags, signal),
    frames: frames === undefined ? undefined : rangeOf(frames),
    packing,
    force,
    onProgress: (done, all) => progress.report(done / all, `${done} of ${all} frames`),
  }).finally(() => progress.end());
  const ms = performance.now() - started;
  if (json) return printJson({ input, output, ...written, ms });
  const { shape, dtype, bytes, format } = written;
  const dims = [...shape.navigation, ...shape.signal].join(' × ');
  print(`${bold(output)}  ${dims} ${dtype}  ${dim(`${bytes} bytes in ${(ms / 1000).toFixed(2)} s`)}`);
  if (reopen) print(dim(`a .${format} file does not store everything; to open it: ${openWords(reopen)}`));
}

/** `10:20`, `:20`, `10:`. */
function rangeOf(text: string): [first: number, end?: number] {
  const [match, first, end] = /^(\d*):(\d*)$/.exec(text) ?? [];
  if (match === undefined)
    throw new EwaldError('Argument', `--frames is "${text}"; expected first:end, such as 0:100, :100 or 100:`);
  return [Number(first), ...(end ? [Number(end)] : [])] as [number, number?];
}
