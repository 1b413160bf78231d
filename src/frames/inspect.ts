/**
 * `inspect`: reports the contents of a file of detector frames, the evidence for them, and what the file does not
 * state.
 */

import { elementBytes, elements, type FrameArray } from '../bytes/dtype.js';
import type { DataInput } from '../bytes/source-of.js';
import { type SliceOptions, sliceIn, sliceLength, sliceOf, untilOf } from '../options/frame-slice.js';
import { type Progress, progressOf } from '../util/callbacks.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import { halfToNumber } from '../util/number-bytes.js';
import { checkSignal } from '../util/options.js';
import { rivalsIn } from './candidates.js';
import { countLimitsOf, isNoCount } from './count-limits.js';
import { changedFiles, type Dataset, type Metadata, type Note } from './dataset.js';
import { formats } from './formats/table.js';
import type { Candidate, OpenOptions } from './open.js';

/** The contents of a file of frames, the evidence for them, and what the file does not state. */
export interface FileReport {
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
  /** Absent if there is no frame, if the first one is damaged (see `damaged`), or if it is larger than a gibibyte. */
  readonly firstFrame?: FrameStatistics;
  /** The values of the frames that `first` or `frames` selects, and how many these are; absent without them. */
  readonly selected?: (FrameStatistics & { readonly frames: number }) | undefined;
  readonly meta: Metadata;
  readonly missing: readonly string[];
  readonly notes: Dataset['notes'];
  readonly sizes: Dataset['sizes'];
  readonly arrays: Dataset['arrays'];
  /** Number of pixels that the file's own mask marks, in its first frame; absent if it has none. */
  readonly maskedPixels?: number;
  /** True if that mask differs from frame to frame. */
  readonly maskVaries?: true;
  /** Where the file lists peaks; absent if it does not. */
  readonly peakList?: string;
  /** The reason why the first frame cannot be read; absent if it can. */
  readonly damaged?: string;
  /** Options of `open` that can override what was found. */
  readonly options: readonly string[];
  /** Files of a stack that cannot be read; the others are the stack. */
  readonly failed: readonly { readonly file: string; readonly error: EwaldError }[];
}

/** Statistics of the values of frames. */
export interface FrameStatistics {
  /** Those of the values that are counts, as far as the file states which are not. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /**
   * Number of pixels, of all frames, above saturation, below underload, or with a marker value; absent if the file
   * states none of these limits.
   */
  readonly unusable?: number;
}

/** Options of `inspect`: those of `open`, and the frames whose values are described besides those of the first. */
export interface InspectOptions extends OpenOptions, SliceOptions {
  /** Called after each of these frames. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The functions that open files on this platform. */
interface InspectPlace {
  open(input: DataInput | readonly DataInput[], options: OpenOptions): Promise<Dataset>;
  formatsOf(input: DataInput, options: OpenOptions): Promise<Candidate[]>;
  /** The files of a folder or pattern; undefined for a file. Throws as `open`. */
  series?(input: string): Promise<readonly string[] | undefined>;
  /** The size of a file; undefined if it does not exist. */
  size?(file: string): Promise<number | undefined>;
}

/**
 * Describes a file of frames: its format and why it is that one, the array of frames, values of the first frame,
 * metadata, guesses, and which options of `open` override them. A folder, a pattern or an array is one stack; files of
 * it that are empty or cannot be opened are reported in `failed`, and the others are the stack.
 *
 * Throws as `open`, `Format` if every file of a stack is empty, and `Argument` if `first` or `frames` selects no frame.
 */
export type Inspect = (input: DataInput | readonly DataInput[], options?: InspectOptions) => Promise<FileReport>;

/** Binds `inspect` to a platform. */
export const inspector =
  (place: InspectPlace): Inspect =>
  async (input, { first, frames, onProgress, ...options } = {}) => {
    // Refused before any file is opened.
    const { end } = sliceOf('', { first, frames });
    const name = typeof input === 'string' ? input : '';
    const files = name === '' ? undefined : await place.series?.(name);
    const look: Look = (which) =>
      inspectOne(place, { name, input: which, chosen: { first, frames, onProgress } }, { ...untilOf(end), ...options });
    return files ? inspectStack(place, name, files, look) : look(input);
  };

/** Describes one dataset. */
type Look = (input: DataInput | readonly DataInput[]) => Promise<FileReport>;

async function inspectStack(
  place: InspectPlace,
  name: string,
  files: readonly string[],
  look: Look,
): Promise<FileReport> {
  const failed: { file: string; error: EwaldError }[] = [];
  const left: string[] = [];
  for (const file of files)
    if ((await place.size?.(file)) === 0)
      failed.push({ file, error: new EwaldError('Format', `${file} is empty: no byte is in it, or not yet`) });
    else left.push(file);
  if (left.length === 0) throw new EwaldError('Format', `${name}: all its files are empty`);
  for (let input: string | string[] = failed.length === 0 ? name : left; ; input = left)
    try {
      return { ...(await look(input)), failed };
    } catch (error) {
      // The first and the last file are opened at once; one that fails is reported, and the next one is tried.
      if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'File')) throw error;
      const at = left.indexOf(String(error.detail.path));
      if (at < 0 || left.length < 2) throw error;
      failed.push({ file: left[at] ?? '', error });
      left.splice(at, 1);
    }
}

/** The dataset; of a file whose frames have to be chosen, the first of them, and why. */
async function openOne(
  place: InspectPlace,
  input: DataInput | readonly DataInput[],
  options: OpenOptions,
): Promise<{ readonly dataset: Dataset; readonly rivals?: string }> {
  try {
    return { dataset: await place.open(input, options) };
  } catch (error) {
    const [first] = rivalsIn(error);
    if (first === undefined) throw error;
    return { dataset: await place.open(input, { ...options, dataset: first }), rivals: messageOf(error) };
  }
}

/** What is described. */
interface Inspected {
  /** The name that was given. */
  readonly name: string;
  readonly input: DataInput | readonly DataInput[];
  readonly chosen: Pick<InspectOptions, 'first' | 'frames' | 'onProgress'>;
}

const unverified: Note = {
  kind: 'guess',
  text: 'this format is read by its description alone, since no real file of it was found; look whether frames are right',
};

async function inspectOne(
  place: InspectPlace,
  { name, input, chosen }: Inspected,
  options: OpenOptions,
): Promise<FileReport> {
  const [first] = Array.isArray(input) ? (input as readonly DataInput[]) : [input as DataInput];
  const candidates = first === undefined ? [] : await place.formatsOf(first, options);
  const { dataset, rivals } = await openOne(place, input, options);
  try {
    const format = formats.find(({ name }) => name === dataset.format);
    const detected = candidates.find((candidate) => candidate.format === dataset.format);
    const { meta } = dataset;
    const mask = await dataset.mask?.({ signal: options.signal });
    const firstFrame = await firstOf(dataset, options.signal);
    const selected = await selectedOf(dataset, chosen, options.signal);
    const dialect = dataset.format === 'hdf5' && meta.header?.dialect !== 'HDF5' ? meta.header?.dialect : undefined;
    const { shape, frames, dtype, sizes, arrays, filters } = dataset;
    const notes: Dataset['notes'] = [
      ...(rivals ? [{ kind: 'warning' as const, text: rivals, option: 'dataset' }] : []),
      ...dataset.notes,
      ...(format?.isUnverified ? [unverified] : []),
      ...((await dataset[changedFiles]?.()) ?? []).map((text): Note => ({ kind: 'warning', text, isCut: true })),
    ];
    return {
      file: name || dataset.name,
      format: dataset.format,
      title: dialect ? `HDF5, ${dialect}` : (format?.title ?? dataset.format),
      why:
        options.format === undefined || options.format === 'auto' ? (detected?.why ?? '') : 'as the option format says',
      alsoLikely: candidates.filter((candidate) => candidate !== detected),
      shape,
      frames,
      dtype,
      frameBytes: dataset.frameLength * elementBytes(dtype),
      filters,
      ...(firstFrame.statistics ? { firstFrame: firstFrame.statistics } : {}),
      ...(selected && { selected }),
      meta,
      missing: missing(meta),
      notes,
      sizes,
      arrays,
      ...(mask ? { maskedPixels: mask.reduce((sum, bad) => sum + (bad ? 1 : 0), 0) } : {}),
      ...(dataset.maskVaries ? { maskVaries: true as const } : {}),
      ...(dataset.peakList === undefined ? {} : { peakList: dataset.peakList }),
      ...(firstFrame.damaged === undefined ? {} : { damaged: firstFrame.damaged }),
      failed: [],
      options: ['navShape', ...(format?.options ?? [])],
    };
  } finally {
    await dataset.dispose();
  }
}

/** Maximum size of a frame that is read for its statistics, bytes. */
const maxFrame = 2 ** 30;

/**
 * The statistics of the first frame, or the reason why there are none; the other contents of the file are reported in
 * any case.
 */
async function firstOf(
  dataset: Dataset,
  signal: OpenOptions['signal'],
): Promise<{ readonly statistics?: FrameStatistics; readonly damaged?: string }> {
  if (dataset.frames === 0 || dataset.frameLength * elementBytes(dataset.dtype) > maxFrame) return {};
  try {
    const values = new Values(dataset);
    values.add(await dataset.read(0, 1, undefined, { signal }));
    return { statistics: values.statistics };
  } catch (error) {
    if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'File')) throw error;
    return { damaged: `the first frame cannot be read: ${error.message.replace(`${dataset.name}: `, '')}` };
  }
}

/** The values of the frames that are chosen. Throws errors of reading. */
async function selectedOf(
  dataset: Dataset,
  chosen: Inspected['chosen'],
  signal: OpenOptions['signal'],
): Promise<FileReport['selected']> {
  const slice = sliceIn('inspect', chosen, dataset);
  if (!slice) return undefined;
  const frames = sliceLength(slice, dataset.frames);
  const report = progressOf('inspect', chosen);
  const values = new Values(dataset);
  let into: FrameArray | undefined;
  for (let i = 0; i < frames; i++) {
    checkSignal(signal);
    into = await dataset.read(slice.first + i * slice.step, 1, into, { signal });
    values.add(into);
    report(i + 1, frames);
  }
  return { frames, ...values.statistics };
}

/** The quantities of the geometry that the file does not state. */
function missing(meta: Metadata): string[] {
  const wavelength = meta.wavelengthA === undefined ? ['wavelength'] : [];
  // Panels have their own distances, pixels and places in the beam.
  if (meta.panels) return wavelength;
  return [
    ...wavelength,
    ...(meta.distanceM === undefined && meta.cameraLengthM === undefined ? ['distance'] : []),
    ...(meta.pixelSizeM === undefined ? ['pixel size'] : []),
    ...(meta.beamCentrePx === undefined ? ['beam centre'] : []),
  ];
}

/** The values of frames of a dataset. */
class Values {
  readonly #dataset: Pick<Dataset, 'dtype' | 'meta'>;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #counted = 0;
  #unusable = 0;

  constructor(dataset: Pick<Dataset, 'dtype' | 'meta'>) {
    this.#dataset = dataset;
  }

  add(frame: FrameArray): void {
    const { dtype, meta } = this.#dataset;
    const { saturation } = meta;
    const limits = countLimitsOf(this.#dataset);
    let [min, max, sum, counted, unusable] = [this.#min, this.#max, 0, 0, 0];
    const value = dtype === 'f16' ? (x: number | bigint) => halfToNumber(Number(x)) : Number;
    const complex = elements[dtype].numbers === 2;
    for (let i = 0; i < frame.length; i += complex ? 2 : 1) {
      const x = complex ? Math.hypot(Number(frame[i]), Number(frame[i + 1])) : value(frame[i] as number | bigint);
      if (Number.isNaN(x)) continue;
      const isCount = !limits || !isNoCount(x, limits);
      if (!isCount || (saturation !== undefined && x > saturation)) unusable++;
      if (!isCount) continue;
      if (x < min) min = x;
      if (x > max) max = x;
      sum += x;
      counted++;
    }
    this.#min = min;
    this.#max = max;
    this.#sum += sum;
    this.#counted += counted;
    this.#unusable += unusable;
  }

  get statistics(): FrameStatistics {
    const { saturation, underload, markers } = this.#dataset.meta;
    const stated = saturation !== undefined || underload !== undefined || markers !== undefined;
    const mean = this.#sum / this.#counted;
    return { min: this.#min, max: this.#max, mean, ...(stated ? { unusable: this.#unusable } : {}) };
  }
}
