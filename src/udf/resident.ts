/**
 * A scan that stays in memory, detector-major: first all positions of the detector's first pixel, then all of the
 * second. A virtual detector is a sum of such runs, and one that moves adds and removes only the runs at its edge.
 */
import { type ArrayNumbers, numberTypes } from '../arrays/numbers.js';
import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { breathe, callback, checkSignal, integer, knownOptions, shown } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';

/** Options of `residentScan`. */
export interface ResidentScanOptions {
  /** Bytes that the scan may take; default 1 GiB. Larger scans are refused before anything is read. */
  readonly maxBytes?: number;
  /** Called as frames are read, with the share that is done, 0 … 1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: PlatformSignal | undefined;
}

const defaultBytes = 2 ** 30;
/** Bytes of frames that are read and turned at a time: what a processor's cache holds. */
const blockBytes = 2 ** 22;

/** A scan in memory; see the head of this file. */
export class ResidentScan {
  /** Axes of the scan. */
  readonly navigation: readonly number[];
  readonly width: number;
  readonly height: number;
  /** Positions of the scan. */
  readonly positions: number;
  /** Numbers in the frames' own type, [height, width, positions]. */
  readonly planes: ArrayNumbers;
  /** Sum of all frames, [height, width]. */
  readonly sum: Float64Array;

  constructor(navigation: readonly number[], [height, width]: readonly [number, number], planes: ArrayNumbers) {
    this.navigation = navigation;
    this.width = width;
    this.height = height;
    this.positions = planes.length / (width * height);
    this.planes = planes;
    this.sum = new Float64Array(width * height);
  }

  /** The frame of a position, [height, width]; a copy. Throws `Argument` for a position outside the scan. */
  frame(position: number): ArrayNumbers {
    const at = integer('ResidentScan.frame: position', position, 0, 0, this.positions - 1);
    const out = new (this.planes.constructor as { new (length: number): ArrayNumbers })(this.width * this.height);
    for (let p = 0; p < out.length; p++) out[p] = this.planes[p * this.positions + at] as number;
    return out;
  }
}

/**
 * Reads a scan into memory, detector-major.
 *
 * Throws `Argument` for a scan that is larger than `maxBytes`, `Unsupported` for complex or 64-bit integer frames,
 * `Shape` for frames that are not of two axes, `Aborted`, and what reading throws.
 */
export async function residentScan(dataset: Dataset, options: ResidentScanOptions = {}): Promise<ResidentScan> {
  knownOptions('residentScan', options, ['maxBytes', 'onProgress', 'signal']);
  if (typeof (dataset as Partial<Dataset> | null)?.read !== 'function')
    throw new EwaldError(
      'Argument',
      `residentScan was given ${shown(dataset)}; it expects an open dataset: await open(file), from ewald/data`,
    );
  const { signal, onProgress } = options;
  callback('residentScan: onProgress', onProgress);
  checkSignal(signal);
  const maxBytes = integer('residentScan: maxBytes', options.maxBytes, defaultBytes, 1, Number.MAX_SAFE_INTEGER);
  const { name, dtype, frames, shape } = dataset;
  const [height, width, ...rest] = shape.signal;
  if (height === undefined || width === undefined || rest.length > 0)
    throw new EwaldError('Shape', `${name}: a frame is [${shape.signal}]; residentScan expects frames of two axes`);
  if (!(dtype in numberTypes))
    throw new EwaldError('Unsupported', `${name}: frames are ${dtype}; residentScan takes ${Object.keys(numberTypes)}`);
  const type = dtype as keyof typeof numberTypes;
  const pixels = width * height;
  const bytes = frames * pixels * numberTypes[type].BYTES_PER_ELEMENT;
  if (bytes > maxBytes)
    throw new EwaldError(
      'Argument',
      `${name} takes ${bytes} bytes in memory, and maxBytes is ${maxBytes}; raise it, or run an analysis from the file`,
      { detail: { bytes, maxBytes } },
    );
  const scan = new ResidentScan(shape.navigation, [height, width], new numberTypes[type](frames * pixels));
  const block = Math.max(1, Math.floor(blockBytes / (bytes / frames)));
  for (let first = 0; first < frames; first += block) {
    const count = Math.min(block, frames - first);
    turn(scan, first, count, (await dataset.read(first, count, undefined, { signal })) as ArrayNumbers);
    onProgress?.((first + count) / frames);
    await breathe();
  }
  return scan;
}

/** Lays `count` frames from `first` on across the planes, and sums them. */
function turn({ planes, positions, sum }: ResidentScan, first: number, count: number, frames: ArrayNumbers): void {
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

/** Changes after which a sum of floating-point numbers is made anew: their rounding errors would add up. */
const mostChanges = 64;

/**
 * A virtual detector on a resident scan: the sum of the pixels in a mask, at every position. Sums of integers are exact
 * below 2⁵³; those of floating-point numbers are made anew before their rounding errors add up.
 */
export class VirtualDetector {
  /** The sums, one a position, [...navigation] in C order; the same memory after each change. */
  readonly image: Float64Array;
  readonly #scan: ResidentScan;
  readonly #inside: Uint8Array;
  #changes = 0;

  constructor(scan: ResidentScan) {
    if (!(scan instanceof ResidentScan))
      throw new EwaldError(
        'Argument',
        `VirtualDetector was given ${shown(scan)}; it expects await residentScan(dataset)`,
      );
    this.#scan = scan;
    this.#inside = new Uint8Array(scan.width * scan.height);
    this.image = new Float64Array(scan.positions);
  }

  /**
   * Takes another mask, [height, width], nonzero inside, such as `masks.circular` and its kin give, and returns the
   * image. Only pixels that entered or left are summed, unless the new mask has fewer of them.
   *
   * Throws `Shape` for a mask of another size.
   */
  set(mask: ArrayLike<number>): Float64Array {
    const { image } = this;
    const inside = this.#inside;
    if (mask?.length !== inside.length)
      throw new EwaldError(
        'Shape',
        `VirtualDetector.set: the mask is ${shown(mask)}; it expects ${inside.length} numbers, one a pixel`,
      );
    const changed: number[] = [];
    let area = 0;
    for (let p = 0; p < inside.length; p++) {
      const now = mask[p] ? 1 : 0;
      area += now;
      if (now !== inside[p]) changed.push(p);
    }
    const { planes } = this.#scan;
    const floating = planes instanceof Float32Array || planes instanceof Float64Array;
    if (changed.length > area || (floating && ++this.#changes > mostChanges)) {
      this.#changes = 0;
      image.fill(0);
      for (let p = 0; p < inside.length; p++) {
        inside[p] = mask[p] ? 1 : 0;
        if (inside[p]) this.#add(p, 1);
      }
      return image;
    }
    for (const p of changed) {
      this.#add(p, inside[p] ? -1 : 1);
      inside[p] = inside[p] ? 0 : 1;
    }
    return image;
  }

  /** Adds a pixel's run to the image, or removes it. */
  #add(pixel: number, sign: 1 | -1): void {
    const { positions, planes } = this.#scan;
    const { image } = this;
    const from = pixel * positions;
    if (sign > 0) for (let i = 0; i < positions; i++) image[i] = (image[i] as number) + (planes[from + i] as number);
    else for (let i = 0; i < positions; i++) image[i] = (image[i] as number) - (planes[from + i] as number);
  }
}
