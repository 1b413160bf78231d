/** Names of the axes of results, and their numbers where a step is known, as readers of Zarr, NeXus and HDF5 take them. */
import type { AxisScale, NamedResult } from './named-results.js';

/** The numbers of an axis. */
export interface Coordinate {
  readonly values: Float64Array;
  readonly unit: string;
}

/** The axes of results that are written into one group, in which a name has one length. */
export interface ResultAxes {
  /** The names of the axes of each result, slowest first. */
  readonly names: readonly (readonly string[])[];
  readonly coordinates: ReadonlyMap<string, Coordinate>;
}

const letters = ['x', 'y', 'z'] as const;

/** What a list for the last axes has of axis i. */
export const ofLast = <T>(list: readonly T[] | undefined, { length }: readonly number[], i: number): T | undefined =>
  list?.[i - length + list.length];

/** Names that an axis would have if no other result had one of another length. */
function plainNames({ name, shape, navAxes, axes, vectors }: NamedResult): string[] {
  return shape.map((_, i) => {
    if (i < navAxes) return `scan_${letters[navAxes - 1 - i] ?? i}`;
    if (vectors && i === shape.length - 1) return 'component';
    return ofLast(axes, shape, i) ?? `${name}_${i}`;
  });
}

/** The numbers of an axis. */
export const coordinateOf = (length: number, { first = 0, step, unit }: AxisScale): Coordinate => ({
  values: Float64Array.from({ length }, (_, k) => first + k * step),
  unit,
});

/** The axes of some results; `stepNm`: the step of the scan. */
export function axesOf(results: readonly NamedResult[], stepNm: number | undefined): ResultAxes {
  const taken = new Set(results.map(({ name }) => name));
  const coordinates = new Map<string, Coordinate>();
  const scales = new Map<string, string>();
  const names = results.map((result) => {
    const { name, shape, navAxes } = result;
    return plainNames(result).map((plain, i) => {
      const length = shape[i] as number;
      const ofScan: AxisScale | undefined = stepNm === undefined ? undefined : { step: stepNm, unit: 'nm' };
      const scale = i < navAxes ? ofScan : ofLast(result.scales, shape, i);
      // Two axes of one name and length may have other numbers.
      const numbers = JSON.stringify([length, scale?.first ?? 0, scale?.step, scale?.unit]);
      const isOther = taken.has(plain) || (scales.get(plain) ?? numbers) !== numbers;
      const own = isOther ? `${name}_${i}` : plain;
      scales.set(own, numbers);
      if (scale) coordinates.set(own, coordinateOf(length, scale));
      return own;
    });
  });
  return { names, coordinates };
}
