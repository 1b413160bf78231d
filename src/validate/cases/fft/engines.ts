/** The table of transforms for an external engine: the same problems and truths, computed by another library. */

import type { Context } from '../../../context/rooms.js';
import type { FftOptions, FftPrecision } from '../../../fft/fft.js';
import * as bounds from '../../bounds.js';
import { type Comparison, type Row, seedOf } from '../../case.js';
import type { Problem } from './problem.js';
import { isSmooth, product } from './shapes.js';
import { fftRows, plainRows } from './table.js';

/** Additional options of every plan of the rows. */
export interface OnEngine extends Pick<FftOptions, 'engine' | 'tune'> {
  /** A precision that replaces the row's own; a row of one shape then gets the bounds of this precision. */
  readonly precision?: FftPrecision | undefined;
}

/** Those of `rows` that are transforms, planned with additional options; their input and truth stay the same. */
export function engineRows(on: OnEngine, rows: readonly Row[] = fftRows): Row[] {
  const suffix = Object.entries(on).map(([name, value]) => `:${name}=${value}`);
  // A row with thousands of plans does not measure each of them.
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
          ...(on.precision && shape ? bounds.fft(on.precision, product(shape), !shape.every(isSmooth)) : {}),
        };
      },
    }));
}

/**
 * heFFTe's absolute tolerances were set for its own numbers: in single precision, FFTW itself exceeds one of them, at a
 * sum near 7000, by 1.4 units in the last place. Engines must meet the relative bounds, as all backends must.
 */
function relativeOnly({ errors: { absolute: _, ...errors }, ...rest }: Comparison): Comparison {
  return { errors, ...rest };
}

/** The context, with options added to every transform. */
function withOptions(context: Context, on: OnEngine): Context {
  return new Proxy(context, {
    get(target, name) {
      if (name === 'fft') return (options: FftOptions) => target.fft({ ...options, ...on });
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
