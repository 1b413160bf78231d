/** `ewald convert IN -o OUT`: frames of any format into a .h5, .npy, .raw or .mrc file, whole or not at all. */
import { extname } from 'node:path';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { checkSignal, choice } from '../base/options.js';
import type { Dataset, FrameRange, Metadata } from '../data/dataset.js';
import type { FrameArray } from '../data/dtype.js';
import type { Packing } from '../data/hdf5/writer.js';
import { open, openCodecs } from '../data/opening.node.js';
import { writers } from '../data/write.js';
import { beginHdf5Frames, packings } from '../data/write-hdf5.js';
import { checkOutput, type Output, openOutput, type WriteOptions } from '../files/write.js';
import { type DataFlags, openOptions, withDataFlags } from './data-options.js';
import { bold, type CliDeps, dim, Progress, print, printJson } from './output.js';

interface Flags extends DataFlags {
  output: string;
  frames?: string;
  packing?: string;
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  withDataFlags(
    program
      .command('convert')
      .description('write frames of any format known here into a .h5, .npy, .raw or .mrc file')
      .argument('<in>', "a file of frames, a folder or a quoted 'run_*.tif'; ewald info tells what it holds")
      .requiredOption('-o, --output <out>', 'a name that ends in .h5, .npy, .raw or .mrc; written whole or not at all'),
  )
    .option('--frames <first:end>', 'only these frames, counted from 0, the end not included: 0:100')
    .option('--packing <name>', '.h5: bitshuffle (with LZ4, default), gzip or none')
    .option('--force', 'replace a file that exists; never the input')
    .option('--json', '{input, output, format, shape, dtype, frames, bytes, ms}')
    .action((input: string, flags: Flags) => run(input, flags, deps));
}

async function run(input: string, flags: Flags, { signal }: CliDeps): Promise<void> {
  const kind = extname(flags.output).slice(1).toLowerCase();
  const begin = beginners[kind];
  if (!begin)
    throw new EwaldError(
      'Argument',
      `"${flags.output}" should end in ${Object.keys(beginners)
        .map((ending) => `.${ending}`)
        .join(' or ')}; the ending says the format`,
    );
  if (flags.packing !== undefined && begin !== beginHdf5)
    throw new EwaldError('Argument', `--packing is for HDF5; a .${kind} file holds its numbers as they are`);
  const packing = choice<Packing>('--packing', flags.packing as Packing | undefined, 'bitshuffle', packings);
  const writing: WriteOptions = {
    force: flags.force ?? false,
    series: [input],
    otherwise: 'may hold frames of an experiment',
  };
  await checkOutput(flags.output, writing);
  const started = performance.now();
  const dataset = await open(input, openOptions(flags, signal));
  try {
    const range = rangeOf(flags.frames, dataset);
    const navigation = flags.frames === undefined ? dataset.shape.navigation : [range.count];
    const shape = { navigation, signal: dataset.shape.signal };
    const output = await openOutput(flags.output, writing);
    const progress = new Progress('convert');
    let bytes: number;
    let reopen: string | undefined;
    try {
      const described = { shape, dtype: dataset.dtype, frames: range.count, meta: metaOf(dataset, navigation) };
      const writer = await begin({ dataset, described, output, packing, file: flags.output });
      try {
        let done = 0;
        for await (const frames of pieces(dataset, range, signal)) {
          await writer.write(frames.data);
          done += frames.count;
          progress.report(done / range.count, `${done} of ${range.count} frames`);
        }
        checkSignal(signal);
        ({ bytes, reopen } = await writer.finish());
      } finally {
        await writer.dispose?.();
      }
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
      if (reopen) print(dim(`a .${kind} file does not say all of it; to open it: ${reopen}`));
    }
  } finally {
    await dataset.dispose();
  }
}

/** A file under way. */
interface Writing {
  write(frames: FrameArray): Promise<void>;
  finish(): Promise<{ bytes: number; reopen: string | undefined }>;
  dispose?(): Promise<void>;
}

interface Task {
  readonly dataset: Dataset;
  /** What is written: perhaps some of the frames only. */
  readonly described: Pick<Dataset, 'shape' | 'dtype' | 'frames' | 'meta'>;
  readonly output: Output;
  readonly packing: Packing;
  readonly file: string;
}

/** Formats whose frames lie behind a header as they are. */
async function beginPlain({ described, output }: Task, kind: string): Promise<Writing> {
  const writer = writers[kind]?.(described);
  if (!writer) throw new EwaldError('Internal', `no writer of .${kind}`);
  await output.write(writer.header);
  let bytes = writer.header.length;
  return {
    async write(frames) {
      const encoded = writer.encode(frames);
      await output.write(encoded);
      bytes += encoded.length;
    },
    finish: async () => ({ bytes, reopen: writer.reopen }),
  };
}

async function beginHdf5({ dataset, described, output, packing, file }: Task): Promise<Writing> {
  const { patch } = output;
  if (!patch)
    throw new EwaldError('Argument', `${file} is no regular file; HDF5 cannot be written into a pipe or a device`);
  const mask = await dataset.mask?.();
  const codecs = await openCodecs();
  const sink = { append: (bytes: Uint8Array) => output.write(bytes), patch: patch.bind(output) };
  const writer = await beginHdf5Frames(sink, codecs, described, { packing, mask }).catch(async (error) => {
    await codecs.dispose();
    throw error;
  });
  return {
    write: (frames) => writer.write(frames),
    finish: async () => ({ bytes: await writer.finish(), reopen: writer.reopen }),
    dispose: () => codecs.dispose(),
  };
}

/** What begins a file, by its ending. */
const beginners: Readonly<Record<string, (task: Task) => Promise<Writing>>> = {
  h5: beginHdf5,
  hdf5: beginHdf5,
  ...Object.fromEntries(Object.keys(writers).map((kind) => [kind, (task: Task) => beginPlain(task, kind)])),
};

/** Axes of a scan say nothing of some of its frames in a row. */
function metaOf({ meta, shape }: Dataset, navigation: readonly number[]): Metadata {
  if (navigation === shape.navigation || !meta.axes) return meta;
  return { ...meta, axes: meta.axes.slice(meta.axes.length - shape.signal.length) };
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
