/**
 * Sums over the pixels of a mask that moves on a scan in memory, by passes of the core: to them, a pixel at all positions is
 * a frame, and frames that follow one another in memory are read once, by all cores.
 */

import { dtypeOf } from '../../bytes/dtype.js';
import type { FramePass } from '../pass/pass.js';
import type { UdfCore } from '../room.js';
import { areReals, type ResidentScan } from './resident.js';
import { type Stretch, stretchesOf } from './stretches.js';

/** Largest length of a line of frames. */
const maxWidth = 65536;

/** Pixels that follow one another below which a pass of the core costs more than to add them here. */
const worthPass = 8;

/** The number of pixels of some stretches. */
const areaOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, [first, end]) => sum + end - first, 0);

/** Height and width of frames that have so many numbers; undefined if these have no such factor. */
function sizesOf(positions: number): readonly [height: number, width: number] | undefined {
  for (let height = Math.ceil(positions / maxWidth); height <= Math.min(positions, maxWidth); height++)
    if (positions % height === 0) return [height, positions / height];
  return undefined;
}

const pixelsOf = (stretches: readonly Stretch[]): number[] =>
  stretches.flatMap(([first, end]) => Array.from({ length: end - first }, (_, k) => first + k));

/** Adds pixels that have entered a mask to its sums, and takes those that have left, by pairs: the sums are read half as often. */
function exchange({ planes, positions }: ResidentScan, entered: number[], left: number[], sums: Float64Array): void {
  const pairs = Math.min(entered.length, left.length);
  for (let k = 0; k < pairs; k++) {
    const [a, b] = [(entered[k] as number) * positions, (left[k] as number) * positions];
    for (let i = 0; i < positions; i++)
      sums[i] = (sums[i] as number) + ((planes[a + i] as number) - (planes[b + i] as number));
  }
  for (const pixel of entered.slice(pairs))
    for (let i = 0, from = pixel * positions; i < positions; i++)
      sums[i] = (sums[i] as number) + (planes[from + i] as number);
  for (const pixel of left.slice(pairs))
    for (let i = 0, from = pixel * positions; i < positions; i++)
      sums[i] = (sums[i] as number) - (planes[from + i] as number);
}

/** The sum within a mask at every position, of integers, which are exact. */
export class SummedPlanes {
  readonly #scan: ResidentScan;
  readonly #pass: FramePass;
  readonly #image: Float64Array;
  readonly #changed: Float64Array;
  #inside: Uint8Array | undefined;

  private constructor(scan: ResidentScan, pass: FramePass) {
    [this.#scan, this.#pass] = [scan, pass];
    [this.#image, this.#changed] = [new Float64Array(scan.positions), new Float64Array(scan.positions)];
  }

  /** Undefined where no pass of native code takes the numbers. */
  static async on(scan: ResidentScan, open: () => Promise<UdfCore>): Promise<SummedPlanes | undefined> {
    const { planes, positions } = scan;
    const sizes = sizesOf(positions);
    if (areReals(planes) || !sizes) return undefined;
    const [height, width] = sizes;
    const pass = await (await open()).framePass({
      width,
      height,
      dtype: dtypeOf(planes) as 'u16',
      steps: [{ kind: 'sum' }],
    });
    if (pass.backend === 'native') return new SummedPlanes(scan, pass);
    pass.dispose();
    return undefined;
  }

  /** The sums within another mask; the memory is the same after each change. */
  async set(mask: ArrayLike<number>): Promise<Float64Array> {
    const [image, before] = [this.#image, this.#inside];
    const whole = stretchesOf(mask);
    const [entered, left] = before ? [stretchesOf(mask, before), stretchesOf(before, mask)] : [whole, undefined];
    const isMoved = left !== undefined && areaOf(entered) + areaOf(left) <= areaOf(whole);
    // Until all are in place, a failure leaves no mask.
    this.#inside = undefined;
    if (!isMoved) await this.#sum(whole, image);
    else if (areaOf(entered) + areaOf(left) < worthPass * (entered.length + left.length))
      exchange(this.#scan, pixelsOf(entered), pixelsOf(left), image);
    else
      for (const [runs, sign] of [[entered, 1] as const, [left, -1] as const]) {
        if (runs.length === 0) continue;
        const changed = await this.#sum(runs, this.#changed);
        for (let i = 0; i < image.length; i++) image[i] = (image[i] as number) + sign * (changed[i] as number);
      }
    this.#inside = Uint8Array.from(mask);
    return image;
  }

  async #sum(runs: readonly Stretch[], into: Float64Array): Promise<Float64Array> {
    const { planes, positions } = this.#scan;
    for (const [k, [first, end]] of runs.entries())
      await this.#pass.run(planes.subarray(first * positions, end * positions) as Uint16Array, end - first, {
        continues: k > 0,
        ...(k < runs.length - 1 ? { more: true } : { into }),
      });
    if (runs.length === 0) into.fill(0);
    return into;
  }
}
