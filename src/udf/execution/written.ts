/** The results that the methods of a UDF see: values assigned to them are written into their arrays. */
import { EwaldError } from '../../base/errors.js';
import { inspect } from '../../base/options.js';
import type { Arrays, BufferArray } from '../functions/dtypes.js';

/** Writes a number, or as many numbers as there are, into a view. Throws `Argument` and `Shape`. */
function write(name: string, view: BufferArray, value: unknown): void {
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

/** Accessors of the current views. */
export class Written {
  readonly views: Arrays;
  readonly proxy: Record<string, unknown> = {};

  constructor(arrays: Arrays) {
    this.views = { ...arrays };
    for (const name of Object.keys(arrays))
      Object.defineProperty(this.proxy, name, {
        enumerable: true,
        get: () => this.views[name],
        set: (value: unknown) => write(name, this.views[name] as BufferArray, value),
      });
    Object.preventExtensions(this.proxy);
  }
}

/** Numbers of a result above which `merge` sees the array itself: loops over an accessor take ten times as long. */
const most = 256;

/** Results into which a partition is merged. Small ones have accessors; large ones are written when `merge` returns. */
export class MergedInto {
  readonly proxy: Record<string, unknown>;
  readonly #large: readonly (readonly [string, BufferArray])[];

  constructor(arrays: Arrays) {
    const all = Object.entries(arrays);
    const isLarge = ([, { length }]: readonly [string, BufferArray]): boolean => length > most;
    this.#large = all.filter(isLarge);
    const small = new Written(Object.fromEntries(all.filter((one) => !isLarge(one))));
    this.proxy = Object.preventExtensions(
      Object.defineProperties({ ...arrays } as Record<string, unknown>, Object.getOwnPropertyDescriptors(small.proxy)),
    );
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
