/** A row of the table of transforms. */
import type { FftOptions, FftScale } from '../../../fft/fft.js';
import type { Comparison, Row } from '../../case.js';
import { relativeL2, worstElement } from '../../compare.js';
import * as bounds from '../../tolerances.js';
import { type OnDevice, type Problem, problem } from './problem.js';
import { product, smooth } from './shapes.js';
import { type Output, plan } from './subject.js';
import { oracle } from './truth.js';

export interface Extra {
  readonly direction?: 'forward' | 'backward';
  readonly scale?: FftScale;
  readonly bench?: boolean;
  readonly arrays?: OnDevice;
}

/** Address of a plan: kind, precision, lengths, and whatever differs from the defaults. */
export function row(
  options: FftOptions,
  about: string,
  { direction = 'forward', scale = 'none', bench = false, arrays }: Extra = {},
): Row<Problem, Output, Float64Array> {
  const shape = typeof options.shape === 'number' ? [options.shape] : options.shape;
  const { shape: _, kind = 'c2c', precision = 'f32', ...rest } = options;
  const more = Object.entries(rest).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join('-') : value}`);
  const id = [
    'fft',
    kind,
    precision,
    `n=${shape.join('x')}`,
    ...more,
    ...(scale === 'none' ? [] : [`scale=${scale}`]),
    ...(direction === 'forward' ? [] : ['inverse']),
    ...(arrays ? [`arrays=${arrays}`] : []),
  ].join(':');
  const elements = product(shape) * (options.batch ?? 1);
  const flops = 5 * elements * Math.log2(product(shape) + 1);
  return {
    id,
    about,
    cost: 1e-5 + flops / 1e9,
    work: { amount: 1, unit: 'transforms' },
    flops,
    bytes: elements * 2 * (precision === 'f32' ? 8 : 16),
    ...(bench ? { bench } : {}),
    make: (seed) => problem(options, direction, scale, seed, arrays),
    oracle,
    plan,
    compare(found, expected): Comparison {
      const [l2, worst] = [relativeL2(found.values, expected), worstElement(found.values, expected)];
      const note = l2.note ?? worst.note;
      return { errors: { l2: l2.error, worst: worst.error, strays: found.strays }, ...(note === undefined ? {} : { note }) };
    },
    bounds: () =>
      bounds.fft(
        precision,
        product(shape),
        shape.some((n) => !smooth(n)),
      ),
  };
}
