/** Result buffers: those that a UDF declares, the views into which it writes, and the results that a run returns. */

import { maybe, oneOf } from '../../options/shapes.js';
import { EwaldError } from '../../util/errors.js';
import { shownInNotebooks } from '../../util/jupyter.js';
import { inspect, knownOptions } from '../../util/options.js';
import { type PlainOf, plainOf } from '../../util/plain.js';
import { product } from '../../util/product.js';
import type { Selection } from '../scans/roi.js';
import {
  allocate,
  type BufferArray,
  type BufferDtype,
  bufferDtypes,
  type DtypeArrays,
  fillGaps,
  numbersPerElement,
  scatter,
} from './dtypes.js';
import { type InParts, inParts, type WritePart } from './in-parts.js';

/** The unit for which a buffer has one element: each scan position, each pixel of a frame, or the whole run. */
export type BufferKind = 'nav' | 'sig' | 'single';

/** A UDF's declaration of one buffer. */
export interface BufferDeclaration<D extends BufferDtype = BufferDtype> {
  readonly kind: BufferKind;
  readonly dtype: D;
  /** Additional trailing axes of each element. Default: none. */
  readonly extraShape?: readonly number[] | undefined;
  /**
   * `private` buffers are not returned; `resultOnly` buffers do not exist while frames are processed and are created by
   * `getResults`.
   */
  readonly use?: 'private' | 'resultOnly' | undefined;
}
/** All buffers of a UDF by name. */
export type BufferDeclarations = Readonly<Record<string, BufferDeclaration>>;

/** The arrays a UDF works on, by name. */
export type Views<B extends BufferDeclarations> = { readonly [K in keyof B]: DtypeArrays[B[K]['dtype']] };
/** The results of a run by name, without private buffers. */
export type Results<B extends BufferDeclarations> = {
  readonly [K in keyof B as B[K]['use'] extends 'private' ? never : K]: ResultBuffer<B[K]['dtype']>;
};

/** Lengths of a run's axes. */
export interface RunShape {
  /** Shape of the scan. */
  readonly nav: readonly number[];
  /** Shape of a frame. */
  readonly sig: readonly number[];
  readonly selection: Selection;
}

const kinds = ['nav', 'sig', 'single'] as const;

/** Checks declarations before anything is allocated. Throws `Argument`. */
export function checkDeclarations(udf: string, declarations: BufferDeclarations): void {
  if (typeof declarations !== 'object' || declarations === null || Object.keys(declarations).length === 0)
    throw new EwaldError('Argument', `the UDF ${udf} declares no buffers; expected { name: { kind, dtype } }`);
  for (const [name, declaration] of Object.entries(declarations)) {
    const what = `the buffer ${name} of the UDF ${udf}`;
    if (typeof declaration !== 'object' || declaration === null)
      throw new EwaldError('Argument', `${what} is ${String(declaration)}; expected { kind, dtype }`);
    knownOptions(what, declaration, ['kind', 'dtype', 'extraShape', 'use']);
    oneOf(kinds)(`${what}: kind`, declaration.kind);
    oneOf(bufferDtypes)(`${what}: dtype`, declaration.dtype);
    maybe(oneOf(['private', 'resultOnly']))(`${what}: use`, declaration.use);
    if ((declaration.extraShape ?? []).some((n) => !Number.isInteger(n) || n < 1))
      throw new EwaldError(
        'Argument',
        `${what}: extraShape is ${inspect(declaration.extraShape)}; expected lengths of at least 1`,
      );
  }
}

/** Numbers per element: the product of the extra axes, doubled for complex numbers. */
export const strideOf = ({ extraShape = [], dtype }: BufferDeclaration): number =>
  product(extraShape) * numbersPerElement(dtype);

/** Elements of the raw array, without extra axes. */
export function elementsOf({ kind }: BufferDeclaration, frames: number, sig: readonly number[]): number {
  return kind === 'nav' ? frames : kind === 'sig' ? product(sig) : 1;
}

/**
 * Zeroed arrays for `frames` positions, except for buffers created by `getResults`. Those that will be `replaced` are
 * empty if there are frames. Results over all frames are in `places` if there is room.
 */
export function allocateViews(
  declarations: BufferDeclarations,
  frames: number,
  sig: readonly number[],
  replaced: readonly string[] = [],
  places?: { take(dtype: BufferDtype, length: number): BufferArray | undefined },
): Record<string, BufferArray> {
  const views: Record<string, BufferArray> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    if (declaration.use === 'resultOnly') continue;
    const elements = frames > 0 && replaced.includes(name) ? 0 : elementsOf(declaration, frames, sig);
    const length = elements * product(declaration.extraShape ?? []);
    const place = declaration.kind === 'nav' ? undefined : places?.take(declaration.dtype, length);
    views[name] = (place as Float64Array | undefined)?.fill(0) ?? allocate(declaration.dtype, length);
  }
  return views;
}

/** Shape of a result: the whole scan if its kind is nav. */
export function shapeOfBuffer(
  { kind, extraShape = [] }: BufferDeclaration,
  { nav, sig }: Pick<RunShape, 'nav' | 'sig'>,
): number[] {
  const extent = kind === 'nav' ? nav : kind === 'sig' ? sig : extraShape.length > 0 ? [] : [1];
  return [...extent, ...extraShape];
}

/** One buffer of a finished or partial run. */
export class ResultBuffer<D extends BufferDtype = BufferDtype> implements InParts {
  readonly name: string;
  readonly kind: BufferKind;
  readonly dtype: D;
  readonly extraShape: readonly number[];
  /** Shape of `rawData`: [positions, …extra], [y, x, …extra] or extra. */
  readonly rawShape: readonly number[];
  /** Shape of `data`: the whole scan if the kind is nav. */
  readonly shape: readonly number[];
  readonly #selection: Selection;
  readonly #elements: number;
  #raw: DtypeArrays[D] | (() => DtypeArrays[D]);
  #valid: Uint8Array | undefined;
  #data: DtypeArrays[D] | undefined;

  /** `raw` may compute the numbers when they are first read; without `valid`, all of them hold a result. */
  constructor(
    name: string,
    declaration: BufferDeclaration<D>,
    raw: DtypeArrays[D] | (() => DtypeArrays[D]),
    shape: RunShape,
    valid?: Uint8Array,
  ) {
    const { kind, dtype, extraShape = [] } = declaration;
    const { selection } = shape;
    this.name = name;
    this.kind = kind;
    this.dtype = dtype;
    this.extraShape = extraShape;
    // A function may have written any bytes into a result of truths.
    if (dtype === 'bool' && typeof raw !== 'function') for (let i = 0; i < raw.length; i++) if (raw[i]) raw[i] = 1;
    this.#raw = raw;
    this.#valid = valid;
    this.#elements = elementsOf(declaration, selection.count, shape.sig);
    this.#selection = selection;
    this.shape = shapeOfBuffer(declaration, shape);
    this.rawShape = kind === 'nav' && selection.positions ? [selection.count, ...extraShape] : this.shape;
    // A method of a name that is computed would keep the class in pages that do not use it.
    shownInNotebooks(this, async () => {
      const { displayed } = await import('../live/displayed.js');
      const { shape, data } = this;
      return displayed([{ title: name, shape, dtype, data, ...(dtype.startsWith('c') && { pairs: 'complex' }) }]);
    });
  }

  /** The numbers as computed: only for the region of interest, in C order. */
  get rawData(): DtypeArrays[D] {
    if (typeof this.#raw === 'function') this.#raw = this.#raw();
    return this.#raw;
  }

  /** How a part of the numbers is computed, while they are not in memory. */
  get [inParts](): WritePart | undefined {
    return typeof this.#raw === 'function' ? (this.#raw as InParts)[inParts] : undefined;
  }

  /** 1 where an element of `rawData` (ignoring extra axes) holds a result: its frame existed and was processed. */
  get rawValidMask(): Uint8Array {
    this.#valid ??= new Uint8Array(this.#elements).fill(1);
    return this.#valid;
  }

  /** The whole scan, with NaN (reals) or 0 outside the region of interest. Same as `rawData` for other kinds. */
  get data(): DtypeArrays[D] {
    this.#data ??= this.#expand();
    return this.#data;
  }

  /** 1 where an element of `data` (ignoring extra axes) holds a result. */
  get validMask(): Uint8Array {
    const { positions } = this.#selection;
    if (this.kind !== 'nav' || !positions) return this.rawValidMask;
    const mask = new Uint8Array(product(this.shape) / product(this.extraShape));
    for (let i = 0; i < positions.length; i++) mask[positions[i] as number] = this.rawValidMask[i] as number;
    return mask;
  }

  /** The valid elements of `data`, with undefined in place of the others, for printing. Extra axes are flattened. */
  get maskedData(): readonly (number | bigint | undefined)[] {
    const { data, validMask } = this;
    const stride = data.length / Math.max(1, validMask.length);
    return Array.from(data as ArrayLike<number | bigint>, (value, i) =>
      validMask[Math.floor(i / stride)] ? value : undefined,
    );
  }

  /** The result as plain data, which `postMessage` and structured cloning keep whole. */
  toPlain(): PlainOf<ResultBuffer<D>> {
    return plainOf<ResultBuffer<D>>(this);
  }

  #expand(): DtypeArrays[D] {
    const { positions } = this.#selection;
    if (this.kind !== 'nav' || !positions) return this.rawData;
    const whole = allocate(this.dtype, product(this.shape));
    fillGaps(this.dtype, whole);
    scatter(this.rawData, positions, product(this.extraShape) * numbersPerElement(this.dtype), whole);
    return whole;
  }
}
