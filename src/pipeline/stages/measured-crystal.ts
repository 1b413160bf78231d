/**
 * Crystals with measured reflections, which are one table; objects are made when a caller accesses them, and only then.
 */
import { type Measured, reflectionsOf, tableOf } from './reflection-table.js';

/** What a crystal is made of: everything but its reflections, and their table. */
interface CrystalParts {
  readonly others: object;
  readonly table: Float64Array | undefined;
}

const partsOf = new WeakMap<object, CrystalParts>();

type WithReflections = { readonly reflections: readonly Measured[] | undefined };

/** A crystal whose reflections are those of a table; undefined if nothing was integrated. */
export function crystalWith<Others extends object>(
  others: Others,
  table: Float64Array | undefined,
): Others & WithReflections {
  let made: readonly Measured[] | undefined;
  const crystal = Object.defineProperty({ ...others, reflections: undefined }, 'reflections', {
    enumerable: true,
    get: () => {
      made ??= table && reflectionsOf(table);
      return made;
    },
  });
  partsOf.set(crystal, { others, table });
  return crystal as Others & WithReflections;
}

/** The table of a crystal's reflections: [reflections, 14]; undefined if nothing was integrated. */
export function tableOfCrystal(crystal: WithReflections): Float64Array | undefined {
  const parts = partsOf.get(crystal);
  if (parts) return parts.table;
  return crystal.reflections && tableOf(crystal.reflections);
}

/** A crystal without its reflections; none are made for it. */
export function withoutReflections<Crystal extends WithReflections>(crystal: Crystal): Omit<Crystal, 'reflections'> {
  const parts = partsOf.get(crystal);
  if (parts) return parts.others as Omit<Crystal, 'reflections'>;
  const { reflections: _, ...others } = crystal;
  return others;
}
