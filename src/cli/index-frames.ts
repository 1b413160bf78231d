/** `ewald index run.h5 -g GEOM -p CELL -o OUT.stream`: frames in, a CrystFEL stream out. */
import type { Command } from 'commander';
import type { Context } from '../context.js';
import type { KnownCell } from '../crystal/cell-file.js';
import { formatCellFile } from '../crystal/cell-file.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { parseGeometry } from '../crystal/geometry/parse.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import { marks } from '../crystal/stream/stream.js';
import { formatChunk, formatHead } from '../crystal/stream/write.js';
import { open } from '../data/node.js';
import { EwaldError, isEwaldError } from '../errors.js';
import type { IndexingMethod, IndexingThresholds } from '../indexing/indexer.js';
import type { Frame } from '../peaks/contract.js';
import { latticeName } from '../pipeline/chunk.js';
import { badEverywhere, beamOfRun, frameSize, geometryFromFile, validRange } from '../pipeline/detector.js';
import { flagsOf, type GuessedPeaks, guessPeaks } from '../pipeline/guess.js';
import type { RingRadii } from '../pipeline/integrate.js';
import { type PipelineInput, type PipelineItem, runPipeline } from '../pipeline/run.js';
import { version } from '../version.js';
import { type Output, openOutput } from './files.js';
import { openFrames, readFrameList, type Wanted } from './frame-inputs.js';
import { FrameSummary } from './frame-summary.js';
import { readText } from './inputs.js';
import {
  type CliDeps,
  dim,
  exitCode,
  green,
  note,
  Progress,
  parseInteger,
  parseNumber,
  print,
  printJson,
  red,
  yellow,
} from './output.js';

/** Flags of frames; the names are CrystFEL's. */
export interface FrameFlags {
  input?: string;
  prefix?: string;
  geometry?: string;
  output?: string;
  jobs?: string;
  data?: string;
  peaks?: string;
  threshold?: string;
  minSnr?: string;
  minPixCount?: string;
  maxPixCount?: string;
  localBgRadius?: string;
  minRes?: string;
  maxRes?: string;
  minPeaks?: string;
  intRadius?: string;
  integrate?: boolean;
  pushRes?: string;
  nonHitsInStream?: boolean;
  serialStart?: string;
  force?: boolean;
  profile?: boolean;
}

/** Adds the flags of frames to the command. */
export function withFrameFlags(command: Command): Command {
  return command
    .option('-i, --input <list>', 'list of files of frames, a line each; "file //3" is one frame of it')
    .option('-x, --prefix <text>', 'put before each file of the list')
    .option('-g, --geometry <file>', 'CrystFEL .geom of the detector; default: what the file itself says')
    .option('-o, --output <stream>', 'write a CrystFEL stream; - is standard output')
    .option('-j, --jobs <n>', 'frames under way at once', '2')
    .option('--data <path>', 'dataset of the frames in HDF5 files')
    .option('--peaks <method>', 'how peaks are found: peakfinder8', 'peakfinder8')
    .option('--threshold <n>', 'values at or below belong to no peak; default: from the first frames')
    .option('--min-snr <n>', 'sigmas of a peak above its surroundings')
    .option('--min-pix-count <n>', 'pixels of a peak, at least')
    .option('--max-pix-count <n>', 'pixels of a peak, at most')
    .option('--local-bg-radius <n>', 'surroundings of a peak reach twice as far, pixels')
    .option('--min-res <n>', 'no peaks nearer to the beam, pixels', '0')
    .option('--max-res <n>', 'no peaks farther from the beam, pixels; 0 is no limit', '0')
    .option('--min-peaks <n>', 'frames with fewer peaks are no hits', '0')
    .option('--int-radius <a,b,c>', 'radii of integration, pixels', '4,5,7')
    .option('--no-integrate', 'orientations and peaks alone')
    .option('--push-res <n>', 'predict beyond the resolution of the peaks, 1/nm', '0')
    .option('--no-non-hits-in-stream', 'leave frames that are no hits out of the stream')
    .option('--serial-start <n>', 'serial number of the first frame', '1')
    .option('--force', 'replace a file that is no stream')
    .option('--profile', 'print the time of each stage');
}

/** What lists and frames share. */
export interface SharedFlags {
  readonly cell: KnownCell | undefined;
  readonly method: IndexingMethod;
  readonly thresholds: IndexingThresholds;
  readonly json: boolean;
}

const peakFlags = ['threshold', 'minSnr', 'minPixCount', 'maxPixCount', 'localBgRadius'] as const;

/** Runs frames through the pipeline. */
export async function runFrames(
  files: readonly string[],
  flags: FrameFlags,
  shared: SharedFlags,
  context: Context,
  { signal }: Pick<CliDeps, 'signal'>,
): Promise<void> {
  if (flags.peaks !== 'peakfinder8')
    throw new EwaldError(
      'Argument',
      `--peaks is "${flags.peaks}"; known is peakfinder8 (zaef and others are not here yet)`,
    );
  const wanted: Wanted[] = [
    ...files.map((file) => ({ file, frames: undefined })),
    ...(flags.input === undefined ? [] : await readFrameList(flags.input, flags.prefix)),
  ];
  const geometryText = flags.geometry === undefined ? undefined : await readText(flags.geometry);
  const given = geometryText === undefined ? undefined : parseGeometry(geometryText, flags.geometry);
  for (const warning of given?.warnings ?? []) note(`${yellow('warning:')} ${flags.geometry}: ${warning}`);
  const [data] = given?.panels.map((panel) => panel.data).filter((path) => path !== '/data/data') ?? [];
  const inputs = await openFrames(wanted, flags.data ?? (await dataOf(wanted[0]?.file, data)), signal);
  try {
    await search(inputs, given, geometryText, flags, shared, context, signal);
  } finally {
    for (const input of inputs) await input.dataset.dispose();
  }
}

/** The geometry's dataset, where the file is one of those that hold several. */
async function dataOf(file: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (file === undefined || path === undefined) return undefined;
  const first = await open(file);
  const named = first.arrays.some(({ name }) => name === path);
  await first.dispose();
  return named ? path : undefined;
}

async function search(
  inputs: readonly PipelineInput[],
  given: Geometry | undefined,
  geometryText: string | undefined,
  flags: FrameFlags,
  shared: SharedFlags,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  const [first] = inputs;
  if (!first) throw new EwaldError('Argument', 'the run has no frames; needed is a file of frames or a list with -i');
  const { dataset, filename } = first;
  const geometry = given ?? geometryFromFile(dataset);
  const openOther = (file: string, path: string) => open(file, { dataset: path });
  const beam = await beamOfRun(geometry, filename, openOther);
  const bad = await badEverywhere(geometry, dataset, filename, openOther);
  const reach = {
    minRes: parseNumber(flags.minRes ?? '0', '--min-res', 0, 1e6),
    maxRes: parseNumber(flags.maxRes ?? '0', '--max-res', 0, 1e6),
  };
  const guess = await guessed(context, first, geometry, bad, reach, flags);
  const [threshold, minSnr, minPixCount, maxPixCount, localBgRadius] = peakFlags.map((name) =>
    flags[name] === undefined ? guess[name] : parseNumber(flags[name], `--${kebab(name)}`),
  ) as [number, number, number, number, number];
  const total = inputs.reduce((sum, { frames, dataset: one }) => sum + (frames?.length ?? one.frames), 0);
  const stream = flags.output === undefined ? undefined : await openStream(flags, geometry, geometryText, shared);
  const progress = new Progress('index');
  const summary = new FrameSummary(total);
  try {
    const items = runPipeline(context, {
      inputs,
      geometry,
      beam,
      bad,
      cells: shared.cell ? [shared.cell] : [],
      peaks: { threshold, minSnr, minPixCount, maxPixCount, localBgRadius },
      ...reach,
      minPeaks: parseInteger(flags.minPeaks ?? '0', '--min-peaks', 0, 2 ** 20),
      method: shared.method,
      thresholds: shared.thresholds,
      rings: flags.integrate === false ? null : ringsOf(flags.intRadius ?? '4,5,7'),
      pushResolution: parseNumber(flags.pushRes ?? '0', '--push-res', 0, 100) / 10,
      jobs: parseInteger(flags.jobs ?? '2', '--jobs', 1, 256),
      serialStart: parseInteger(flags.serialStart ?? '1', '--serial-start', 0, 2 ** 31),
      signal,
    });
    for await (const item of items) {
      summary.add(item);
      if (item.error) note(`${red('✗')} ${nameOf(item)}: ${item.error.message}`);
      else if (item.result.hit || flags.nonHitsInStream !== false) await stream?.write(formatChunk(item.chunk));
      if (shared.json) printJson(jsonOf(item));
      else if (!stream && !item.error) print(lineOf(item));
      progress.report(summary.done / Math.max(1, total), summary.status());
    }
  } catch (error) {
    // Ctrl-C: what is finished is a stream, and is kept.
    if (!isEwaldError(error, 'Aborted')) {
      await stream?.discard();
      throw error;
    }
  } finally {
    progress.end();
  }
  await stream?.close();
  const written = stream && flags.output !== '-' ? flags.output : undefined;
  const report = summary.text(flags.profile ?? false, written);
  if (shared.json || flags.output === '-') note(report);
  else print(report);
  if (signal.aborted) process.exitCode = exitCode.interrupted;
  else if (summary.failed > 0) process.exitCode = exitCode.data;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function ringsOf(text: string): RingRadii {
  const radii = text.split(',').map(Number);
  const [inner = 0, middle = 0, outer = 0] = radii;
  if (radii.length !== 3 || !radii.every(Number.isFinite) || !(0 < inner && inner <= middle && middle < outer))
    throw new EwaldError(
      'Argument',
      `--int-radius is "${text}"; needed are three rising radii in pixels, such as 4,5,7`,
    );
  return [inner, middle, outer];
}

/** Parameters of the search from the first frames, told to the user as the flags that repeat them. */
async function guessed(
  context: Context,
  { dataset, frames }: PipelineInput,
  geometry: Geometry,
  bad: Uint8Array,
  reach: { minRes: number; maxRes: number },
  flags: FrameFlags,
): Promise<GuessedPeaks> {
  const usual = { minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 };
  if (flags.threshold !== undefined) return { threshold: 0, ...usual };
  const first = (frames ?? Array.from({ length: Math.min(4, dataset.frames) }, (_, i) => i)).slice(0, 4);
  const numbers: Frame[] = [];
  for (const frame of first) {
    const read = await dataset.read(frame, 1).catch(() => undefined);
    if (read) numbers.push((read instanceof Float64Array ? Float32Array.from(read) : read) as Frame);
  }
  const dtype = dataset.dtype === 'f64' ? 'f32' : dataset.dtype;
  const finder = await context.peaks({ ...frameSize(dataset), dtype: dtype as 'u16', geometry, bad, ...reach });
  try {
    const guess = await guessPeaks(finder, numbers, validRange(dataset.meta, geometry));
    const all = {
      ...guess,
      ...Object.fromEntries(
        peakFlags.flatMap((name) => (flags[name] === undefined ? [] : [[name, Number(flags[name])]])),
      ),
    };
    note(dim(`peaks: from the first ${numbers.length} frames ${flagsOf(all)}`));
    return guess;
  } finally {
    await finder.dispose();
  }
}

async function openStream(
  flags: FrameFlags,
  geometry: Geometry,
  geometryText: string | undefined,
  { cell, method }: SharedFlags,
): Promise<Output> {
  const output = await openOutput(flags.output ?? '-', {
    force: flags.force ?? false,
    replaces: (head) => new TextDecoder().decode(head.subarray(0, 64)).startsWith(marks.format),
    otherwise: 'is no stream',
  });
  const target = cell && cellText(cell);
  await output.write(
    formatHead({
      version: '2.3',
      generator: `ewald ${version}`,
      commandLine: ['ewald', ...process.argv.slice(2)].join(' '),
      geometry: geometryText ?? formatGeometry(geometry),
      cell: target,
      indexingMethods: cell ? `ewald-${method}` : 'none',
    }),
  );
  return output;
}

function cellText(cell: KnownCell): string {
  const { lattice, uniqueAxis } = latticeName(cell);
  const axis = uniqueAxis as 'a' | 'b' | 'c' | undefined;
  return `${formatCellFile(cell, lattice, axis)}; Please note: this is the target unit cell.\n; The actual unit cells produced by indexing depend on many other factors.\n`;
}

const nameOf = ({ origin }: PipelineItem): string =>
  `${origin.filename}${origin.event === undefined ? '' : ` //${origin.event}`}`;

function lineOf(item: PipelineItem): string {
  const { result } = item;
  if (!result) return '';
  const [first] = result.crystals;
  const count = `${result.peaks.count} peaks`;
  if (!first) return `${yellow('–')} ${nameOf(item)}  ${dim(`${count}, no lattice found`)}`;
  return result.crystals
    .map((crystal, i) => {
      const shape = `${crystal.lengths.map((x) => x.toFixed(2)).join(' ')} Å  ${crystal.angles.map((x) => x.toFixed(2)).join(' ')}°`;
      const where = i === 0 ? `${green('✓')} ${nameOf(item)}` : `  ${dim(`lattice ${i + 1}`)}`;
      const measured = crystal.reflections ? `, ${crystal.reflections.length} reflections` : '';
      return `${where}  ${shape}  ${dim(`${crystal.peaks.length} of ${count}${measured}, to ${(1 / crystal.resolution).toFixed(2)} Å`)}`;
    })
    .join('\n');
}

function jsonOf(item: PipelineItem): object {
  const { origin, result, error } = item;
  if (error) return { ...origin, error: error.message };
  return {
    ...origin,
    hit: result.hit,
    peaks: result.peaks.count,
    crystals: result.crystals.map(
      ({
        cell,
        lengths,
        angles,
        probability,
        refined,
        indices,
        peaks,
        residual,
        profileRadius,
        resolution,
        reflections,
      }) => ({
        cell: cell.map((row) => [...row]),
        lengths: [...lengths],
        angles: [...angles],
        probability,
        refined,
        indexedPeaks: [...peaks],
        indices: [...indices],
        residual,
        profileRadius,
        resolutionA: 1 / resolution,
        reflections: reflections?.length ?? null,
      }),
    ),
    ms: result.ms,
  };
}
