/** The centre of mass inside a mask that moves over a scan in memory. */
import { checkedOptions, row } from '../../options/call-options.js';
import type { ResidentScan } from '../../udf/scans/resident.js';
import { VirtualMoments } from '../../udf/scans/virtual-detectors.js';
import { scanRotationRange } from '../../udf/shared-rows.js';
import { type ComImages, type ComParams, checkRegression, comImages } from '../builtin/com.js';

/**
 * Options that determine how `VirtualCom` derives its images; names, defaults and meanings are those of
 * `createComAnalysis`.
 */
export interface VirtualComOptions {
  /** Reference point in pixels; default: the middle pixel, half the size rounded down. */
  readonly cx?: number | undefined;
  readonly cy?: number | undefined;
  /** Degrees by which shifts are rotated into the axes of the scan; default 0. */
  readonly scanRotation?: number | undefined;
  /** Whether y of the detector is inverted; default false. */
  readonly flipY?: boolean | undefined;
  /** Trend to subtract: -1 none (the default), 0 its mean, 1 a plane, or the plane itself. */
  readonly regression?: ComParams['regression'] | undefined;
}

const comRows = {
  scanRotation: { kind: 'number', range: scanRotationRange },
  flipY: row.flag,
  regression: row.any,
} as const;

/**
 * The centre of mass inside a mask that can be moved, at every position of a resident scan: `comUdf` without reading
 * the scan again. Only pixels that entered or left the mask are summed; sums of integers are exact below 2⁵³, so that
 * the results are identical to those of `comUdf`.
 */
export class VirtualCom {
  readonly #moments: VirtualMoments;
  readonly #scan: ResidentScan;

  constructor(scan: ResidentScan) {
    this.#moments = new VirtualMoments(scan, 'VirtualCom');
    this.#scan = scan;
  }

  /**
   * Switches to another mask, [height, width], nonzero inside, and returns the centres, the field of shifts, and the
   * quantities derived from it. Divergence and curl are NaN unless the scan has two axes; positions without a frame
   * are NaN.
   *
   * Throws `Shape` for a mask of another size, `Argument` for invalid options.
   */
  set(mask: ArrayLike<number>, options: VirtualComOptions = {}): ComImages {
    const what = 'VirtualCom.set';
    const { width, height, nav: navigation, positions } = this.#scan;
    const checked = checkedOptions(what, options, {
      cx: row.number(-1e9, 1e9, Math.floor(width / 2)),
      cy: row.number(-1e9, 1e9, Math.floor(height / 2)),
      ...comRows,
    });
    const params = { ...checked, regression: checked.regression ?? -1 };
    checkRegression(what, params.regression);
    const moments = this.#moments.moments(what, mask);
    const meta = { nav: navigation, roi: undefined, frames: positions };
    return comImages(moments, params, meta, this.#scan.measured);
  }
}
