/** The table of transforms given to an external engine: the same problems and truths, another library computes. */

import type { Context } from '../../../assembly/rooms.js';
import type { FftOptions, FftPrecision } from '../../../fft/fft.js';
import { type Comparison, type Row, seedOf } from '../../case.js';
import * as bounds from '../../tolerances.js';
import { arrayRows } from './arrays.js';
import { heffteRows } from './heffte.js';
import { fftRows } from './index.js';
import { kindRows } from './kinds.js';
import { lengthRows } from './lengths.js';
import type { Problem } from './problem.js';
import { product, smooth } from './shapes.js';

/** Additional options of every plan of the rows. */
export interface OnEngine extends Pick<FftOptions, 'engine' | 'tune'> {
  /** Another precision than the row's own; a row of one shape gets the bounds of it. */
  readonly precision?: FftPrecision;
}

/**
 * Rows that consist of plans alone, which can be repeated in another precision; the others bring their own arrays, or
 * check properties.
 */
const plainRows: readonly Row[] = [...kindRows, ...arrayRows, ...heffteRows, ...lengthRows];

/** Those of `rows` that are transforms, planned with further options; input and truth stay those of the row. */
export function engineRows(on: OnEngine, rows: readonly Row[] = fftRows): Row[] {
  const suffix = Object.entries(on).map(([name, value]) => `:${name}=${value}`);
  // What has thousands of plans is not measured one by one.
  const optionsOf = (row: Row): OnEngine => (row.plans === undefined ? on : { tune: 'estimate', ...on });
  return rows
    .filter((row) => (on.precision === undefined ? fftRows : plainRows).includes(row))
    .map((row) => ({
      ...row,
      id: `${row.id}${suffix.join('')}`,
      refusable: true,
      make: () => row.make(seedOf(row.id)),
      plan: (context, input) => row.plan(withOptions(context, optionsOf(row)), input),
      compare: (found, expected) => relativeOnly(row.compare(found, expected)),
      bounds: (device) => {
        const { shape } = row.make(seedOf(row.id)) as Partial<Problem>;
        return {
          ...row.bounds(device),
          ...(on.precision && shape ? bounds.fft(on.precision, product(shape), !shape.every(smooth)) : {}),
        };
      },
    }));
}

/**
 * heFFTe's absolute tolerances were set for its own numbers: in single precision FFTW itself misses one of them, at a
 * sum near 7000, by
 * 1.4 units in the last place. Engines are held to the relative bounds, as everybody is.
 */
function relativeOnly({ errors: { absolute: _, ...errors }, ...rest }: Comparison): Comparison {
  return { errors, ...rest };
}

/** The context, adding options to every transform. */
function withOptions(context: Context, on: OnEngine): Context {
  return new Proxy(context, {
    get(target, name) {
      if (name === 'fft') return (options: FftOptions) => target.fft({ ...options, ...on });
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
