/** A row of the table of transforms. */
import type { FftOptions } from '../../../../transforms/fft/fft.js';
import type { Comparison, Row } from '../../case.js';
import { relativeL2, worstAbsolute, worstElement } from '../../compare.js';
import * as bounds from '../../tolerances.js';
import { axesOf, type Problem, problem, type Way } from './problem.js';
import { product, smooth } from './shapes.js';
import { type Output, plan } from './subject.js';
import { oracle } from './truth.js';

/** Settings of a row that differ from transforming forward without a factor and back with the full one. */
export interface Extra extends Partial<Way> {
  readonly bench?: boolean;
  /** The whole address after `fft`, instead of one from the options. */
  readonly address?: string;
  /** The start of the address, after `fft`. */
  readonly prefix?: string;
  /** An additional absolute bound for every single number. */
  readonly absolute?: bounds.Bound;
  /** How the truth is computed: `fast` where direct sums take too long. */
  readonly by?: 'sums' | 'fast';
}

/** From results to inputs, with the factor that restores them. */
export const inverse: Extra = { direction: 'backward', scale: 'full' };

/** A row of transforms. */
export type FftRow = Row<Problem, Output, Float64Array>;

/** An option's value in an address: lists are joined by -, [start, count] becomes start+count, and all is *. */
function choiceText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (Array.isArray(one) ? one.join('+') : (one ?? '*'))).join('-');
}

/** The plan's kind, precision, lengths, and everything that differs from the defaults. */
function addressOf(options: FftOptions, { direction, scale, back, arrays }: Way, prefix: string | undefined): string {
  const { shape, kind = 'c2c', precision = 'f32', ...rest } = options;
  const more = Object.entries(rest).map(([name, value]) => `${name}=${choiceText(value)}`);
  return [
    ...(prefix === undefined ? [] : [prefix]),
    kind,
    precision,
    `n=${[shape].flat().join('x')}`,
    ...more,
    ...(scale === 'none' ? [] : [`scale=${scale}`]),
    ...(arrays ? [`arrays=${arrays}`] : []),
    ...(back === 'full' ? [] : [`back=${back}`]),
    ...(direction === 'forward' ? [] : ['inverse']),
  ].join(':');
}

/** A row that transforms forward and back. */
export function row(options: FftOptions, about: string, extra: Extra = {}): FftRow {
  const { bench = false, address, prefix, absolute, by = 'sums', ...chosen } = extra;
  const way: Way = { direction: 'forward', scale: 'none', back: 'full', fill: 'centred', ...chosen };
  const { shape } = axesOf(options);
  const { precision = 'f32', batch = 1 } = options;
  const limits = bounds.fft(precision, product(shape), !shape.every(smooth), by);
  return {
    id: `fft:${address ?? addressOf(options, way, prefix)}`,
    about,
    cost: 1e-5 + (10 * product(shape) * batch * Math.log2(product(shape) + 1)) / 1e9,
    work: { amount: 2 * batch, unit: 'transforms' },
    ...(bench && { bench }),
    make: (seed) => problem(options, way, seed),
    oracle: (input) => oracle(input, by),
    plan,
    compare(found, expected): Comparison {
      const pairs = [{ found: found.values, expected }, ...(found.returned ? [found.returned] : [])];
      const [l2, returned] = pairs.map((pair) => relativeL2(pair.found, pair.expected));
      const worst = worstElement(found.values, expected);
      const errors: Record<string, number> = { l2: l2?.error ?? Number.NaN, worst: worst.error, strays: found.strays };
      if (returned) errors.returned = returned.error;
      if (absolute) errors.absolute = Math.max(...pairs.map((pair) => worstAbsolute(pair.found, pair.expected).error));
      return { errors, note: l2?.note ?? worst.note ?? returned?.note };
    },
    bounds: () => ({ ...limits, ...(absolute && { absolute }) }),
  };
}
