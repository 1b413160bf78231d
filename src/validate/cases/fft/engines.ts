/** The table of transforms given to an external engine: the same problems, another library computes. */
import type { FftOptions, FftPrecision } from '../../../fft/fft.js';
import { type Row, seedOf } from '../../case.js';
import * as bounds from '../../tolerances.js';
import { fftRows } from './index.js';
import { product, smooth } from './shapes.js';

/** What differs from the row as it is. */
export interface OnEngine extends Pick<FftOptions, 'engine' | 'tune'> {
  /** Another precision than the row's own; its bounds go with it. */
  readonly precision?: FftPrecision;
}

/** The rows of transforms with options changed; input and truth stay those of the row, so that results can be compared. */
export function engineRows(on: OnEngine, rows: readonly Row[] = fftRows as readonly Row[]): Row[] {
  const suffix = Object.entries(on).map(([name, value]) => `:${name}=${value}`);
  return fftRows
    .filter((row) => rows.some(({ id }) => id === row.id))
    .map((row) => {
      const make = () => {
        const problem = row.make(seedOf(row.id));
        return { ...problem, options: { ...problem.options, ...on } };
      };
      const { shape } = make();
      const changed = on.precision && { bounds: () => bounds.fft(on.precision ?? 'f32', product(shape), !shape.every(smooth)) };
      return { ...row, id: `${row.id}${suffix.join('')}`, make, ...changed } as unknown as Row;
    });
}
