/** `ewald convert IN -o OUT`: frames of any format into a .npy, .raw or .mrc file, whole or not at all. */
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { Dataset, FrameRange } from '../data/dataset.js';
import { open } from '../data/node.js';
import { writers } from '../data/write.js';
import { EwaldError } from '../errors.js';
import { checkSignal } from '../options.js';
import { type DataFlags, openOptions, withDataFlags } from './data-options.js';
import { checkOutput, openOutput, type WriteOptions } from './files.js';
import { bold, type CliDeps, dim, Progress, print, printJson } from './output.js';

interface Flags extends DataFlags {
  output: string;
  frames?: string;
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  withDataFlags(
    program
      .command('convert')
      .description('write frames of any format known here into a .npy, .raw or .mrc file')
      .argument('<in>', 'a file of frames; ewald info tells what it holds')
      .requiredOption('-o, --output <out>', 'a name that ends in .npy, .raw or .mrc; written whole or not at all'),
  )
    .option('--frames <first:end>', 'only these frames, counted from 0, the end not included: 0:100')
    .option('--force', 'replace a file that is there')
    .option('--json', '{input, output, format, shape, dtype, frames, bytes, ms}')
    .action((input: string, flags: Flags) => run(input, flags, deps));
}

async function run(input: string, flags: Flags, { signal }: CliDeps): Promise<void> {
  const kind = extname(flags.output).slice(1).toLowerCase();
  const writer = writers[kind];
  if (!writer)
    throw new EwaldError(
      'Argument',
      `"${flags.output}" should end in ${Object.keys(writers)
        .map((ending) => `.${ending}`)
        .join(' or ')}; the ending says the format`,
    );
  const writing: WriteOptions = { force: flags.force ?? false };
  await checkOutput(flags.output, writing);
  const started = performance.now();
  const dataset = await open(input, openOptions(flags, signal));
  try {
    const range = rangeOf(flags.frames, dataset);
    const navigation = flags.frames === undefined ? dataset.shape.navigation : [range.count];
    const shape = { navigation, signal: dataset.shape.signal };
    const { header, encode, reopen } = writer({ shape, dtype: dataset.dtype, frames: range.count, meta: dataset.meta });
    const output = await openOutput(flags.output, writing);
    const progress = new Progress('convert');
    let bytes = header.length;
    try {
      await output.write(header);
      let done = 0;
      for await (const frames of pieces(dataset, range, signal)) {
        const encoded = encode(frames.data);
        await output.write(encoded);
        bytes += encoded.length;
        done += frames.count;
        progress.report(done / range.count, `${done} of ${range.count} frames`);
      }
      checkSignal(signal);
      await output.close();
    } catch (error) {
      await output.discard();
      throw error;
    } finally {
      progress.end();
    }
    const ms = performance.now() - started;
    if (flags.json)
      printJson({
        input,
        output: flags.output,
        format: kind,
        shape,
        dtype: dataset.dtype,
        frames: range.count,
        bytes,
        ms,
      });
    else {
      const dims = [...navigation, ...shape.signal].join(' × ');
      print(`${bold(flags.output)}  ${dims} ${dataset.dtype}  ${dim(`${bytes} bytes in ${(ms / 1000).toFixed(2)} s`)}`);
      if (reopen) print(dim(`a .${kind} file says nothing of itself; to open it: ${reopen}`));
    }
  } finally {
    await dataset.dispose();
  }
}

/** Frames piece by piece, the next one read while the one before is written. */
async function* pieces(
  dataset: Dataset,
  { first, count }: FrameRange,
  signal: AbortSignal,
): AsyncGenerator<{ data: Awaited<ReturnType<Dataset['read']>>; count: number }> {
  const end = first + count;
  const parts = dataset
    .partitions(2 ** 24)
    .map((part) => ({ first: Math.max(part.first, first), end: Math.min(part.first + part.count, end) }))
    .filter((part) => part.end > part.first);
  const read = (i: number) => {
    const part = parts[i];
    if (!part) return undefined;
    const data = dataset.read(part.first, part.end - part.first, undefined, { signal });
    // Whoever stops in between does not wait for it.
    data.catch(() => undefined);
    return { data, count: part.end - part.first };
  };
  let next = read(0);
  for (let i = 0; next; i++) {
    const { data, count: frames } = next;
    const here = await data;
    next = read(i + 1);
    yield { data: here, count: frames };
  }
}

function rangeOf(text: string | undefined, { frames, name }: Dataset): FrameRange {
  if (text === undefined) return { first: 0, count: frames };
  const match = /^(\d*):(\d*)$/.exec(text);
  const first = Number(match?.[1] || 0);
  const end = match?.[2] ? Number(match[2]) : frames;
  if (!match || first >= end || end > frames)
    throw new EwaldError(
      'Argument',
      `--frames is "${text}"; needed is first:end within 0:${frames}, the frames of ${name}`,
    );
  return { first, count: end - first };
}
