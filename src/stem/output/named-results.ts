/** Results of analyses and UDFs as named arrays, in the form in which they are written to files and listed. */

import { numpyTypeOf } from '../../frames/numpy-types.js';
import type { ResultBuffer } from '../../udf/functions/buffers.js';
import type { BufferArray, BufferDtype } from '../../udf/functions/dtypes.js';
import { type InParts, inParts } from '../../udf/functions/in-parts.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { oneLine } from '../../util/plain-text.js';
import { product } from '../../util/product.js';
import { type Analysis, later } from '../analyses/analysis.js';
import { limitsOf } from './numbers.js';

/** The numbers of an axis: the first (default 0), and the difference from one to the next. */
export interface AxisScale {
  readonly first?: number;
  readonly step: number;
  readonly unit: string;
}

/** One array of results. */
export interface NamedResult extends InParts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: BufferDtype;
  readonly data: BufferArray;
  /** Number of leading axes that are axes of the scan; 0 if the result is not over the scan. */
  readonly navAxes: number;
  /** Unit of its numbers, if it is known. */
  readonly unit?: string;
  /** Names of its axes that are not of the scan, the last ones, where they have some. */
  readonly axes?: readonly string[];
  /** First value (default 0), step and unit of each of these; undefined for those that are counted. */
  readonly scales?: readonly (AxisScale | undefined)[];
  /** What of a frame its numbers are of, such as the radii of a ring. */
  readonly where?: string;
  /** Description of its numbers, with their unit. */
  readonly desc?: string;
  /** Whether it is better displayed on a logarithmic scale. */
  readonly log?: boolean;
  /** Whether it consists of a vector (y, x) at each position. */
  readonly vectors?: boolean;
}

/** Positions of the scan for which a UDF has results, if some of its results are by position. */
export const measuredOf = (results: ResultBuffers): Uint8Array | undefined => {
  const resultBuffer = Object.values(results).find(({ kind }) => kind === 'nav');
  return resultBuffer?.validMask;
};

/**
 * Results with NaN at positions that were not measured, where reals and complex numbers are 0 otherwise: such a number
 * is no measurement. Integers, which have no NaN, stay 0.
 */
function withGaps(named: NamedResult, measured: Uint8Array | undefined): NamedResult {
  const { dtype, navAxes } = named;
  if (!measured || navAxes === 0 || !/^[fc]/.test(dtype) || measured.every((one) => one === 1)) return named;
  const { data } = named;
  const each = data.length / measured.length;
  const out = data.slice() as Float64Array;
  for (let i = 0; i < measured.length; i++) if (!measured[i]) out.fill(Number.NaN, i * each, (i + 1) * each);
  return { ...named, data: out };
}

/** A result under another name. Its numbers are not read, since they may be computed when they are. */
export const renamed = (result: NamedResult, name: string): NamedResult =>
  Object.defineProperties({} as NamedResult, {
    ...Object.getOwnPropertyDescriptors(result),
    name: { value: name, enumerable: true },
  });

/** The results of one UDF by the names of its buffers. */
export type ResultBuffers = Readonly<Record<string, ResultBuffer>>;

/** Names of the axes of a frame, y and x last. */
const sigAxes = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `sig_${['x', 'y', 'z'][count - 1 - i] ?? i}`);

/** The channels of an analysis by their keys. */
export function namedChannels(analysis: Analysis, results: ResultBuffers): NamedResult[] {
  const nav = analysis.scan.shape.nav;
  // Some have several numbers at each position, such as a profile.
  const isOverScan = (shape: readonly number[]): boolean => shape.slice(0, nav.length).join() === nav.join();
  const measured = measuredOf(results);
  return analysis.channels(results).map((channel) => {
    const { key, shape, complex, desc, unit, log, vectors, isSig, axes, dtype, where } = channel;
    const isOver = !isSig && isOverScan(shape) && shape.length - (axes?.length ?? 0) >= nav.length;
    const names = isSig ? sigAxes(shape.length) : axes?.map((axis) => axis.name);
    const named = {
      name: key,
      desc,
      ...(unit !== undefined && { unit }),
      shape: vectors ? [...shape, 2] : shape,
      dtype: complex ? ('c128' as const) : (dtype ?? 'f64'),
      navAxes: isOver ? nav.length : 0,
      ...(names && { axes: names }),
      ...(axes && { scales: axes.map((axis) => (['positions', ''].includes(axis.unit) ? undefined : axis)) }),
      ...(where !== undefined && { where }),
      ...(log && { log }),
      ...(vectors && { vectors: true }),
    };
    const numbers = (): BufferArray => {
      const array = vectors ?? channel.data;
      return array instanceof Float64Array || dtype ? (array as BufferArray) : Float64Array.from(array);
    };
    const write = vectors ? undefined : channel[inParts];
    return withGaps(later(named, Object.assign(numbers, { [inParts]: write })) as NamedResult, measured);
  });
}

/** The buffers of a UDF by their names. */
export const namedBuffers = (results: ResultBuffers): NamedResult[] =>
  Object.entries(results).map(([name, result]) => {
    const { shape, dtype, kind, extraShape, validMask } = result;
    const described = {
      name,
      shape,
      dtype,
      navAxes: kind === 'nav' ? shape.length - extraShape.length : 0,
      ...(kind === 'sig' && extraShape.length === 0 && { axes: sigAxes(shape.length) }),
    };
    const numbers = Object.assign(() => result.data, { [inParts]: result[inParts] });
    return withGaps(later(described, numbers), kind === 'nav' ? validMask : undefined);
  });

/** Share of the positions without a finite number from which on a result is in doubt: more than an edge of a specimen. */
const maxMissing = 0.25;
/** Derivatives need neighbours, which a line or a part of a scan does not have; what they derive is judged itself. */
const derivatives: readonly string[] = ['divergence', 'curl'];
/** Whether a result is one of these; of several functions, the name of its function precedes it. */
const isDerivative = (name: string): boolean => derivatives.includes(name.split('-').at(-1) as string);

/** Whether any number of these is infinite, which a sum over an infinite pixel is. */
const isEndless = (values: Float32Array | Float64Array): boolean =>
  values.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY);

/** At how many positions some results of a run have no number, in words, and whether they are too many. */
export interface MissingNumbers {
  readonly text: string;
  readonly isDoubtful: boolean;
}

/** In how many pixels images of the detector have no number, of several with as many together. */
function missingPixels(results: readonly NamedResult[], leftOut: number): MissingNumbers[] {
  const byCount = new Map<string, string[]>();
  const endless = new Set<string>();
  for (const result of results) {
    const { name, dtype, shape, navAxes, axes } = result;
    if (navAxes > 0 || !axes?.[0]?.startsWith('sig_') || !/^[fc]/.test(dtype)) continue;
    const { missing: found, isEndless } = limitsOf(result);
    const all = product(shape);
    // Those that a calibration leaves out are said by each analysis.
    if (found <= leftOut || found === all) continue;
    const key = `${found} ${all}`;
    if (isEndless) endless.add(key);
    byCount.set(key, [...(byCount.get(key) ?? []), name]);
  }
  return [...byCount].map(([key, names]) => {
    const [found = 0, all = 0] = key.split(' ').map(Number);
    return {
      text:
        `${names.join(', ')}: ${found} of ${counted(all, 'pixel')} ${found === 1 ? 'has' : 'have'} no ` +
        (endless.has(key)
          ? 'finite value, as those do that are infinite or NaN in one frame'
          : 'value (NaN), as those do that are NaN in one frame'),
      isDoubtful: found > maxMissing * all,
    };
  });
}

/**
 * Which results over a scan are no finite number at some of the positions that were processed, with a remark for each number,
 * and which results over the detector are none in some pixels, but for `leftOut` of them that were left out, or in all.
 */
export function missingNumbers(
  results: readonly NamedResult[],
  nav: readonly number[],
  positions: number,
  leftOut = 0,
): MissingNumbers[] {
  const all = product(nav);
  const expected = Math.min(positions, all);
  const byCount = new Map<number, string[]>();
  const endless = new Set<number>();
  const empty: string[] = [];
  for (const result of results) {
    const { name, dtype, navAxes, axes } = result;
    if (!/^[fc]/.test(dtype)) continue;
    if (navAxes === 0) {
      if (axes && limitsOf(result).isEmpty) empty.push(name);
      continue;
    }
    const data = result.data as Float64Array;
    const each = data.length / all;
    let found = 0;
    for (let i = 0; i < all; i++) if (data.subarray(i * each, (i + 1) * each).some(Number.isFinite)) found++;
    // A line has no derivatives across it, and a scan of three axes none at all, which the list of results says.
    const isPlane = nav.length === 2 && nav.every((n) => n > 1);
    if (found === 0 && !isPlane && isDerivative(name)) continue;
    if (found >= expected) continue;
    byCount.set(found, [...(byCount.get(found) ?? []), name]);
    if (isEndless(data)) endless.add(found);
  }
  const ofFrames = empty.map((name) => ({
    text: `${name}: no pixel has a value; NaN in one frame makes a sum NaN (--roi leaves frames out)`,
    isDoubtful: true,
  }));
  const ofScan = [...byCount].map(([found, names]) => ({
    text:
      `${names.join(', ')}: only ${found} of ${positions} positions have a ${endless.has(found) ? 'finite ' : ''}value` +
      (names.every(isDerivative) ? ', as those do whose neighbours were measured' : ''),
    isDoubtful: found < (1 - maxMissing) * expected && names.some((name) => !isDerivative(name)),
  }));
  return [...ofFrames, ...missingPixels(results, leftOut), ...ofScan];
}

/** The name of a result as part of a file name, which must not lead into another folder. Throws `Argument`. */
export function fileWord(name: string): string {
  if (!/[/\\]/.test(oneLine(name, 'the name of a result')) && name.length <= 200) return name;
  throw new EwaldError(
    'Argument',
    `the result ${JSON.stringify(name.slice(0, 80))} cannot be part of a file name; rename it`,
  );
}

/** The type of the numbers as NumPy writes it. */
export const numpyType = ({ dtype }: NamedResult): string => (dtype === 'bool' ? '|b1' : numpyTypeOf(dtype));
