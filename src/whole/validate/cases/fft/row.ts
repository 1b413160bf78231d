/** A row of the table of transforms. */
import type { FftOptions } from '../../../../transforms/fft/fft.js';
import type { Comparison, Row } from '../../case.js';
import { relativeL2, worstAbsolute, worstElement } from '../../compare.js';
import type { Bound } from '../../tolerances.js';
import * as bounds from '../../tolerances.js';
import { type Problem, problem, type Way } from './problem.js';
import { product, smooth } from './shapes.js';
import { type Output, plan } from './subject.js';
import { oracle } from './truth.js';

/** Settings of a row that differ from transforming forward without a factor and back with the full one. */
export interface Extra extends Partial<Way> {
  readonly bench?: boolean;
  /** The start of the address, after `fft`. */
  readonly prefix?: string;
  /** An additional absolute bound for every single number. */
  readonly absolute?: Bound;
}

/** An option's value in an address: lists are joined by -, [start, count] becomes start+count, and all is *. */
function choiceText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (Array.isArray(one) ? one.join('+') : (one ?? '*'))).join('-');
}

/** A row, whose address is the plan's kind, precision, lengths, and everything that differs from the defaults. */
export function row(options: FftOptions, about: string, extra: Extra = {}): Row<Problem, Output, Float64Array> {
  const {
    direction = 'forward',
    scale = 'none',
    back = 'full',
    fill = 'centred',
    bench = false,
    prefix,
    absolute,
    arrays,
  } = extra;
  const shape = typeof options.shape === 'number' ? [options.shape] : options.shape;
  const { shape: _, kind = 'c2c', precision = 'f32', ...rest } = options;
  const more = Object.entries(rest).map(([name, value]) => `${name}=${choiceText(value)}`);
  const id = [
    'fft',
    ...(prefix === undefined ? [] : [prefix]),
    kind,
    precision,
    `n=${shape.join('x')}`,
    ...more,
    ...(scale === 'none' ? [] : [`scale=${scale}`]),
    ...(arrays ? [`arrays=${arrays}`] : []),
    ...(back === 'full' ? [] : [`back=${back}`]),
    ...(direction === 'forward' ? [] : ['inverse']),
  ].join(':');
  const elements = product(shape) * (options.batch ?? 1);
  // Forward and back.
  const flops = 2 * 5 * elements * Math.log2(product(shape) + 1);
  return {
    id,
    about,
    cost: 1e-5 + flops / 1e9,
    work: { amount: 2 * (options.batch ?? 1), unit: 'transforms' },
    flops,
    bytes: 2 * elements * 2 * (precision === 'f32' ? 8 : 16),
    ...(bench ? { bench } : {}),
    make: (seed) => problem(options, { direction, scale, back, fill, arrays }, seed),
    oracle,
    plan,
    compare(found, expected): Comparison {
      const pairs = [{ found: found.values, expected }, ...(found.returned ? [found.returned] : [])];
      const [l2, returned] = pairs.map((pair) => relativeL2(pair.found, pair.expected));
      const worst = worstElement(found.values, expected);
      const note = l2?.note ?? worst.note ?? returned?.note;
      const errors: Record<string, number> = { l2: l2?.error ?? Number.NaN, worst: worst.error, strays: found.strays };
      if (returned) errors.returned = returned.error;
      if (absolute) errors.absolute = Math.max(...pairs.map((pair) => worstAbsolute(pair.found, pair.expected).error));
      return { errors, ...(note === undefined ? {} : { note }) };
    },
    bounds: () => ({
      ...bounds.fft(
        precision,
        product(shape),
        shape.some((n) => !smooth(n)),
      ),
      ...(absolute ? { absolute } : {}),
    }),
  };
}
