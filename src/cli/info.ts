/** `ewald info FILE…`: what a file of detector frames holds, how that is known, and what it does not say. */
import type { Command } from 'commander';
import type { Dataset, Metadata } from '../data/dataset.js';
import { elementBytes, elements, type FrameArray, halfToNumber } from '../data/dtype.js';
import { formats } from '../data/formats/table.js';
import { detect, open } from '../data/node.js';
import type { Candidate } from '../data/open.js';
import { isEwaldError, messageOf } from '../errors.js';
import { type DataFlags, flagOf, openOptions, withDataFlags } from './data-options.js';
import { bold, type CliDeps, dim, exitCode, fail, print, printJson, yellow } from './output.js';

interface Flags extends DataFlags {
  json?: boolean;
  header?: boolean;
}

/** What is told of a file. */
interface Report {
  readonly file: string;
  readonly format: string;
  readonly title: string;
  readonly why: string;
  readonly alsoLikely: readonly Candidate[];
  readonly shape: Dataset['shape'];
  readonly frames: number;
  readonly dtype: string;
  readonly frameBytes: number;
  readonly filters: readonly string[];
  readonly firstFrame: FrameStatistics;
  readonly meta: Metadata;
  readonly missing: readonly string[];
  readonly notes: Dataset['notes'];
  readonly sizes: Dataset['sizes'];
  readonly arrays: Dataset['arrays'];
  /** Options that can override what was found. */
  readonly options: readonly string[];
}

/** Arrays that are listed: files of HDF5 may have hundreds. */
const mostArrays = 12;

interface FrameStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Pixels above saturation, below underload, or of a marker value; absent where the file states none of them. */
  readonly unusable?: number;
}

export function register(program: Command, deps: CliDeps): void {
  withDataFlags(
    program
      .command('info')
      .description('what files of detector frames hold: format, frames, geometry, and what they do not say')
      .argument('<files...>', 'files of any format known here'),
  )
    .option('--header', 'the whole header as the file has it')
    .option(
      '--json',
      'one JSON array: [{file, format, title, why, alsoLikely, shape, frames, dtype, frameBytes, filters, firstFrame, meta, ' +
        'missing, notes, sizes, arrays, options}] or {file, error} for a file that cannot be read',
    )
    .action((files: string[], flags: Flags) => run(files, flags, deps));
}

async function run(files: readonly string[], flags: Flags, { signal }: CliDeps): Promise<void> {
  const options = openOptions(flags, signal);
  const found: (Report | { file: string; error: { tag: string; message: string } })[] = [];
  for (const [i, file] of files.entries()) {
    if (signal.aborted) break;
    try {
      const report = await inspect(file, options);
      found.push(report);
      if (flags.json) continue;
      if (i > 0) print();
      tell(report, flags.header ?? false);
    } catch (error) {
      const code = flags.json && isEwaldError(error) && error.tag !== 'Aborted' ? exitCode.data : fail(error);
      if (isEwaldError(error)) found.push({ file, error: { tag: error.tag, message: messageOf(error) } });
      process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
    }
  }
  if (flags.json) printJson(found);
}

async function inspect(file: string, options: ReturnType<typeof openOptions>): Promise<Report> {
  const candidates = await detect(file, options);
  const dataset = await open(file, options);
  try {
    const format = formats.find(({ name }) => name === dataset.format);
    const detected = candidates.find((candidate) => candidate.format === dataset.format);
    const { shape, frames, dtype, meta, notes, sizes, arrays, filters } = dataset;
    return {
      file,
      format: dataset.format,
      title: format?.title ?? dataset.format,
      why: options.format === undefined || options.format === 'auto' ? (detected?.why ?? '') : 'as --format says',
      alsoLikely: candidates.filter((candidate) => candidate !== detected),
      shape,
      frames,
      dtype,
      frameBytes: dataset.frameLength * elementBytes(dtype),
      filters,
      firstFrame: statistics(await dataset.read(0, 1, undefined, options), dataset),
      meta,
      missing: missing(meta),
      notes,
      sizes,
      arrays,
      options: ['navShape', ...(format?.options ?? [])],
    };
  } finally {
    await dataset.dispose();
  }
}

/** Geometry that the file does not tell. */
function missing(meta: Metadata): string[] {
  return [
    ...(meta.wavelengthA === undefined ? ['wavelength'] : []),
    ...(meta.distanceM === undefined && meta.cameraLengthM === undefined ? ['distance'] : []),
    ...(meta.pixelSizeM === undefined ? ['pixel size'] : []),
    ...(meta.beamCentrePx === undefined ? ['beam centre'] : []),
  ];
}

function statistics(frame: FrameArray, { dtype, meta }: Dataset): FrameStatistics {
  const { saturation, underload, markers } = meta;
  let [min, max, sum, counted, unusable] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  const value = dtype === 'f16' ? (x: number | bigint) => halfToNumber(Number(x)) : Number;
  const complex = elements[dtype].numbers === 2;
  for (let i = 0; i < frame.length; i += complex ? 2 : 1) {
    const x = complex ? Math.hypot(Number(frame[i]), Number(frame[i + 1])) : value(frame[i] as number | bigint);
    if (Number.isNaN(x)) continue;
    if (
      (saturation !== undefined && x > saturation) ||
      (underload !== undefined && x < underload) ||
      markers?.includes(x)
    )
      unusable++;
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
    counted++;
  }
  const stated = saturation !== undefined || underload !== undefined || markers !== undefined;
  return { min, max, mean: sum / counted, ...(stated ? { unusable } : {}) };
}

/** The chosen array and the largest others, in the order of the file. */
function mostOfThem(arrays: Dataset['arrays']): Dataset['arrays'] {
  const size = (array: Dataset['arrays'][number]): number =>
    array.chosen ? Number.POSITIVE_INFINITY : array.shape.reduce((a, b) => a * b, 1);
  const least = [...arrays].sort((a, b) => size(b) - size(a)).slice(0, mostArrays);
  return arrays.filter((array) => least.includes(array));
}

const dims = (shape: readonly number[]): string => shape.join(' × ');

function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}

const short = (x: number): string => String(Number(x.toPrecision(6)));

/** A length in the unit a person would choose. */
function length(metres: number): string {
  if (metres >= 1) return `${short(metres)} m`;
  if (metres >= 1e-3) return `${short(metres * 1e3)} mm`;
  if (metres >= 1e-6) return `${short(metres * 1e6)} µm`;
  return `${short(metres * 1e9)} nm`;
}

const signedLength = (metres: number): string => (metres < 0 ? `−${length(-metres)}` : length(metres));

function tell(report: Report, header: boolean): void {
  const { file, title, why, shape, frames, dtype, frameBytes, filters, firstFrame, meta, arrays, sizes } = report;
  const line = (name: string, text: string): void => print(`  ${dim(name.padEnd(12))} ${text}`);
  print(`${bold(file)}  ${title}${why ? dim(`: ${why}`) : ''}`);
  const { navigation, signal } = shape;
  const many =
    frames === 1 && navigation.length === 0
      ? '1 frame'
      : `${navigation.length > 1 ? `${dims(navigation)} = ` : ''}${frames} frame${frames === 1 ? '' : 's'}`;
  line(
    'frames',
    `${many} of ${dims(signal)} ${dtype}, ${size(frameBytes)}${frames > 1 ? ' each' : ''}${frames > 1 ? `, ${size(frames * frameBytes)} in all` : ''}`,
  );
  if (filters.length > 0) line('stored', filters.join(', '));
  const { min, max, mean, unusable } = firstFrame;
  const spoilt =
    unusable === undefined
      ? ''
      : `, ${unusable === 0 ? 'no' : unusable} pixel${unusable === 1 ? '' : 's'} outside the valid range`;
  line(
    'first frame',
    Number.isFinite(min) ? `${short(min)} … ${short(max)}, mean ${short(mean)}${spoilt}` : 'no finite number',
  );
  for (const [name, text] of described(meta)) line(name, text);
  for (const { what, expected, found } of sizes)
    if (expected === found) line('size', `${what}: ${found}, as expected`);
    else if (expected < found) line('size', `${what}: ${found}, of which ${expected} are needed`);
    else line('size', yellow(`${what}: ${expected} expected, ${found} found`));
  if (arrays.length > 0) {
    const shown = mostOfThem(arrays);
    line('arrays', `${arrays.length} in this file; another one by --dataset NAME:`);
    for (const array of shown)
      line('', `${array.chosen ? '●' : ' '} ${array.name}  ${dim(`${dims(array.shape)} ${array.dtype}`)}`);
    if (shown.length < arrays.length)
      line('', dim(`  and ${arrays.length - shown.length} smaller ones; --json lists all`));
  }
  for (const { kind, text, option } of report.notes)
    line(
      kind === 'guess' ? 'guessed' : kind === 'missing' ? 'not told' : kind,
      `${kind === 'warning' ? yellow(text) : text}${option ? dim(`; ${flagOf(option)} overrides`) : ''}`,
    );
  // A note may have said it already, and what to do.
  const untold = report.missing.filter(
    (word) => !report.notes.some(({ kind, text }) => kind === 'missing' && text.includes(word)),
  );
  if (untold.length > 0) line('not told', untold.join(', '));
  if (report.alsoLikely.length > 0)
    line(
      'could be',
      report.alsoLikely.map(({ format, why }) => `${format} (${why})`).join(', ') + dim('; --format chooses'),
    );
  line('options', `${report.options.map(flagOf).join(' ')} ${dim('where the above is wrong')}`);
  if (header)
    for (const [key, value] of Object.entries(meta.header ?? {}))
      line('header', `${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);
}

/** Metadata in words, in the order in which one asks. */
function* described(meta: Metadata): Generator<[string, string]> {
  const maker = [meta.maker, meta.detector, meta.serial && `serial ${meta.serial}`].filter(Boolean);
  if (maker.length > 0) yield ['maker', maker.join(', ')];
  if (meta.date) yield ['date', meta.date];
  if (meta.voltageV)
    yield ['beam', `electrons of ${short(meta.voltageV / 1000)} kV, wavelength ${short(meta.wavelengthA ?? 0)} Å`];
  else if (meta.wavelengthA)
    yield [
      'beam',
      `wavelength ${short(meta.wavelengthA)} Å = ${short(12.398419843320026 / meta.wavelengthA)} keV photons`,
    ];
  if (meta.distanceM) yield ['distance', length(meta.distanceM)];
  if (meta.cameraLengthM) yield ['camera', `camera length ${length(meta.cameraLengthM)}`];
  if (meta.pixelSizeM) yield ['pixels', `${length(meta.pixelSizeM.x)} × ${length(meta.pixelSizeM.y)} (x × y)`];
  if (meta.beamCentrePx)
    yield ['beam centre', `x ${short(meta.beamCentrePx.x)}, y ${short(meta.beamCentrePx.y)} pixels`];
  if (meta.exposureS) yield ['exposure', `${short(meta.exposureS)} s a frame`];
  if (meta.oscillationDeg)
    yield ['rotation', `from ${short(meta.oscillationDeg.start)}° in steps of ${short(meta.oscillationDeg.range)}°`];
  if (meta.sensor)
    yield [
      'sensor',
      [meta.sensor.material, meta.sensor.thicknessM && length(meta.sensor.thicknessM)].filter(Boolean).join(', '),
    ];
  const limits = [
    meta.bitDepth && `${meta.bitDepth} bit${meta.bitDepth === 1 ? '' : 's'} a pixel`,
    meta.saturation !== undefined && `overloaded above ${meta.saturation}`,
    meta.underload !== undefined && `no count below ${meta.underload}`,
    meta.markers && `no count where ${meta.markers.join(' or ')}`,
  ].filter(Boolean);
  if (limits.length > 0) yield ['values', limits.join(', ')];
  const axes = (meta.axes ?? []).filter(({ scale }) => scale !== undefined && scale !== 0);
  if (axes.length > 0)
    yield [
      'axes',
      axes
        .map(({ name, scale = 1, unit = '' }) =>
          `${name} ${unit === 'm' ? signedLength(scale) : `${short(scale)} ${unit}`}`.trim(),
        )
        .join(', ') + dim(' a step'),
    ];
}
