/** The sums of a pass over frames in float64, number by number, and the size of the terms of each. */
import type { PassStep } from '../../../udf/pass/pass.js';

/** Sums, and the sums of the sizes of their terms, to which their errors are relative. */
export interface Sums {
  readonly values: Float64Array;
  readonly sizes: Float64Array;
  /** Whether the sums are integers that float64 represents exactly. */
  readonly exact: boolean;
}

/** Columns ([frames, columns] for each step) and planes. */
export interface PassTruth {
  readonly columns: readonly Sums[];
  readonly planes: readonly Sums[];
}

/** The frames of a problem. */
export interface Stack {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly dtype: string;
  readonly data: ArrayLike<number>;
}

/** A term of the columns: its pixel, and the factors of its value, one per column. */
type Term = readonly [pixel: number, factors: readonly ((value: number) => number)[]];

function* termsOf(step: PassStep, width: number, pixels: number): Generator<Term> {
  if ('spans' in step)
    for (let i = 0; i < step.spans.length; i += 2)
      for (let p = step.spans[i] as number; p < (step.spans[i + 1] as number); p++) {
        const [y, x] = [Math.floor(p / width), p % width];
        if (step.kind === 'sumOf') yield [p, [(v) => v]];
        else if (step.kind === 'squaresOf') yield [p, [(v) => v, (v) => v * v]];
        else yield [p, [(v) => v, (v) => y * v, (v) => x * v]];
      }
  if (step.kind === 'dense')
    for (let p = 0; p < pixels; p++)
      yield [
        p,
        Array.from({ length: step.masks }, (_, k) => (v: number) => v * (step.weights[k * pixels + p] as number)),
      ];
  if (step.kind === 'sparse') {
    const { starts, pixels: places, weights } = step.masks;
    for (let k = 0; k + 1 < starts.length; k++)
      for (let e = starts[k] as number; e < (starts[k + 1] as number); e++)
        yield [
          places[e] as number,
          Array.from(
            { length: starts.length - 1 },
            (_, i) => (v: number) => (i === k ? v * (weights[e] as number) : 0),
          ),
        ];
  }
}

const stepColumns = (step: PassStep): number => {
  if (step.kind === 'dense') return step.masks;
  if (step.kind === 'sparse') return step.masks.starts.length - 1;
  return { sumOf: 1, squaresOf: 2, com: 3 }[step.kind as string] ?? 0;
};

/** The true sums of a pass. */
export function sumsOf({ width, height, frames, dtype, data }: Stack, steps: readonly PassStep[]): PassTruth {
  const pixels = width * height;
  const integers = dtype !== 'f32';
  const narrow = /8|16/.test(dtype);
  const at = (f: number, p: number): number => data[f * pixels + p] as number;
  const columns = steps
    .filter((step) => stepColumns(step) > 0)
    .flatMap((step) => {
      const count = stepColumns(step);
      const columns = Array.from({ length: count }, (_, k) => ({
        values: new Float64Array(frames),
        sizes: new Float64Array(frames),
        // Squares of 32-bit numbers exceed the exact integers of float64.
        exact: integers && 'spans' in step && (narrow || step.kind !== 'squaresOf' || k === 0),
      }));
      for (const [p, factors] of termsOf(step, width, pixels))
        for (let f = 0; f < frames; f++)
          for (const [k, one] of columns.entries()) {
            const term = (factors[k] as (value: number) => number)(at(f, p));
            one.values[f] = (one.values[f] as number) + term;
            one.sizes[f] = (one.sizes[f] as number) + Math.abs(term);
          }
      return columns;
    });
  const least = Float64Array.from({ length: frames }, (_, f) => {
    let low = Number.POSITIVE_INFINITY;
    for (let p = 0; p < pixels; p++) low = Math.min(low, at(f, p));
    return low;
  });
  const plane = (exact: boolean, term: (v: number, f: number, p: number) => number, least = 0): Sums => {
    const values = new Float64Array(pixels);
    const sizes = new Float64Array(pixels);
    for (let p = 0; p < pixels; p++)
      for (let f = 0; f < frames; f++) {
        const value = term(at(f, p), f, p);
        values[p] = (values[p] as number) + value;
        sizes[p] = (sizes[p] as number) + Math.max(least, Math.abs(value));
      }
    return { values, sizes, exact };
  };
  const planes = steps.flatMap((step): Sums[] => {
    if (step.kind === 'sum') return [plane(integers, (v) => v)];
    if (step.kind === 'logSum') return [plane(false, (v, f) => Math.log(v - (least[f] as number) + 1), 1)];
    if (step.kind !== 'moments') return [];
    const sum = plane(integers, (v) => v);
    const second = plane(narrow, (v, _, p) => (narrow ? v * v : (v - (sum.values[p] as number) / frames) ** 2));
    return [sum, second];
  });
  return { columns, planes };
}
