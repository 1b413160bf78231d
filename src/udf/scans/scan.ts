/** A stack of frames as a scan: its shape, the position of each frame, and how another worker opens it. */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import { type CountLimits, countLimitsOf } from '../../frames/count-limits.js';
import { changedFiles, type Dataset, type Note, type ReadFramesOptions } from '../../frames/dataset.js';
import { type MemoryOptions, memoryDataset } from '../../frames/formats/memory.js';
import type { OpenOptions } from '../../frames/open.js';
import { checkShape, filledShape, fitting } from '../../frames/shapes.js';
import { checkedValue, row } from '../../options/call-options.js';
import { type SliceOptions, sliceIn } from '../../options/frame-slice.js';
import { argumentError, setting } from '../../options/parameters.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformBlob } from '../../util/globals.js';
import { inspect, knownOptions } from '../../util/options.js';
import { product } from '../../util/product.js';
import type { Acquisition } from '../acquisition/acquisition.js';
import type { LiveParameters } from '../parameter-types.js';
import type { NoCounts } from './frame-counts.js';
import type { ResidentScan, ResidentScanOptions } from './resident.js';

/** Options of `Context.load`: those of `open` of ewald/data, and the layout of the scan in the file. */
export interface LoadOptions extends OpenOptions {
  /**
   * Frame of the file at the first scan position; if negative, that many positions have no frame. Default 0. If given,
   * the scan may differ from the file in size: surplus frames are ignored, positions without a frame stay zero.
   */
  readonly syncOffset?: number | undefined;
  /**
   * Whether runs exclude the pixels that the file's own mask marks as bad: each gets the mean of its good neighbours,
   * or 0 without any, as with `corrections`, whose excluded pixels are added. Default false, in which case the scan of
   * a file with a mask has a warning in `notes`.
   */
  readonly fileMask?: boolean | undefined;
  /**
   * Whether runs subtract the mean of the dark frames that the file has (FRMS6), unless `corrections` have a dark
   * frame. Default false, in which case the scan of such a file has a warning in `notes`.
   */
  readonly fileDark?: boolean | undefined;
  /**
   * Whether values that the file declares to be no counts, such as 65535 of an Eiger or those below 0 of a Pilatus, are
   * counts like all others. Default false: pixels that have no count in any frame are excluded as with `fileMask`, which
   * `notes` mentions, and a value without a count in single frames is replaced by the mean of its neighbours there,
   * which `counts` of the scan counts. It counts overloads too, values above the saturation of the file, which are used
   * as they are. `Corrections` of ewald/data decide by themselves.
   */
  readonly keepNoCount?: boolean | undefined;
}

/** Options of `Context.load` for files that are still being written. */
export interface FollowOptions extends Pick<LiveParameters, 'follow' | 'timeoutS' | 'stallS' | 'ringBytes'> {}

/** Values of a scan that are no counts, or too low. */
export interface ScanCounts extends CountLimits {
  /** Values that a run replaced in single frames, and overloads that it used: those of the run that found most. */
  readonly replaced: Readonly<NoCounts>;
}

/** How frames of the file correspond to positions of the scan. */
export interface SyncInfo {
  readonly syncOffset: number;
  readonly framesSkippedStart: number;
  readonly framesIgnoredEnd: number;
  readonly framesInsertedStart: number;
  readonly framesInsertedEnd: number;
}

/** The information that a worker requires to open the scan by itself. */
export type ScanSource =
  | { readonly path: string; readonly options: OpenOptions }
  | { readonly url: string; readonly options: OpenOptions }
  | { readonly blob: PlatformBlob; readonly options: OpenOptions };

/** Frames of a scan, created by `Context.load` and disposed by the caller. */
export interface Scan {
  readonly name: string;
  readonly format: string;
  readonly shape: { readonly nav: readonly number[]; readonly sig: readonly number[] };
  readonly dtype: DataType;
  /** Number of frames in the file. */
  readonly imageCount: number;
  readonly sync: SyncInfo;
  /** The open file. */
  readonly dataset: Dataset;
  /** Remarks of the file, and a warning if it has a mask that is not used. */
  readonly notes: readonly Note[];
  /** The pixels that runs exclude, [y, x], 1 is bad: those of the file's mask, if asked, and those without a count. */
  readonly mask?: Uint8Array | undefined;
  /** Which values are no counts, and what runs replaced beside `mask`; absent if all values are counts. */
  readonly counts?: ScanCounts | undefined;
  /** Dark frame that runs subtract. */
  readonly dark?: Float64Array | undefined;
  /** How workers open it themselves; absent if its frames are sent to them. */
  readonly source: ScanSource | undefined;
  /**
   * Reads the scan into memory, detector-major, once; later calls give the same scan. From then on, sums, virtual
   * detectors (disks, rings, points, masks of 0 and 1), centres of mass, what is derived from them, and single side
   * band ptychography of all positions without corrections come from memory: moving a detector adds and removes only
   * the pixels at its edge. The memory is freed with the scan. Throws `Argument` for a scan larger than `maxBytes`,
   * `Unsupported` for live scans, a sync offset, and complex or 64-bit integer frames, `Shape`, `Aborted`.
   */
  resident(options?: Omit<ResidentScanOptions, 'bin'>): Promise<ResidentScan>;
  /** The acquisition of a live scan, whose frames are still arriving. */
  readonly live?: Acquisition | undefined;
  dispose(): Promise<void>;
}

/** A sentence for each file of a scan that is not what it was when it was opened; those of a live scan grow. */
export const changesOf = async ({ live, dataset }: Scan): Promise<readonly string[]> =>
  (live ? undefined : await dataset[changedFiles]?.()) ?? [];

/** The frames of the file that a scan of `positions` omits, and the positions without a frame. Throws `Argument`. */
export function syncInfo(positions: number, imageCount: number, syncOffset: number): SyncInfo {
  if (!Number.isInteger(syncOffset) || Math.abs(syncOffset) >= imageCount)
    throw argumentError(
      '',
      (said) =>
        `${said('syncOffset')} is ${inspect(syncOffset)}; expected a whole number between -${imageCount} and ` +
        `${imageCount}, the number of frames`,
    );
  const most = (n: number): number => Math.max(0, n);
  return {
    syncOffset,
    framesSkippedStart: most(syncOffset),
    framesIgnoredEnd: most(imageCount - positions - syncOffset),
    framesInsertedStart: most(-syncOffset),
    framesInsertedEnd: most(positions - imageCount + syncOffset),
  };
}

/** A note on a scan of other rows and columns than those of the file, whose image is sheared if the file is right. */
function shapeNote({ name, shape }: Dataset, nav: readonly number[]): Note[] {
  if (shape.nav.filter((n) => n > 1).length < 2 || nav.length < 2 || nav.join() === shape.nav.join()) return [];
  const text = `${name} has a scan of ${shape.nav.join(' × ')}, and is read as one of ${nav.join(' × ')}`;
  return [{ kind: 'warning', text, option: 'navShape' }];
}

/** A scan over an open dataset, of which it takes ownership. Throws `Shape`, `Argument`. */
export function scanOf(
  dataset: Dataset,
  { navShape, syncOffset }: Pick<LoadOptions, 'navShape' | 'syncOffset'>,
  source?: ScanSource,
): Scan {
  const stated = navShape && checkShape('navShape', navShape, 0, -1);
  const nav = stated ? (filledShape(stated, dataset.frames) ?? [...stated]) : [...dataset.shape.nav];
  const positions = product(nav);
  const isOpen = nav.includes(-1);
  if (isOpen || (positions !== dataset.frames && syncOffset === undefined))
    throw argumentError(
      '',
      (said) =>
        `${dataset.name} holds ${counted(dataset.frames, 'frame')}; a scan of ${nav.join(' × ')} ` +
        `${isOpen ? 'does not divide them' : `would need ${positions}`}. Shapes that fit: ` +
        `${fitting(dataset.frames)}${isOpen ? '' : `; with ${said('syncOffset')} (even 0) other sizes are accepted`}`,
      { frames: dataset.frames, navShape: nav },
      'Shape',
    );
  return {
    name: dataset.name,
    format: dataset.format,
    shape: { nav, sig: dataset.shape.sig },
    dtype: dataset.dtype,
    imageCount: dataset.frames,
    sync: syncInfo(positions, dataset.frames, syncOffset ?? 0),
    dataset,
    notes: [...dataset.notes, ...shapeNote(dataset, nav)],
    source,
    resident: (options = {}) => madeResident(dataset, nav, syncOffset, options),
    dispose: async () => {
      residents.delete(dataset);
      await dataset.dispose();
    },
  };
}

/** A scan that was or is being read into memory. */
interface Resident {
  readonly read: Promise<ResidentScan>;
  scan?: ResidentScan;
}

/** Scans in memory, by the dataset that they were read from: with its values that are no counts, and without. */
const residents = new WeakMap<Dataset, Map<'kept' | 'repaired', Resident>>();

/** A scan in memory as its runs see it, if `resident` has read it so; undefined for a part of it. */
export const residentOf = ({ dataset, shape, counts }: Scan): ResidentScan | undefined =>
  product(shape.nav) === dataset.frames
    ? residents.get(dataset)?.get(counts || !countLimitsOf(dataset) ? 'repaired' : 'kept')?.scan
    : undefined;

/**
 * The rows of a scan that options select, as a scan; the scan itself if they are not given. `what` is the call. Throws
 * `Argument` for frames that are no whole rows, or fewer than `least`.
 */
export function rowsOfScan(what: string, scan: Scan, options: SliceOptions, least: number): Scan {
  const { name, shape, imageCount, sync } = scan;
  const [columns = 1] = shape.nav.slice(-1);
  const frames = product(shape.nav);
  const slice = sliceIn(what, options, { name, frames });
  if (!slice) return scan;
  const { first, end, step } = slice;
  const rows = (end - first) / columns;
  if (step !== 1 || first % columns !== 0 || !Number.isInteger(rows) || rows < least)
    throw argumentError(what, (said) => {
      const given = options.first === undefined ? 'frames' : 'first';
      const selected = `${first}:${end}${step === 1 ? '' : `:${step}`}`;
      return (
        `${said(given)} selects the frames ${selected}; expected at least ${least} whole rows of the scan ` +
        `${shape.nav.join(' × ')} without a step, such as ${said('frames')} 0:${Math.min(frames, 8 * columns)}`
      );
    });
  const nav = [rows, columns];
  return { ...scan, shape: { ...shape, nav }, sync: syncInfo(rows * columns, imageCount, sync.syncOffset + first) };
}

async function madeResident(
  dataset: Dataset,
  nav: readonly number[],
  syncOffset: number | undefined,
  options: Omit<ResidentScanOptions, 'bin'>,
): Promise<ResidentScan> {
  if (syncOffset || product(nav) !== dataset.frames)
    throw new EwaldError('Unsupported', `${dataset.name}: a scan with a syncOffset cannot be resident; omit it`);
  knownOptions('resident', options, ['maxBytes', 'onProgress', 'signal', 'keepNoCount']);
  const own = residents.get(dataset) ?? new Map<'kept' | 'repaired', Resident>();
  residents.set(dataset, own);
  const form = options.keepNoCount === true && countLimitsOf(dataset) ? 'kept' : 'repaired';
  const known = own.get(form);
  if (known) return known.read;
  const reading = import('./resident.js').then(({ readResident }) => readResident(dataset, nav, options));
  const entry: Resident = { read: reading };
  own.set(form, entry);
  try {
    entry.scan = await entry.read;
    return entry.scan;
  } catch (error) {
    // A read that was aborted may be repeated.
    own.delete(form);
    throw error;
  }
}

/**
 * The mask of all frames of a file. Runs fold bad pixels into the weights of all frames, so that these share one mask.
 * Throws `Unsupported` if it differs from frame to frame.
 */
async function maskOfAll(dataset: Dataset, options: ReadFramesOptions): Promise<Uint8Array | undefined> {
  const mask = await dataset.mask?.(options);
  if (!mask || !dataset.maskVaries) return mask;
  for (let frame = 1; frame < dataset.frames; frame++) {
    const own = await dataset.mask?.({ ...options, frame });
    if (own?.every((bad, i) => bad === mask[i])) continue;
    throw argumentError(
      '',
      (said) =>
        `the mask of ${dataset.name} differs from frame to frame (first in frame ${frame}), and a run excludes the ` +
        `same pixels of all frames; omit ${said('fileMask')}, and exclude the pixels that are bad in any frame`,
      { frame },
      'Unsupported',
    );
  }
  return mask;
}

/** A scan whose runs exclude the pixels of its file's mask, or with a warning that they do not. Throws `Argument`. */
export async function withFileMask(scan: Scan, wanted: boolean, options: ReadFramesOptions = {}): Promise<Scan> {
  const { dataset, name, notes } = scan;
  if (wanted) {
    const mask = await maskOfAll(dataset, options);
    if (mask) return { ...scan, mask };
    throw argumentError(
      '',
      (said) => `${name} has no mask, which ${setting(said, 'fileMask', true)} would use; omit it`,
    );
  }
  if (!dataset.mask) return scan;
  const text = `${name} has a mask of bad pixels, which is not used: they are processed like all others`;
  return { ...scan, notes: [...notes, { kind: 'warning', text, option: 'fileMask' }] };
}

/** The same for the dark frames of its file. */
export async function withFileDark(scan: Scan, wanted: boolean, options: ReadFramesOptions = {}): Promise<Scan> {
  const { dataset, name, notes } = scan;
  if (wanted) {
    const dark = await dataset.dark?.(options);
    if (dark) return { ...scan, dark };
    throw argumentError(
      '',
      (said) => `${name} has no dark frames, which ${setting(said, 'fileDark', true)} would use; omit it`,
    );
  }
  if (!dataset.dark) return scan;
  const text = `${name} has dark frames, which are not used: its frames contain the offset of the detector`;
  return { ...scan, notes: [...notes, { kind: 'warning', text, option: 'fileDark' }] };
}

/** Options of frames in memory. */
export type ScanMemoryOptions = MemoryOptions & Pick<LoadOptions, 'syncOffset' | 'keepNoCount'>;

/** A scan over frames in memory, [...navShape, ...sigShape]; nothing is copied. Throws `Shape`, `Argument`. */
export function scanOfMemory(data: FrameArray, options: ScanMemoryOptions): Scan {
  knownOptions('fromMemory', options, ['sigShape', 'navShape', 'dtype', 'meta', 'name', 'syncOffset', 'keepNoCount']);
  const { syncOffset, navShape, keepNoCount, ...rest } = options;
  checkedValue('fromMemory: keepNoCount', keepNoCount, row.flag);
  return scanOf(memoryDataset(data, syncOffset === undefined && navShape ? { ...rest, navShape } : rest), {
    navShape,
    syncOffset,
  });
}
