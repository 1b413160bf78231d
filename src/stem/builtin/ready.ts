/** The package's UDFs as users have them: functions of their parameters, as `diskUdf` is. */
import type { BufferDeclarations } from '../../udf/functions/buffers.js';
import type { Udf } from '../../udf/functions/udf.js';
import { comUdf as com } from './com.js';
import { maxUdf as max, minUdf as min } from './extremes.js';
import { crystallinityUdf as crystallinity, femUdf as fem } from './fluctuation.js';
import { masksUdf as masks } from './masks.js';
import { pickUdf as pick } from './pick.js';
import { pixelsUdf as pixels } from './pixels.js';
import { stddevUdf as stddev } from './stddev.js';
import { logSumUdf as logSum, sumUdf as sum, sumSigUdf as sumSig } from './sums.js';

/** A UDF of the package: called with its parameters, it gives a UDF to run. */
export type ReadyUdf<B extends BufferDeclarations, P, T> = (params?: Partial<P>) => Udf<B, P, T>;

const ready =
  <B extends BufferDeclarations, P, T>(udf: Udf<B, P, T>): ReadyUdf<B, P, T> =>
  (params = {}) =>
    udf.withParams(params);

/** Sum of all frames: `intensity`, [y, x]. */
export const sumUdf = /* @__PURE__ */ ready(sum);
/** Sum of each frame: `intensity`, one number per scan position. */
export const sumSigUdf = /* @__PURE__ */ ready(sumSig);
/**
 * Sum of log(I − minimum of the frame + 1): `logsum`, [y, x]; shows weak and strong parts of a pattern together. A NaN
 * makes its whole frame NaN.
 */
export const logSumUdf = /* @__PURE__ */ ready(logSum);
/** `sum`, `mean`, `var` (of the population), `std`, `varsum`, [y, x] each, and `numFrames`. */
export const stddevUdf = /* @__PURE__ */ ready(stddev);
/** Largest number of each pixel in all frames: `intensity`, [y, x]; NaN where one of them is. */
export const maxUdf = /* @__PURE__ */ ready(max);
/** Smallest number of each pixel in all frames: `intensity`, [y, x]; NaN where one of them is. */
export const minUdf = /* @__PURE__ */ ready(min);
/**
 * Centre of mass: `rawCom`, `rawShifts`, `field` as (y, x), `fieldY`, `fieldX`, `magnitude`, `divergence`, `curl`,
 * `counts`, `regression`. All but the last are NaN at positions without a frame; divergence and curl also at their
 * neighbours.
 */
export const comUdf = /* @__PURE__ */ ready(com);
/** `intensity`: standard deviation of the pixels with ri < distance ≤ ro, one number per scan position. */
export const femUdf = /* @__PURE__ */ ready(fem);
/**
 * `intensity`: Σ |spectrum of the frame| with ri < frequency ≤ ro (in steps of the half spectrum), one number per scan
 * position. With a radius above 0, a disk around the centre is removed from the frame first.
 */
export const crystallinityUdf = /* @__PURE__ */ ready(crystallinity);
/** `intensity`, [scan, masks]: Σ over the pixels of frame · mask. */
export const masksUdf = /* @__PURE__ */ ready(masks);
/** `intensity`, [positions, …sig], of the input's dtype. */
export const pickUdf = /* @__PURE__ */ ready(pick);
/**
 * `intensity`, [positions, pixels] f64: the pixels with the flat indices `pixels`, exactly as they are. Not for complex
 * frames.
 */
export const pixelsUdf = /* @__PURE__ */ ready(pixels);
