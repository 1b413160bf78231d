/** The results that the methods of a UDF see: values assigned to them are written into their arrays. */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { callMethod } from '../functions/call-method.js';
import type { Arrays, BufferArray } from '../functions/dtypes.js';
import type { AnyUdf, UdfMeta, UdfParams } from '../functions/udf.js';

/**
 * Writes a number, or as many numbers as there are, into a view; in results of dtype bool, all but 0 are true. Throws
 * `Argument` and `Shape`.
 */
function write(name: string, view: BufferArray, value: unknown, isBool = false): void {
  if (isBool) {
    write(
      name,
      view,
      typeof value === 'object' && value !== null ? truthsOf(value as ArrayLike<unknown>) : isTrue(value),
    );
    return;
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    view.fill(value as never);
    return;
  }
  const length = typeof value === 'object' ? (value as ArrayLike<number> | null)?.length : undefined;
  if (typeof length !== 'number')
    throw new EwaldError(
      'Argument',
      `${inspect(value)} was assigned to the result ${name}; expected a number or an array`,
    );
  if (length !== view.length)
    throw new EwaldError('Shape', `${length} numbers do not fit the result ${name}, which has ${view.length} here`);
  view.set(value as never);
}

/** 1 for all but 0, false and nothing; NaN is true, as in NumPy. */
const isTrue = (value: unknown): 0 | 1 => (value || Number.isNaN(value) ? 1 : 0);
const truthsOf = (values: ArrayLike<unknown>): Uint8Array => Uint8Array.from(values, isTrue);

const viewsOf = Symbol('views');
const boolsOf = Symbol('bools');
type Results = Record<string, unknown> & { readonly [viewsOf]: Arrays; readonly [boolsOf]: ReadonlySet<string> };

/** Accessors by name. They are shared, because objects with accessors of their own make every function slow that sees many. */
const accessors = new Map<string, PropertyDescriptor & ThisType<Results>>();

function accessorOf(name: string): PropertyDescriptor {
  const known = accessors.get(name);
  if (known) return known;
  const made: PropertyDescriptor & ThisType<Results> = {
    enumerable: true,
    get() {
      return this[viewsOf][name];
    },
    set(value: unknown) {
      write(name, this[viewsOf][name] as BufferArray, value, this[boolsOf].has(name));
    },
  };
  accessors.set(name, made);
  return made;
}

/** An object with accessors of these views, except those that stay as they are; no further member can be added to it. */
function resultsOf(
  views: Arrays,
  isPlain: (view: BufferArray) => boolean,
  bools: ReadonlySet<string> = new Set(),
): Record<string, unknown> {
  const results: Record<string, unknown> = Object.defineProperties(
    {},
    { [viewsOf]: { value: views }, [boolsOf]: { value: bools } },
  );
  for (const [name, view] of Object.entries(views))
    if (isPlain(view)) results[name] = view;
    else Object.defineProperty(results, name, accessorOf(name));
  return Object.preventExtensions(results);
}

/** Accessors of the current views. */
export class Written {
  readonly views: Arrays;
  readonly proxy: Record<string, unknown>;

  /** `bools` are the names of results of dtype bool. */
  constructor(arrays: Arrays, bools: ReadonlySet<string>) {
    this.views = { ...arrays };
    this.proxy = resultsOf(this.views, () => false, bools);
  }
}

/** Numbers of a result above which `merge` sees the array itself: loops over an accessor take ten times as long. */
const most = 256;

/** Results into which a partition is merged. Small ones have accessors; large ones are written when `merge` returns. */
class MergedInto {
  readonly proxy: Record<string, unknown>;
  readonly #large: readonly (readonly [string, BufferArray])[];

  constructor(arrays: Arrays) {
    this.#large = Object.entries(arrays).filter(([, { length }]) => length > most);
    this.proxy = resultsOf({ ...arrays }, ({ length }) => length > most);
  }

  /** Writes what was assigned to large results. */
  finish(): void {
    for (const [name, array] of this.#large) {
      const value = this.proxy[name];
      if (value === array) continue;
      // `merge` may have read elements of the number since, which has none.
      if (typeof value !== 'object')
        throw new EwaldError(
          'Argument',
          `${inspect(value)} was assigned to the result ${name}, which has ${array.length} elements; expected an array, ` +
            `or dest.${name}.fill(…)`,
        );
      write(name, array, value);
    }
  }
}

/**
 * Merges the results of a partition into `dest`. Values assigned to members of `dest` are written into its arrays.
 */
export function mergeInto(
  { definition }: AnyUdf,
  { dest, src, params, meta }: { dest: Arrays; src: Arrays; params: UdfParams; meta: UdfMeta },
): void {
  const { name, merge } = definition;
  const written = new MergedInto(dest);
  const scope = { dest: written.proxy, src: { ...src }, params, meta };
  const work = (): unknown => {
    const given = merge?.call(definition, scope as never);
    written.finish();
    return given;
  };
  callMethod(name, 'merge', work, 'merge', dest);
}
