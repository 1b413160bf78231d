/** Names of the axes of results, and their numbers where a step is known, as readers of Zarr, NeXus and HDF5 take them. */
import type { NamedResult } from './named-results.js';

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

/** Names that an axis would have if no other result had one of another length. */
function plainNames({ name, shape, navAxes, axes, vectors }: NamedResult): string[] {
  return shape.map((_, i) => {
    if (i < navAxes) return `scan_${letters[navAxes - 1 - i] ?? i}`;
    if (vectors && i === shape.length - 1) return 'component';
    return axes?.[i] ?? `${name}_${i}`;
  });
}

/** The axes of some results; `stepNm`: the step of the scan. */
export function axesOf(results: readonly NamedResult[], stepNm: number | undefined): ResultAxes {
  const taken = new Set(results.map(({ name }) => name));
  const lengths = new Map<string, number>();
  const coordinates = new Map<string, Coordinate>();
  const counted = (length: number, { first = 0, step, unit }: NonNullable<NamedResult['across']>): Coordinate => ({
    values: Float64Array.from({ length }, (_, k) => first + k * step),
    unit,
  });
  const names = results.map((result) => {
    const { name, shape, navAxes, axes, across } = result;
    return plainNames(result).map((plain, i) => {
      const length = shape[i] as number;
      const isOther = taken.has(plain) || (lengths.get(plain) ?? length) !== length;
      const own = isOther ? `${name}_${i}` : plain;
      lengths.set(own, length);
      if (i < navAxes && stepNm !== undefined) coordinates.set(own, counted(length, { step: stepNm, unit: 'nm' }));
      if (axes && across && i === shape.length - 1) coordinates.set(own, counted(length, across));
      return own;
    });
  });
  return { names, coordinates };
}
