/** Builds rows of the table of transforms. */
import type { FftOptions } from '../../../fft/fft.js';
import * as bounds from '../../bounds.js';
import type { Comparison, Row } from '../../case.js';
import { relativeL2, worstAbsolute, worstElement } from '../../compare.js';
import { axesOf, makeProblem, type Problem, type TransformCall } from './problem.js';
import { isSmooth, product } from './shapes.js';
import { makePlan, type Output } from './subject.js';
import { expectedOutput } from './truth.js';

/** Options of a row; by default it transforms forward unscaled, and back with the full scale. */
export interface CaseOptions extends Partial<TransformCall> {
  readonly bench?: boolean;
  /** The id after `fft:`; by default it is made from the options. */
  readonly id?: string;
  /** What such an id begins with. */
  readonly prefix?: string;
  /** An additional bound for the absolute error of every number. */
  readonly absolute?: bounds.Bound;
  /** How the expected result is computed: `fast` where direct sums take too long. */
  readonly oracleMethod?: 'sums' | 'fast';
}

/** A backward transform, with the scale that inverts the forward one. */
export const inverse: CaseOptions = { direction: 'backward', scale: 'full' };

/** A row of transforms. */
export type FftRow = Row<Problem, Output, Float64Array>;

/** The text of an option's value in an id: lists are joined by -, [start, count] becomes start+count, a whole axis is *. */
function optionText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (Array.isArray(one) ? one.join('+') : (one ?? '*'))).join('-');
}

/** An id of the plan's kind, precision and lengths, and of every option that differs from its default. */
function idOf(
  options: FftOptions,
  { direction, scale, back, arrays }: TransformCall,
  prefix: string | undefined,
): string {
  const { shape, kind = 'c2c', precision = 'f32', ...rest } = options;
  const optionTexts = Object.entries(rest).map(([name, value]) => `${name}=${optionText(value)}`);
  const parts = [
    prefix,
    kind,
    precision,
    `n=${[shape].flat().join('x')}`,
    ...optionTexts,
    scale !== 'none' && `scale=${scale}`,
    arrays && `arrays=${arrays}`,
    back !== 'full' && `back=${back}`,
    direction !== 'forward' && 'inverse',
  ];
  return parts.filter(Boolean).join(':');
}

/** A row that transforms forward and back. */
export function makeRow(options: FftOptions, about: string, caseOptions: CaseOptions = {}): FftRow {
  const { bench = false, id, prefix, absolute, oracleMethod = 'sums', ...callOptions } = caseOptions;
  const call: TransformCall = { direction: 'forward', scale: 'none', back: 'full', fill: 'centred', ...callOptions };
  const { shape } = axesOf(options);
  const { precision = 'f32', batch = 1 } = options;
  const limits = bounds.fft(precision, product(shape), !shape.every(isSmooth), oracleMethod);
  return {
    id: `fft:${id ?? idOf(options, call, prefix)}`,
    about,
    cost: 1e-5 + (10 * product(shape) * batch * Math.log2(product(shape) + 1)) / 1e9,
    work: { amount: 2 * batch, unit: 'transforms' },
    ...(bench && { bench }),
    make: (seed) => makeProblem(options, call, seed),
    oracle: (input) => expectedOutput(input, oracleMethod),
    plan: makePlan,
    compare(actual, expected): Comparison {
      const pairs = [{ found: actual.values, expected }, ...(actual.roundTrip ? [actual.roundTrip] : [])];
      const [l2, returned] = pairs.map((pair) => relativeL2(pair.found, pair.expected));
      const worst = worstElement(actual.values, expected);
      const errors: Record<string, number> = {
        l2: l2?.error ?? Number.NaN,
        worst: worst.error,
        strays: actual.strayWrites,
      };
      if (returned) errors.returned = returned.error;
      if (absolute) errors.absolute = Math.max(...pairs.map((pair) => worstAbsolute(pair.found, pair.expected).error));
      return { errors, note: l2?.note ?? worst.note ?? returned?.note };
    },
    bounds: () => ({ ...limits, ...(absolute && { absolute }) }),
  };
}
