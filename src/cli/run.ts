/** `ewald run ANALYSIS FILE`: runs analyses and UDFs over a stack of frames, several in one pass. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { Context } from '../entries/udf.node.js';
import type { WriteOptions } from '../files/write.js';
import type { Analysis } from '../udf/analyses/analysis.js';
import type { ResultBuffer } from '../udf/buffers.js';
import type { UdfRunOptions } from '../udf/context-options.js';
import { product } from '../udf/dtypes.js';
import type { Roi } from '../udf/roi.js';
import type { Scan } from '../udf/scan.js';
import { type AnyDefinition, type AnyUdf, asUdf, isUdf } from '../udf/udf.js';
import { type DataFlags, openOptions, withDataFlags } from './data-options.js';
import { type Chosen, chosenExecutor, type ExecutorFlags, rankOf, withExecutor } from './executor-flags.js';
import { readNpyFile } from './npy-file.js';
import { bold, type CliDeps, counted, dim, Progress, parseInteger, print, printJson } from './output.js';
import { type AnalysisFlags, analyses, checkFlags, namesOf } from './run-analyses.js';
import { beginResults, checkOutputs, type Named, type ResultFiles, writeResults } from './run-files.js';

interface Flags extends DataFlags, AnalysisFlags, ExecutorFlags {
  output?: string;
  png?: string;
  channel?: string[];
  roi?: string;
  syncOffset?: string;
  dark?: string;
  gain?: string;
  excluded?: string;
  backend?: string;
  udf?: string[];
  force?: boolean;
  plots?: boolean;
  json?: boolean;
}

const repeat = (one: string, all: string[] = []): string[] => [...all, one];

export function register(program: Command, deps: CliDeps): void {
  const list = Object.entries(analyses).map(([name, { about }]) => `  ${name.padEnd(15)} ${about}`);
  const command = withDataFlags(
    program
      .command('run')
      .description('run analyses or your own functions over frames, several in one pass')
      .argument('<analysis>', 'one analysis, or several separated by commas; with --udf the file')
      .argument('[file]', 'a file of frames; ewald info describes it')
      .option(
        '-o, --output <file>',
        'results: .npy (one file each), .h5 (all in one), .csv (one row per ' + 'scan position)',
      )
      .option('--png <file>', 'images of the results, with colours suitable for colour-blind readers')
      .option('--channel <name>', 'only this result of an analysis; may be repeated', repeat)
      .option('--force', 'replace existing files; never an input'),
  )
    .option('--cx <px>', 'centre along x; default: the middle')
    .option('--cy <px>', 'centre along y; default: the middle')
    .option('-x, --x <px>', 'pixel of point')
    .option('-y, --y <px>', 'pixel of point')
    .option('-r, --radius <px>', 'radius')
    .option('--ri <px>', 'inner radius')
    .option('--ro <px>', 'outer radius')
    .option('--scan-rotation <degrees>', 'angle between detector and scan')
    .option('--flip-y', "invert the detector's y axis")
    .option('--regression <trend>', 'trend to subtract: none, mean or plane')
    .option('--bins <n>', 'rings')
    .option('--max-order <n>', 'highest Fourier order')
    .option('--clusters <n>', 'number of regions of cluster; default: 20')
    .option('--peaks <n>', 'largest number of pixels per frame that cluster compares; default: 500')
    .option('--min-distance <px>', 'smallest distance between these pixels; default: 1')
    .option('--at <y,x>', 'scan position of pick')
    .option('--mask <file.npy>', 'a mask [y, x], or several [masks, y, x]; may be repeated', repeat)
    .option('--udf <file>', 'a module that exports UDFs (.mjs, .js; .ts if Node supports it); may be repeated', repeat)
    .option('--roi <region>', 'y,x or y0:y1,x0:x1 of the scan, or a .npy file of it')
    .option(
      '--sync-offset <frames>',
      'first frame of the file that belongs to the scan; if negative, that many positions have no frame',
    )
    .option('--dark <file.npy>', 'dark frame to subtract')
    .option('--gain <file.npy>', 'gain factor applied after that')
    .option('--excluded <file.npy>', 'nonzero where a pixel has no count; it gets the mean of its neighbours');
  withExecutor(command, 'workers that share the partitions; default: none, this process runs them')
    .option('--backend <name>', 'backend of the kernels')
    .option('--plots', 'show partial results on standard error')
    .option(
      '--json',
      '{input, shape, dtype, frames, results: [{name, shape, dtype, min, max}], files, seconds, bytesPerSecond}',
    )
    .addHelpText('after', `\nAnalyses:\n${list.join('\n')}`)
    .action((analysis: string, file: string | undefined, flags: Flags) => run(analysis, file, flags, deps));
}

async function run(what: string, second: string | undefined, flags: Flags, { signal }: CliDeps): Promise<void> {
  // With only user functions there is no analysis to name.
  const alone = flags.udf !== undefined && second === undefined;
  const names = alone ? [] : namesOf(what);
  const file = alone ? what : second;
  if (file === undefined) throw new EwaldError('Argument', `no file of frames given: ewald run ${what} scan.mib`);
  checkFlags(names, flags);
  const writing: WriteOptions = { force: flags.force ?? false, series: [file], inputs: inputsOf(flags) };
  const chosen = chosenExecutor(flags, { jobs: 1 });
  // The ranks of an MPI job make the same calls and get the same results; the first one writes and prints.
  const first = (await rankOf(chosen)) === 0;
  if (first) await checkOutputs(flags.output, flags.png, writing);
  const own = await loadUdfs(flags.udf ?? []);
  const ctx = await contextOf(chosen, flags);
  const progress = new Progress('run');
  let files: ResultFiles | undefined;
  try {
    const scan = await ctx.load(file, {
      ...openOptions(flags, signal),
      ...(flags.syncOffset !== undefined && {
        syncOffset: parseInteger(flags.syncOffset, '--sync-offset', -(2 ** 31), 2 ** 31),
      }),
    });
    const made: Analysis[] = [];
    for (const name of names)
      made.push(
        await (analyses[name] as (typeof analyses)[string])
          .make(scan, flags, signal)
          .catch((error) => named(error, name)),
      );
    const roi = await roiOf(flags.roi, scan, signal);
    if (made.some((one) => one.roi) && (made.length > 1 || own.length > 0 || roi))
      throw new EwaldError('Argument', 'pick shows a single frame; it cannot be combined with other analyses or --roi');
    const started = performance.now();
    const read: Read = { frames: 0, bytes: 0, before: 0 };
    const options: UdfRunOptions = {
      roi: roi ?? made[0]?.roi,
      corrections: await correctionsOf(flags, signal),
      signal: signal as never,
      plots: first && (flags.plots ?? false),
      progress: ({ frames, totalFrames, bytes, seconds }) => {
        // An analysis of two passes starts again.
        if (bytes < read.bytes) read.before += read.bytes;
        Object.assign(read, { frames, bytes });
        if (!first) return;
        const rate = bytes / 1e9 / Math.max(seconds, 1e-9);
        const left = (seconds / Math.max(frames, 1)) * (totalFrames - frames);
        progress.report(
          frames / totalFrames,
          `${frames} of ${totalFrames} frames, ${rate.toFixed(2)} GB/s, ${left.toFixed(0)} s left`,
        );
      },
    };
    const prepared = await ctx.prepare(made, options).catch((error) => named(error, 'cluster'));
    const udfs = [...prepared.map(({ udf }) => udf), ...own];
    const resultsOf = (found: readonly Record<string, ResultBuffer>[]): Named[] => [
      ...prepared.flatMap((analysis, i) =>
        channelsOf(analysis, found[i] as Record<string, ResultBuffer>, prepared.length + own.length > 1, flags),
      ),
      ...own.flatMap((udf, i) =>
        buffersOf(udf, found[prepared.length + i] as Record<string, ResultBuffer>, udfs.length > 1, flags),
      ),
    ];
    // Several results have files of their own. A run without frames determines their names, so that an existing file is
    // rejected before the work is done.
    if (flags.output ?? flags.png) {
      const nothing = { roi: new Uint8Array(product(scan.shape.nav)), corrections: options.corrections };
      const none = await ctx.runUdf(scan, udfs, nothing).then(
        (found) => resultsOf(found as readonly Record<string, ResultBuffer>[]),
        () => [],
      );
      if (first) files = await beginResults(flags.output, flags.png, none, writing);
    }
    const found = (await ctx.runUdf(scan, udfs, options)) as readonly Record<string, ResultBuffer>[];
    progress.end();
    if (!first) return;
    const seconds = (performance.now() - started) / 1000;
    const results = resultsOf(found);
    if (results.length === 0)
      throw new EwaldError('Argument', `--channel ${flags.channel?.join(', ')}: no result has this name`);
    const written = await writeResults(flags.output, flags.png, results, files, writing);
    report(file, scan, results, written, { read, seconds }, flags);
  } finally {
    progress.end();
    await files?.discard();
    await ctx.close();
  }
}

/** Files that are read in addition to the frames, none of which may be overwritten. */
const inputsOf = ({ mask, udf, roi, dark, gain, excluded }: Flags): string[] =>
  [...(mask ?? []), ...(udf ?? []), roi, dark, gain, excluded].filter((one) => one !== undefined);

/** Errors of analyses mention functions; this replaces them by terms of the command. */
function named(error: unknown, analysis: string): never {
  if (!(error instanceof EwaldError)) throw error;
  const message = error.message.replace(/^create\w+Analysis: /, `${analysis}: `);
  throw new EwaldError(error.tag, message, { cause: error, detail: error.detail });
}

async function contextOf(chosen: Chosen, { backend }: Flags): Promise<Context> {
  if (chosen.kind === 'nats') return Context.connect(chosen.url, chosen.options);
  const context = backend === undefined ? {} : { context: { backend: backend as 'wasm' } };
  return Context.makeWith(chosen.kind, { ...context, ...(chosen.kind === 'workers' && { cpus: chosen.workers }) });
}

/** Why a module cannot be loaded: with the line of a syntax error, and advice if Node does not support TypeScript. */
function notLoaded(file: string, cause: unknown): EwaldError {
  const what = cause instanceof Error ? cause.message : String(cause);
  if ((cause as { code?: unknown } | undefined)?.code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return new EwaldError(
      'Load',
      `--udf ${file} cannot be loaded: Node ${process.versions.node} does not support TypeScript; ` +
        'use Node 22.18 or later, or compile it first: ' +
        `npx esbuild ${file} --outfile=${file.replace(/\.[cm]?ts$/, '.mjs')}`,
      { cause },
    );
  // Node only reports the position of a syntax error with --check.
  const told =
    cause instanceof SyntaxError ? spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr : '';
  const place = /:(\d+)$/m.exec(told)?.[1];
  return new EwaldError('Load', `--udf ${file}${place ? `, line ${place},` : ''} cannot be loaded: ${what}`, { cause });
}

/** The UDFs exported by a module, made by defineUdf or as plain definitions. */
async function loadUdfs(files: readonly string[]): Promise<AnyUdf[]> {
  const all: AnyUdf[] = [];
  for (const file of files) {
    const url = pathToFileURL(resolve(file)).href;
    if (!existsSync(file))
      throw new EwaldError('File', `--udf ${file} cannot be read: there is no such file or folder`);
    if (!/\.([cm]?js|[cm]?ts)$/.test(file))
      throw new EwaldError('Argument', `--udf is "${file}"; expected a module whose name ends in .mjs, .js or .ts`);
    const exports = (await import(url).catch((cause) => {
      throw notLoaded(file, cause);
    })) as Record<string, unknown>;
    const found = Object.values(exports).filter(
      (value): value is AnyUdf | AnyDefinition =>
        isUdf(value) || (typeof value === 'object' && value !== null && 'buffers' in value && 'name' in value),
    );
    const udfs = [...new Set(found)].map((value) => (isUdf(value) ? value : asUdf({ module: url, ...value })));
    if (udfs.length === 0)
      throw new EwaldError('Argument', `--udf ${file} exports no UDF; expected export const NAME = defineUdf({ … })`);
    all.push(...udfs);
  }
  return all;
}

async function arrayOf(file: string | undefined, signal: AbortSignal) {
  return file === undefined ? undefined : (await readNpyFile(file, signal)).data;
}

async function correctionsOf({ dark, gain, excluded }: Flags, signal: AbortSignal) {
  if (dark === undefined && gain === undefined && excluded === undefined) return undefined;
  const bad = await arrayOf(excluded, signal);
  return {
    dark: await arrayOf(dark, signal),
    gain: await arrayOf(gain, signal),
    excludedPixels: bad && Uint8Array.from(bad, (value) => (value ? 1 : 0)),
  };
}

/** `3,17`, `0:10,5:20`, or a .npy file. */
async function roiOf(
  text: string | undefined,
  { shape: { nav } }: Scan,
  signal: AbortSignal,
): Promise<Roi | undefined> {
  if (text === undefined) return undefined;
  if (/\.npy$/i.test(text)) return (await readNpyFile(text, signal)).data;
  const parts = text.split(',');
  const ranges = parts.map((part, axis) => {
    const match = /^(\d*)(?:(:)(\d*))?$/.exec(part.trim());
    const length = nav[axis] ?? 0;
    const low = Number(match?.[1] || 0);
    const high = match?.[2] ? Number(match[3] || length) : low + 1;
    if (
      !match ||
      (part.trim() === '' && parts.length > 0) ||
      low >= high ||
      high > length ||
      parts.length !== nav.length
    )
      throw new EwaldError(
        'Argument',
        `--roi is "${text}"; the scan is ${nav.join(' × ')}; expected a position or first:end of each axis, such ` +
          `as ${nav.map((n) => `0:${n}`).join(',')}, or a .npy file`,
      );
    return [low, high] as const;
  });
  const mask = new Uint8Array(product(nav));
  for (let flat = 0; flat < mask.length; flat++) {
    let left = flat;
    let inside = true;
    for (let axis = nav.length - 1; axis >= 0; axis--) {
      const at = left % (nav[axis] as number);
      left = Math.floor(left / (nav[axis] as number));
      const [low, high] = ranges[axis] as readonly [number, number];
      inside &&= at >= low && at < high;
    }
    mask[flat] = inside ? 1 : 0;
  }
  return mask;
}

function channelsOf(
  analysis: Analysis,
  results: Record<string, ResultBuffer>,
  several: boolean,
  { channel }: Flags,
): Named[] {
  const prefix = several ? `${analysis.name}-` : '';
  const nav = analysis.scan.shape.nav;
  return analysis
    .channels(results)
    .filter(({ key }) => channel === undefined || channel.includes(key))
    .map(({ key, shape, data, complex, log, vectors }) => {
      const array = vectors ?? data;
      return {
        name: `${prefix}${key}`,
        shape: vectors ? [...shape, 2] : shape,
        dtype: complex ? ('c128' as const) : ('f64' as const),
        data: array instanceof Float64Array ? array : Float64Array.from(array),
        navAxes: shape.join() === nav.join() ? nav.length : 0,
        ...(log && { log }),
        ...(vectors && { vectors: true }),
      };
    });
}

function buffersOf(udf: AnyUdf, results: Record<string, ResultBuffer>, several: boolean, { channel }: Flags): Named[] {
  return Object.entries(results)
    .filter(([name]) => channel === undefined || channel.includes(name))
    .map(([name, { shape, dtype, data, kind, extraShape }]) => ({
      name: several ? `${udf.definition.name}-${name}` : name,
      shape,
      dtype,
      data,
      navAxes: kind === 'nav' ? shape.length - extraShape.length : 0,
    }));
}

/** Minimum and maximum, ignoring NaN. */
function range(data: Named['data']): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** What was read: frames and bytes of the last pass, bytes of the previous ones. */
interface Read {
  frames: number;
  bytes: number;
  before: number;
}

function report(
  input: string,
  scan: Scan,
  results: readonly Named[],
  files: readonly string[],
  { read, seconds }: { readonly read: Read; readonly seconds: number },
  flags: Flags,
): void {
  const { nav, sig } = scan.shape;
  const { frames } = read;
  const bytes = read.before + read.bytes;
  const told = results.map(({ name, shape, dtype, data }) => ({ name, shape, dtype, ...range(data) }));
  if (flags.json) {
    printJson({
      input,
      shape: [...nav, ...sig],
      dtype: scan.dtype,
      frames,
      results: told,
      files,
      seconds,
      bytesPerSecond: bytes / seconds,
    });
    return;
  }
  for (const { name, shape, dtype, min, max } of told)
    print(`${bold(name)}  ${shape.join(' × ')} ${dtype}  ${min} … ${max}`);
  for (const file of files) print(file);
  print(dim(`${counted(frames, 'frame')} in ${seconds.toFixed(2)} s, ${(bytes / 1e9 / seconds).toFixed(2)} GB/s`));
}
