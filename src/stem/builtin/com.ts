/**
 * Centre of mass of each frame and derived quantities: shifts from a reference, rotated and flipped into the axes of
 * the scan, their divergence and curl, and the trend left by imperfect descanning.
 */

import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import type { Spans } from '../../udf/pass/steps.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { type Trend, trendMap } from '../calibrate/trend.js';
import { diskSpans } from '../images/disk-spans.js';
import {
  applyRotation,
  curl,
  divergence,
  type Field,
  type Regression,
  regress,
  subtractTrend,
} from '../images/field.js';
import { asTheDisk, type MaskResponse, responded } from '../images/mask-response.js';
import { checkRing, frameSize } from './fluctuation.js';
import { requireReal } from './real-frames.js';

/** Parameters of `comUdf`. */
export interface ComParams extends Readonly<Record<string, unknown>> {
  /** The reference, in pixels; null for the middle pixel, half the size rounded down. */
  readonly cx: number | null;
  readonly cy: number | null;
  /** Radius of the disk that is used; null for the whole frame. */
  readonly r: number | null;
  /** Radius of the hole in the disk; null for none. */
  readonly ri: number | null;
  /** Rotation of the shifts in degrees. */
  readonly scanRotation: number;
  /** Whether y of the detector is inverted. */
  readonly flipY: boolean;
  /**
   * Trend to subtract from the field: -1 none, 0 its mean, 1 a plane, or the plane itself: [[y, x], [dy/dy, dx/dy],
   * [dy/dx, dx/dx]].
   */
  readonly regression: -1 | 0 | 1 | Regression;
  /**
   * Shifts of the pattern over the scan that are subtracted, as `descan` of a calibration; null for none. `comUdf`
   * subtracts them as they are; analyses, what they make of the centre of mass within the mask.
   */
  readonly descan: Trend['coefficients'] | null;
  /** Pixels (y, x) that are skipped, such as hot ones. */
  readonly without: readonly (readonly [y: number, x: number])[];
}

const initial: ComParams = {
  cx: null,
  cy: null,
  r: null,
  ri: null,
  scanRotation: 0,
  flipY: false,
  regression: -1,
  descan: null,
  without: [],
};

/** The reference point of a run. */
export const comCentre = ({ cx, cy }: ComParams, { sig }: Pick<UdfMeta, 'sig'>): { cx: number; cy: number } => ({
  cx: cx ?? Math.floor((sig[1] ?? 1) / 2),
  cy: cy ?? Math.floor((sig[0] ?? 1) / 2),
});

/** The pixels that are used. */
export function discMask(params: ComParams, meta: Pick<UdfMeta, 'sig'>): Uint8Array {
  const { width, height } = frameSize('com', meta);
  const mask = new Uint8Array(width * height);
  const spans = discSpans(params, meta);
  for (let k = 0; k < spans.length; k += 2) mask.fill(1, spans[k], spans[k + 1]);
  return mask;
}

/** The same pixels as runs within rows. */
function discSpans(params: ComParams, meta: Pick<UdfMeta, 'sig'>): Spans {
  const { r, ri, without } = params;
  const disk = { ...frameSize('com', meta), ...comCentre(params, meta), r: r ?? Number.POSITIVE_INFINITY };
  return diskSpans(disk, ri, without);
}

/** Rejects an invalid trend. */
export function checkRegression(what: string, regression: ComParams['regression']): void {
  if (typeof regression === 'number' ? ![-1, 0, 1].includes(regression) : regression?.flat?.().length !== 6)
    throw new EwaldError(
      'Argument',
      `${what}: regression is ${inspect(regression)}; expected -1, 0, 1 or three rows of two numbers`,
    );
}

/** The quantities derived from the centres of mass, one vector (y, x) or number per position. */
export interface ComImages {
  /** Centres in pixels, (y, x). */
  readonly rawCom: Float64Array;
  /** Centres minus the reference, (y, x). */
  readonly rawShifts: Float64Array;
  /** Shifts in the axes of the scan, without their trend, (y, x). */
  readonly field: Float64Array;
  readonly fieldY: Float64Array;
  readonly fieldX: Float64Array;
  readonly magnitude: Float64Array;
  readonly divergence: Float64Array;
  readonly curl: Float64Array;
  /** The sum of the pixels that are used. */
  readonly counts: Float64Array;
  /** The subtracted trend, [3, 2]. */
  readonly regression: Float64Array;
}

/** How shifts are derived. */
type ComFrame = Pick<ComParams, 'scanRotation' | 'flipY' | 'regression'> &
  Partial<Pick<ComParams, 'descan'>> & {
    readonly cx: number;
    readonly cy: number;
    /** How the centres of mass follow the descan; by default as the disk does. */
    readonly response?: MaskResponse;
  };

/**
 * The results of moments [positions, 3]: sum, sum of value · y, and of value · x. Positions without `damage` have no
 * frame.
 */
export function comImages(
  moments: ArrayLike<number>,
  params: ComFrame,
  meta: Pick<UdfMeta, 'nav' | 'roi' | 'frames'>,
  damage?: ArrayLike<number>,
): ComImages {
  const { cx, cy } = params;
  const n = moments.length / 3;
  const rawShifts = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const sum = moments[3 * i] as number;
    // Without a frame or a count there is no centre: trend and derivatives must not treat it as a shift of 0, which would
    // depend on the centre that is stated.
    if (sum === 0 || (damage && !damage[i])) {
      rawShifts.fill(Number.NaN, 2 * i, 2 * i + 2);
      continue;
    }
    rawShifts[2 * i] = (moments[3 * i + 1] as number) / sum - cy;
    rawShifts[2 * i + 1] = (moments[3 * i + 2] as number) / sum - cx;
  }
  const turned: Field = applyRotation(
    params.descan ? withoutDescan(rawShifts, params.descan, params.response ?? asTheDisk, meta) : rawShifts,
    params,
  );
  const regression =
    typeof params.regression === 'number' ? regress(turned, params.regression, meta) : params.regression.flat();
  const field = subtractTrend(turned, regression, meta);
  // Plain loops: a virtual detector that is dragged needs these images for each picture.
  const rawCom = new Float64Array(2 * n);
  const [y, x, magnitude, counts] = [0, 1, 2, 3].map(() => new Float64Array(n)) as [Field, Field, Field, Field];
  for (let i = 0; i < n; i++) {
    rawCom[2 * i] = (rawShifts[2 * i] as number) + cy;
    rawCom[2 * i + 1] = (rawShifts[2 * i + 1] as number) + cx;
    y[i] = field[2 * i] as number;
    x[i] = field[2 * i + 1] as number;
    magnitude[i] = Math.hypot(y[i] as number, x[i] as number);
    counts[i] = damage && !damage[i] ? Number.NaN : (moments[3 * i] as number);
  }
  return {
    rawCom,
    rawShifts,
    field,
    fieldY: y,
    fieldX: x,
    magnitude,
    divergence: divergence(y, x, meta),
    curl: curl(y, x, meta),
    counts,
    regression: Float64Array.from(regression),
  };
}

/** Shifts minus those that the pattern makes, whose mean over the scan is that of the centre. */
function withoutDescan(
  shifts: Field,
  descan: Trend['coefficients'],
  response: MaskResponse,
  { nav, roi }: Pick<UdfMeta, 'nav' | 'roi'>,
): Field {
  const map = responded(trendMap([[0, 0], ...descan.slice(1)], nav as [number, number]), response);
  const here = roi ? map.filter((_, i) => roi[i >> 1]) : map;
  return shifts.map((shift, i) => shift - (here[i] as number));
}

/**
 * Centre of mass: `rawCom`, `rawShifts`, `field` as (y, x), `fieldY`, `fieldX`, `magnitude`, `divergence`, `curl`,
 * `counts`, `regression`. All but the last are NaN at positions without a frame, all but it and the counts at those of
 * frames without a count, where LiberTEM has a shift of 0; divergence and curl also at their neighbours.
 */
export const comUdf = /* @__PURE__ */ defineUdf({
  name: 'com',
  module: 'ewald/udf',
  params: initial,
  buffers(meta, params) {
    requireReal('com', meta);
    frameSize('com', meta);
    checkRing('com', params.ri ?? 0, params.r ?? Number.POSITIVE_INFINITY);
    checkRegression('com', params.regression);
    const nav = { kind: 'nav', dtype: 'f64', use: 'resultOnly' } as const;
    return {
      moments: { kind: 'nav', dtype: 'f64', extraShape: [3], use: 'private' },
      rawCom: { ...nav, extraShape: [2] },
      rawShifts: { ...nav, extraShape: [2] },
      field: { ...nav, extraShape: [2] },
      fieldY: nav,
      fieldX: nav,
      magnitude: nav,
      divergence: nav,
      curl: nav,
      counts: nav,
      regression: { kind: 'single', dtype: 'f64', extraShape: [3, 2], use: 'resultOnly' },
    };
  },
  getTaskData: ({ params, meta }) => discMask(params, meta),
  processFrame({ frame, results: { moments }, task, meta }) {
    const width = meta.sig[1] as number;
    let [sum, sy, sx] = [0, 0, 0];
    for (let i = 0; i < frame.length; i++) {
      if (!task[i]) continue;
      const value = frame[i] as number;
      sum += value;
      sy += value * Math.floor(i / width);
      sx += value * (i % width);
    }
    moments[0] = sum;
    moments[1] = sy;
    moments[2] = sx;
  },
  getResults({ results: { moments }, params, meta, damage }) {
    return comImages(moments, { ...params, ...comCentre(params, meta) }, meta, damage);
  },
  kernel({ params, meta }) {
    return {
      steps: [{ kind: 'com', spans: discSpans(params, meta) }],
      finish: ({ nav }, { moments }) => moments.set(nav),
    };
  },
  resident: ({ params, meta, detectors }) => ({ moments: detectors.moments(discMask(params, meta)) }),
});
