/**
 * Virtual detectors on a scan in memory: a detector is a sum of runs, and one that moves adds and removes only the runs
 * at its edge.
 */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { areReals, ResidentScan } from './resident.js';

/**
 * Number of changes after which a sum of floating-point numbers is recomputed, because rounding errors would add up.
 */
const maxChanges = 64;

/** The pixels inside a mask that moves, and the pixels that have to be added and removed. */
class MovingMask {
  readonly inside: Uint8Array;
  readonly #floating: boolean;
  readonly #measured: ResidentScan['measured'];
  #changes = 0;

  constructor({ width, height, planes, measured }: ResidentScan) {
    this.#measured = measured;
    this.inside = new Uint8Array(width * height);
    this.#floating = areReals(planes);
  }

  /**
   * Switches to another mask and calls `add` for each pixel that entered (1) or left (-1); or calls `clear`, and then
   * `add` for all of its pixels, if these are fewer, if rounding errors would add up, or if `sums` are not finite: a NaN that
   * leaves cannot be subtracted.
   */
  move(
    what: string,
    mask: ArrayLike<number>,
    sums: Float64Array,
    clear: () => void,
    add: (pixel: number, sign: 1 | -1) => void,
  ): void {
    const { inside } = this;
    if (mask?.length !== inside.length)
      throw new EwaldError(
        'Shape',
        `${what}: the mask is ${inspect(mask)}; it expects ${inside.length} numbers, one a pixel`,
      );
    const changed: number[] = [];
    let area = 0;
    for (let p = 0; p < inside.length; p++) {
      const now = mask[p] ? 1 : 0;
      area += now;
      if (now !== inside[p]) changed.push(p);
    }
    const isAnew = (): boolean =>
      ++this.#changes > maxChanges || !sums.every((sum, i) => Number.isFinite(sum) || this.#measured?.[i] === 0);
    if (changed.length > area || (this.#floating && isAnew())) {
      this.#changes = 0;
      clear();
      for (let p = 0; p < inside.length; p++) {
        inside[p] = mask[p] ? 1 : 0;
        if (inside[p]) add(p, 1);
      }
      return;
    }
    for (const p of changed) {
      add(p, inside[p] ? -1 : 1);
      inside[p] = inside[p] ? 0 : 1;
    }
  }
}

function checkScan(what: string, scan: ResidentScan): ResidentScan {
  if (scan instanceof ResidentScan) return scan;
  throw new EwaldError('Argument', `${what} was given ${inspect(scan)}; it expects await residentScan(dataset)`);
}

/**
 * A virtual detector on a resident scan: the sum of the pixels in a mask, at every position. Sums of integers are exact
 * below 2⁵³; those of floating-point numbers are recomputed before their rounding errors add up.
 */
export class VirtualDetector {
  /** The sums, one per position, [...navigation] in C order; the memory is the same after each change. */
  readonly image: Float64Array;
  readonly #scan: ResidentScan;
  readonly #mask: MovingMask;

  constructor(scan: ResidentScan) {
    this.#scan = checkScan('VirtualDetector', scan);
    this.#mask = new MovingMask(scan);
    this.image = new Float64Array(scan.positions);
  }

  /**
   * Switches to another mask, [height, width], nonzero inside, such as those of `masks`, and returns the image. Only
   * pixels that entered or left are summed, unless the new mask has fewer of them. Positions without a frame are NaN.
   *
   * Throws `Shape` for a mask of another size.
   */
  set(mask: ArrayLike<number>): Float64Array {
    const { image } = this;
    this.#mask.move(
      'VirtualDetector.set',
      mask,
      image,
      () => image.fill(0),
      (pixel, sign) => addRun(this.#scan, pixel, image, sign),
    );
    for (const [i, isMeasured] of this.#scan.measured?.entries() ?? []) if (!isMeasured) image[i] = Number.NaN;
    return image;
  }
}

/** Adds `weight` times the run of a pixel to an image. */
function addRun({ positions, planes }: ResidentScan, pixel: number, image: Float64Array, weight: number): void {
  const from = pixel * positions;
  if (weight === 1) for (let i = 0; i < positions; i++) image[i] = (image[i] as number) + (planes[from + i] as number);
  else for (let i = 0; i < positions; i++) image[i] = (image[i] as number) + weight * (planes[from + i] as number);
}

/** Sums of value, of value · y, and of value · x, one per position. */
export type Moments = readonly [sums: Float64Array, ys: Float64Array, xs: Float64Array];
/** Positions whose moments stay in the cache of a core while pixels are added to them. */
const positionsAtOnce = 1024;

/** Adds `sign` times the run of each of some pixels, and its products with y and x, to three images. */
function addMoments(
  { positions, planes, width }: ResidentScan,
  pixels: readonly (readonly [pixel: number, sign: 1 | -1])[],
  [sums, ys, xs]: Moments,
): void {
  for (let first = 0; first < positions; first += positionsAtOnce) {
    const end = Math.min(positions, first + positionsAtOnce);
    for (const [pixel, sign] of pixels) {
      const [y, x, from] = [sign * Math.floor(pixel / width), sign * (pixel % width), pixel * positions];
      for (let i = first; i < end; i++) {
        const value = planes[from + i] as number;
        sums[i] = (sums[i] as number) + sign * value;
        ys[i] = (ys[i] as number) + y * value;
        xs[i] = (xs[i] as number) + x * value;
      }
    }
  }
}

/** The moments inside a mask that can be moved, at every position of a resident scan. */
export class VirtualMoments {
  readonly #moments: Moments;
  readonly #scan: ResidentScan;
  readonly #mask: MovingMask;

  constructor(scan: ResidentScan, what = 'VirtualMoments') {
    this.#scan = checkScan(what, scan);
    this.#mask = new MovingMask(scan);
    const image = (): Float64Array => new Float64Array(scan.positions);
    this.#moments = [image(), image(), image()];
  }

  /** The moments of the frames within another mask; the memory is the same after each change. */
  set(what: string, mask: ArrayLike<number>): Moments {
    const images = this.#moments;
    const pixels: (readonly [pixel: number, sign: 1 | -1])[] = [];
    this.#mask.move(
      what,
      mask,
      images[0],
      () => {
        for (const image of images) image.fill(0);
      },
      (pixel, sign) => pixels.push([pixel, sign]),
    );
    addMoments(this.#scan, pixels, images);
    return images;
  }

  /** The same as [positions, 3]. */
  moments(what: string, mask: ArrayLike<number>): Float64Array {
    const { positions } = this.#scan;
    const moments = new Float64Array(3 * positions);
    for (const [k, image] of this.set(what, mask).entries())
      for (let i = 0; i < positions; i++) moments[3 * i + k] = image[i] as number;
    return moments;
  }
}
