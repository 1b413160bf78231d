/** User data that a UDF sees sliced like its results: per scan position, per pixel, or as a whole. */

import { checkedValue, row } from '../../options/call-options.js';
import { expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import type { BufferKind, RunShape } from './buffers.js';
import {
  type BufferArray,
  type BufferDtype,
  bufferDtypes,
  type DtypeArrays,
  gather,
  isArrayOf,
  numbersPerElement,
} from './dtypes.js';

/** The result of `auxData`. */
export interface AuxData<D extends BufferDtype = BufferDtype> {
  readonly aux: true;
  readonly kind: BufferKind;
  readonly dtype: D;
  readonly extraShape: readonly number[];
  /** nav: one element for each position of the whole scan. */
  readonly data: DtypeArrays[D];
}
/** Views of the parameters that are aux data. */
export type AuxViews<P> = {
  readonly [K in keyof P as P[K] extends AuxData ? K : never]: P[K] extends AuxData<infer D> ? DtypeArrays[D] : never;
};

/** Wraps data for a parameter of a UDF. Data of kind nav cover the whole scan, whatever the region of interest. */
export function auxData<D extends BufferDtype>(
  data: DtypeArrays[D],
  options: { readonly kind: BufferKind; readonly dtype: D; readonly extraShape?: readonly number[] | undefined },
): AuxData<D> {
  expectsMembers('auxData: the second argument', options, ['kind', 'dtype'], '{ kind, dtype }');
  const { kind, dtype, extraShape = [] } = options;
  checkedValue('auxData: dtype', dtype, row.choice(bufferDtypes, dtype));
  if (!isArrayOf(dtype, data)) throw new EwaldError('Shape', `auxData: the data is not an array of ${dtype}`);
  return { aux: true, kind, dtype, extraShape, data };
}

export const isAux = (value: unknown): value is AuxData =>
  typeof value === 'object' && value !== null && (value as { aux?: unknown }).aux === true && 'data' in value;

/** Numbers per element. */
export const auxStride = ({ extraShape, dtype }: AuxData): number => product(extraShape) * numbersPerElement(dtype);

/** Aux data whose other members, such as elements and the length, are those of the view at this time. */
export const asView = (aux: AuxData, view: () => BufferArray): AuxData =>
  new Proxy(aux, {
    get(target, name) {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name);
      const array = view();
      const value: unknown = Reflect.get(array, name);
      return typeof value === 'function' ? value.bind(array) : value;
    },
    set(target, name, value) {
      return Object.hasOwn(target, name) ? false : Reflect.set(view(), name, value);
    },
  });

/** Rejects auxiliary data whose size does not match the run. */
export function checkAux(udf: string, params: Readonly<Record<string, unknown>>, { nav, sig }: RunShape): void {
  for (const [name, value] of Object.entries(params)) {
    if (!isAux(value)) continue;
    const elements = value.kind === 'nav' ? product(nav) : value.kind === 'sig' ? product(sig) : 1;
    const needed = elements * auxStride(value);
    if (value.data.length !== needed)
      throw new EwaldError(
        'Shape',
        `the UDF ${udf}: aux data ${name} has ${value.data.length} numbers; ` +
          `expected ${needed}, ` +
          `for ${value.kind === 'nav' ? 'the whole scan' : value.kind === 'sig' ? 'a frame' : 'the run'}`,
      );
  }
}

/** The parameters with nav aux data reduced to some positions, as sent to a worker. */
export function auxOf(params: Readonly<Record<string, unknown>>, positions: Uint32Array): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (!isAux(value) || value.kind !== 'nav') return [name, value];
      return [name, { ...value, data: gather(value.data, positions, auxStride(value)) }];
    }),
  );
}
