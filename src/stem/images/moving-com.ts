/** What a disk or a ring that moves over a scan in memory shows of its centres of mass: one image at a time. */
import type { ResidentScan } from '../../udf/scans/resident.js';
import { VirtualMoments } from '../../udf/scans/virtual-detectors.js';
import { type ComParams, comCentre, discMask } from '../builtin/com.js';
import { curl, divergence } from './field.js';
import { integrateMeasured } from './integrate-measured.js';

/** The images that `MovingCom` makes, by the names of the channels of `com` and `icom`. */
const names = ['field', 'magnitude', 'divergence', 'curl', 'x', 'y', 'phase'] as const;
export type MovingComName = (typeof names)[number];
export const isMovingCom = (name: string | undefined): name is MovingComName => names.some((one) => one === name);

/** Shifts of each position along the axes of the scan. */
type Shifts = readonly [y: Float64Array, x: Float64Array];

export class MovingCom {
  readonly #scan: ResidentScan;
  readonly #moments: VirtualMoments;

  constructor(scan: ResidentScan) {
    [this.#scan, this.#moments] = [scan, new VirtualMoments(scan)];
  }

  /** Whether the parameters of an analysis are those of a mask and of axes alone. */
  static takes({ regression, descan }: ComParams): boolean {
    return descan === null && (regression === 0 || regression === -1);
  }

  /** An image of `comUdf` with these parameters, without the work for the others: of a field, (y, x) of each position. */
  image(name: MovingComName, params: ComParams): Float64Array {
    const { nav, measured } = this.#scan;
    const [y, x] = this.#shifts(params);
    const meta = { nav, roi: undefined, frames: y.length };
    if (name === 'divergence') return divergence(y, x, meta);
    if (name === 'curl') return curl(y, x, meta);
    if (name === 'phase') return integrateMeasured(y, x, nav, measured);
    if (name === 'x' || name === 'y') return name === 'x' ? x : y;
    const image = new Float64Array(name === 'field' ? 2 * y.length : y.length);
    if (name === 'field') for (let i = 0; i < image.length; i++) image[i] = (i & 1 ? x : y)[i >> 1] as number;
    else for (let i = 0; i < image.length; i++) image[i] = Math.sqrt((y[i] as number) ** 2 + (x[i] as number) ** 2);
    return image;
  }

  #shifts(params: ComParams): Shifts {
    const { width, height, positions, measured } = this.#scan;
    const meta = { sig: [height, width] };
    const { cx, cy } = comCentre(params, meta);
    const [sums, ys, xs] = this.#moments.set('com', discMask(params, meta));
    const angle = (params.scanRotation * Math.PI) / 180;
    const [c, s, flip] = [Math.cos(angle), Math.sin(angle), params.flipY ? -1 : 1];
    const [y, x] = [new Float64Array(positions), new Float64Array(positions)];
    let [sumY, sumX, count] = [0, 0, 0];
    for (let i = 0; i < positions; i++) {
      const sum = sums[i] as number;
      const isKnown = sum !== 0 && measured?.[i] !== 0;
      const [v, u] = [flip * ((ys[i] as number) / sum - cy), (xs[i] as number) / sum - cx];
      const [a, b] = isKnown ? [c * v + s * u, c * u - s * v] : [Number.NaN, Number.NaN];
      y[i] = a;
      x[i] = b;
      // Neither is NaN or infinite.
      if (a * 0 + b * 0 !== 0) continue;
      sumY += a;
      sumX += b;
      count++;
    }
    if (params.regression !== 0 || count === 0) return [y, x];
    const [meanY, meanX] = [sumY / count, sumX / count];
    for (let i = 0; i < positions; i++) {
      y[i] = (y[i] as number) - meanY;
      x[i] = (x[i] as number) - meanX;
    }
    return [y, x];
  }
}
