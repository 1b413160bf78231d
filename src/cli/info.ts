/**
 * `ewald info FILE…`: describes a file of detector frames, how its format was recognised, and what it does not state.
 */
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { EwaldError, isEwaldError, messageOf } from '../base/errors.js';
import type { Dataset, Metadata, Note } from '../data/dataset.js';
import { elementBytes, elements, type FrameArray, halfToNumber } from '../data/dtype.js';
import { formats } from '../data/formats/table.js';
import type { OpenOptions } from '../data/open.js';
import { detect, open } from '../data/opening.node.js';
import { seriesNames } from '../data/series-files.js';
import { type DataFlags, openOptions, withDataFlags } from './data-options.js';
import { type FrameStatistics, type Report, tell } from './info-text.js';
import { type CliDeps, exitCode, fail, print, printJson } from './output.js';

interface Flags extends DataFlags {
  json?: boolean;
  header?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  withDataFlags(
    program
      .command('info')
      .description('describe files of detector frames: format, frames, geometry, and what they do not state')
      .argument('<files...>', "files of any known format; a folder or a quoted 'run_*.tif' is one stack"),
  )
    .option('--header', 'the whole header as the file has it')
    .option(
      '--json',
      'one JSON array: [{file, format, title, why, alsoLikely, shape, frames, dtype, frameBytes, filters, ' +
        'firstFrame, meta, ' +
        'missing, notes, sizes, arrays, maskedPixels, peakList, options}] or {file, error} for a file that ' +
        'cannot be read',
    )
    .action((files: string[], flags: Flags) => run(files, flags, deps));
}

async function run(files: readonly string[], flags: Flags, { signal }: CliDeps): Promise<void> {
  const options = openOptions(flags, signal);
  const found: (Report | { file: string; error: { tag: string; message: string } })[] = [];
  for (const [i, file] of files.entries()) {
    if (signal.aborted) break;
    const failed = (name: string, error: unknown): void => {
      const code = flags.json && isEwaldError(error) && error.tag !== 'Aborted' ? exitCode.data : fail(error);
      if (isEwaldError(error)) found.push({ file: name, error: { tag: error.tag, message: messageOf(error) } });
      process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
    };
    try {
      const report = await inspectStack(file, options, failed);
      found.push(report);
      if (flags.json) continue;
      if (i > 0) print();
      tell(report, flags.header ?? false);
    } catch (error) {
      failed(file, error);
    }
  }
  if (flags.json) printJson(found);
}

/**
 * The report of a file, or of a folder or pattern as one stack. Empty files and files that cannot be opened go to
 * `failed`, and the others form the stack.
 */
async function inspectStack(
  file: string,
  options: ReturnType<typeof openOptions>,
  failed: (name: string, error: unknown) => void,
): Promise<Report> {
  const series = /^[A-Za-z]+:\/\//.test(file) ? undefined : await seriesNames(file);
  if (!series) return inspect(file, file, options);
  const left: string[] = [];
  for (const name of series.files) {
    const size = (await stat(name).catch(() => undefined))?.size;
    if (size === 0) failed(name, new EwaldError('Format', `${name} is empty: it has no bytes, or none yet`));
    else left.push(name);
  }
  if (left.length === 0) throw new EwaldError('Format', `${file}: all its files are empty`);
  const whole = left.length === series.files.length;
  for (let input: string | string[] = whole ? file : left; ; input = left)
    try {
      return await inspect(file, input, options);
    } catch (error) {
      // The first and the last file are opened at once; one that fails is reported, and the next one is tried.
      const path = isEwaldError(error) ? error.detail.path : undefined;
      const at = left.indexOf(String(path));
      if (at < 0 || left.length < 2 || !(isEwaldError(error, 'Format') || isEwaldError(error, 'File'))) throw error;
      failed(left[at] ?? '', error);
      left.splice(at, 1);
    }
}

async function inspect(
  file: string,
  input: string | string[],
  options: ReturnType<typeof openOptions>,
): Promise<Report> {
  const [first = file] = [input].flat();
  const candidates = await detect(first, options);
  const dataset = await open(input, options);
  try {
    const format = formats.find(({ name }) => name === dataset.format);
    const detected = candidates.find((candidate) => candidate.format === dataset.format);
    const { meta } = dataset;
    const mask = await dataset.mask?.({ signal: options.signal });
    const first = await firstOf(dataset, options.signal);
    const dialect = dataset.format === 'hdf5' && meta.header?.dialect !== 'HDF5' ? meta.header?.dialect : undefined;
    const { shape, frames, dtype, notes, sizes, arrays, filters } = dataset;
    return {
      file,
      format: dataset.format,
      title: dialect ? `HDF5, ${dialect}` : (format?.title ?? dataset.format),
      why: options.format === undefined || options.format === 'auto' ? (detected?.why ?? '') : 'given by --format',
      alsoLikely: candidates.filter((candidate) => candidate !== detected),
      shape,
      frames,
      dtype,
      frameBytes: dataset.frameLength * elementBytes(dtype),
      filters,
      ...(first.statistics ? { firstFrame: first.statistics } : {}),
      meta,
      missing: missing(meta),
      notes: first.note ? [...notes, first.note] : notes,
      sizes,
      arrays,
      ...(mask ? { maskedPixels: mask.reduce((sum, bad) => sum + (bad ? 1 : 0), 0) } : {}),
      ...(dataset.peakList === undefined ? {} : { peakList: dataset.peakList }),
      options: ['navShape', ...(format?.options ?? [])],
    };
  } finally {
    await dataset.dispose();
  }
}

/** Larger frames are not read for their minimum and maximum. */
const mostFrame = 2 ** 30;

/** The values of the first frame, or why there are none; the rest of the file is described in any case. */
async function firstOf(
  dataset: Dataset,
  signal: OpenOptions['signal'],
): Promise<{ readonly statistics?: FrameStatistics; readonly note?: Note }> {
  if (dataset.frames === 0 || dataset.frameLength * elementBytes(dataset.dtype) > mostFrame) return {};
  try {
    return { statistics: statistics(await dataset.read(0, 1, undefined, { signal }), dataset) };
  } catch (error) {
    if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'File')) throw error;
    process.exitCode = exitCode.data;
    const why = error.message.replace(`${dataset.name}: `, '');
    return { note: { kind: 'warning', text: `the first frame cannot be read: ${why}` } };
  }
}

/** Geometry that the file does not state. */
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
