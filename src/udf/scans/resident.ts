/**
 * A scan that stays in memory, detector-major: first all positions of the detector's first pixel, then all of the
 * second. Detectors that move over it are in virtual-detectors.ts.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import { type ArrayNumbers, numberTypes } from '../../compute/arrays/numbers.js';
import { countLimitsOf } from '../../frames/count-limits.js';
import type { Dataset } from '../../frames/dataset.js';
import { framesInMemory } from '../../frames/formats/memory.js';
import { readOrAborted } from '../../frames/read-or-aborted.js';
import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { observer, type Progress } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal, inspect, yieldToEventLoop } from '../../util/options.js';
import type { NoCounts } from './frame-counts.js';
import { stretchesOf } from './stretches.js';

/** Progress of reading a scan: `done` is the share of the frames that are in `scan`. */
export interface ResidentProgress extends Progress {
  readonly scan: ResidentScan;
}

/** Options of `residentScan`. */
export interface ResidentScanOptions {
  /** Bytes that the scan may take; default 1 GiB. Larger scans are refused before anything is read. */
  readonly maxBytes?: number | undefined;
  /**
   * Squares of `bin` × `bin` detector pixels are summed into one, in a type that holds the sums (twice as wide for
   * integers, up to 32 bits); rows and columns that fill no square are skipped. 1 … 64; default 1, which keeps frames
   * unchanged.
   */
  readonly bin?: number | undefined;
  /** Called while frames are read, with the share that is done and the scan with the frames so far. */
  readonly onProgress?: ((progress: ResidentProgress) => void) | undefined;
  /**
   * Whether values that the file declares to be no counts stay as they are. Default false: each is replaced by the mean
   * of its neighbours in its frame, or 0 without any.
   */
  readonly keepNoCount?: boolean | undefined;
  readonly signal?: PlatformSignal | undefined;
}

/** Bytes of frames that are read and transposed at a time, so that they fit into the processor's cache. */
const blockBytes = 2 ** 22;

/** A scan in memory; see the comment at the beginning of this file. */
export class ResidentScan {
  /** Axes of the scan. */
  readonly nav: readonly number[];
  readonly width: number;
  readonly height: number;
  /** Detector pixels that were summed into one, along each axis. */
  readonly bin: number;
  /** Number of positions of the scan. */
  readonly positions: number;
  /** Numbers in the frames' own type, or a wider one for sums, [height, width, positions]. */
  readonly planes: ArrayNumbers;
  /** Sum of all frames, [height, width]. */
  readonly sum: Float64Array;
  /** What was replaced because it is no count; undefined if nothing was. */
  replaced: NoCounts | undefined;
  /** 1 for pixels without a count in any frame, [height, width]; undefined without such pixels. */
  without: Uint8Array | undefined;
  /** 0 for positions without a frame, whose sums and shifts are NaN; undefined if every position has one. */
  measured: Uint8Array | undefined;

  constructor(
    navigation: readonly number[],
    [height, width]: readonly [number, number],
    planes: ArrayNumbers,
    bin = 1,
  ) {
    this.bin = bin;
    this.nav = navigation;
    this.width = width;
    this.height = height;
    this.positions = planes.length / (width * height);
    this.planes = planes;
    this.sum = new Float64Array(width * height);
  }

  /** The frame of a position, [height, width]; a copy. Throws `Argument` for a position outside the scan. */
  frame(position: number): ArrayNumbers {
    const at = checkedValue('ResidentScan.frame: position', position, row.integer(0, this.positions - 1, 0));
    const out = new (this.planes.constructor as { new (length: number): ArrayNumbers })(this.width * this.height);
    for (let p = 0; p < out.length; p++) out[p] = this.planes[p * this.positions + at] as number;
    return out;
  }

  /**
   * The sum of the frames of some positions, [height, width]: those that are nonzero in `region`, which has one number
   * per position, in C order. Exact for integers below 2⁵³. Throws `Shape` for a region of another size.
   */
  sumOver(region: ArrayLike<number>): Float64Array {
    const { positions, planes } = this;
    if (region?.length !== positions)
      throw new EwaldError(
        'Shape',
        `ResidentScan.sumOver: the region is ${inspect(region)}; it expects ${positions} numbers, one a position`,
      );
    const stretches = stretchesOf(region);
    return Float64Array.from({ length: this.width * this.height }, (_, p) => {
      let total = 0;
      for (const [first, end] of stretches)
        for (let i = p * positions + first; i < p * positions + end; i++) total += planes[i] as number;
      return total;
    });
  }
}

/** Whether numbers are reals, of which sums are not exact. */
export const areReals = (numbers: ArrayNumbers): boolean =>
  numbers instanceof Float32Array || numbers instanceof Float64Array;

function expectsDataset(what: string, dataset: unknown): void {
  if (typeof (dataset as Partial<Dataset> | null | undefined)?.read === 'function') return;
  throw new EwaldError(
    'Argument',
    `${what} was given ${inspect(dataset)}; it expects an open dataset: await open(file), from ewald/data`,
  );
}

/** Bytes that a dataset takes as a resident scan with a bin. Throws what `residentScan` throws for its frames. */
export function residentBytes(dataset: Dataset, bin = 1): number {
  expectsDataset('residentBytes', dataset);
  const { height, width, type } = residentSizes(dataset, checkedValue('residentBytes: bin', bin, rows.bin));
  return dataset.frames * height * width * numberTypes[type].BYTES_PER_ELEMENT;
}

type NumberName = keyof typeof numberTypes;

const rows = {
  ...row.others('onProgress'),
  maxBytes: row.integer(1, Number.MAX_SAFE_INTEGER, 2 ** 30),
  bin: row.integer(1, 64, 1),
  keepNoCount: row.flag,
  signal: row.signal,
} as const;
/** Types of sums over squares of pixels. */
const widened: Readonly<Partial<Record<NumberName, NumberName>>> = {
  u8: 'u16',
  i8: 'i16',
  u16: 'u32',
  i16: 'i32',
  u32: 'f64',
  i32: 'f64',
};

interface Sizes {
  /** Size of the frames in the file. */
  readonly full: { readonly height: number; readonly width: number };
  /** Size of the frames in memory. */
  readonly height: number;
  readonly width: number;
  readonly type: NumberName;
}

/** Sizes of the frames of a resident scan, and their type. */
function residentSizes({ name, dtype, shape }: Dataset, bin: number): Sizes {
  const [height, width, ...rest] = shape.sig;
  if (height === undefined || width === undefined || rest.length > 0)
    throw new EwaldError('Shape', `${name}: a frame is [${shape.sig}]; a scan in memory has frames of two axes`);
  if (!(dtype in numberTypes))
    throw new EwaldError(
      'Unsupported',
      `${name}: frames are ${dtype}; a scan in memory takes ${Object.keys(numberTypes).join(', ')}`,
    );
  if (bin > Math.min(height, width))
    throw new EwaldError('Argument', `residentScan: bin is ${bin}; frames of ${name} are ${width} × ${height} pixels`);
  const type = dtype as NumberName;
  // 255 · 16² is the largest sum that fits into 16 bits, and the same applies to 32 bits: larger squares need float64.
  const sums = widened[type] ?? type;
  const safe = bin <= 16 ? sums : sums === 'u16' ? 'u32' : sums === 'i16' ? 'i32' : sums;
  return {
    full: { height, width },
    height: Math.floor(height / bin),
    width: Math.floor(width / bin),
    type: bin === 1 ? type : safe,
  };
}

/**
 * Reads a scan into memory, detector-major. The next frames are read while the previous ones are transposed.
 *
 * Throws `Argument` for a scan that is larger than `maxBytes`, `Unsupported` for complex or 64-bit integer frames,
 * `Shape` for frames that do not have two axes, `Aborted`, and the errors of reading.
 */
export async function residentScan(dataset: Dataset, options: ResidentScanOptions = {}): Promise<ResidentScan> {
  return readResident(dataset, dataset?.shape?.nav, options);
}

/** The same with other axes of the scan. */
export async function readResident(
  dataset: Dataset,
  navigation: readonly number[],
  options: ResidentScanOptions,
): Promise<ResidentScan> {
  const { signal, maxBytes, bin, keepNoCount } = checkedOptions('residentScan', options, rows);
  expectsDataset('residentScan', dataset);
  const tell = observer('residentScan', options, 'onProgress');
  checkSignal(signal);
  const { name, frames } = dataset;
  const { full, height, width, type } = residentSizes(dataset, bin);
  const bytes = residentBytes(dataset, bin);
  if (bytes > maxBytes)
    throw new EwaldError(
      'Argument',
      `${name} takes ${bytes} bytes in memory, and maxBytes is ${maxBytes}; raise it, sum squares of pixels by bin, ` +
        'or run an analysis from the file',
      { detail: { bytes, maxBytes } },
    );
  const planes = new numberTypes[type](frames * height * width);
  const scan = new ResidentScan(navigation, [height, width], planes, bin);
  const fullBytes = full.height * full.width * numberTypes[dataset.dtype as NumberName].BYTES_PER_ELEMENT;
  const block = Math.max(1, Math.floor(blockBytes / fullBytes));
  const read = (first: number): Promise<ArrayNumbers> =>
    readOrAborted(dataset, first, Math.min(block, frames - first), undefined, signal) as Promise<ArrayNumbers>;
  const limits = keepNoCount ? undefined : countLimitsOf(dataset);
  const counts =
    limits && new (await import('./frame-counts.js')).FrameCounts(limits, dataset.dtype, dataset.shape.sig);
  const sums = bin === 1 ? undefined : new Float64Array(block * height * width);
  let next = read(0);
  for (let first = 0; first < frames; first += block) {
    const count = Math.min(block, frames - first);
    const arrayNumbers = await next;
    const places = Uint32Array.from({ length: count }, (_, i) => first + i);
    const data = (counts?.repaired(arrayNumbers as FrameArray, count, places, framesInMemory(dataset) !== undefined) ??
      arrayNumbers) as ArrayNumbers;
    if (first + block < frames) {
      next = read(first + block);
      // A failure is reported when the promise is awaited; until then it must not count as an unhandled rejection.
      next.catch(() => undefined);
    }
    turn(scan, first, count, sums ? binned(data, count, full, scan, sums) : data);
    tell({ done: (first + count) / frames, total: 1, scan });
    await yieldToEventLoop();
  }
  scan.replaced = counts?.taken();
  const without = counts?.replacedIn(frames);
  scan.without = without && (bin === 1 ? without : wholeSquares(without, full, scan));
  return scan;
}

/** Sums squares of pixels of `count` frames into `sums`, [frames, height, width]. */
function binned(
  frames: ArrayNumbers,
  count: number,
  full: { readonly height: number; readonly width: number },
  { bin, width, height }: ResidentScan,
  sums: Float64Array,
): Float64Array {
  sums.fill(0);
  for (let k = 0; k < count; k++)
    for (let y = 0; y < height * bin; y++) {
      const from = (k * full.height + y) * full.width;
      const to = (k * height + Math.floor(y / bin)) * width;
      for (let x = 0, at = to, left = bin; x < width * bin; x++) {
        sums[at] = (sums[at] as number) + (frames[from + x] as number);
        if (--left === 0) {
          at++;
          left = bin;
        }
      }
    }
  return sums;
}

/** The squares of which every pixel is marked. */
function wholeSquares(
  marks: Uint8Array,
  full: { readonly width: number },
  { bin, width, height }: ResidentScan,
): Uint8Array {
  const out = new Uint8Array(width * height).fill(1);
  for (let y = 0; y < height * bin; y++)
    for (let x = 0; x < width * bin; x++)
      if (!marks[y * full.width + x]) out[Math.floor(y / bin) * width + Math.floor(x / bin)] = 0;
  return out;
}

/** Distributes `count` frames from `first` on over the planes, and adds them to the sum. */
function turn(scan: ResidentScan, first: number, count: number, frames: ArrayNumbers): void {
  const { planes, positions, sum } = scan;
  const pixels = sum.length;
  for (let p = 0; p < pixels; p++) {
    const to = p * positions + first;
    let total = sum[p] as number;
    for (let k = 0; k < count; k++) {
      const value = frames[k * pixels + p] as number;
      planes[to + k] = value;
      total += value;
    }
    sum[p] = total;
  }
}
