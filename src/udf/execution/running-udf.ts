/** One UDF while its methods are called: its views, its task data, and what they receive. */

import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { type AuxData, asView, auxStride, isAux } from '../functions/aux.js';
import { type BufferDeclarations, strideOf } from '../functions/buffers.js';
import { callMethod } from '../functions/call-method.js';
import type { Arrays, BufferArray } from '../functions/dtypes.js';
import type { KernelPart } from '../functions/kernel-part.js';
import type { AnyDefinition, AnyUdf, PartitionMeta, UdfMeta, UdfParams } from '../functions/udf.js';

/**
 * Whether a method sees what `getTaskData` returns: not before a run that prepares it, nor if a module or a kernel
 * processes the frames, whose tables in JavaScript may take as long as the module itself.
 */
function seesTask(
  { wasm, prepare, preprocess, postprocess, cleanup }: AnyDefinition,
  { partition: { index } }: PartitionMeta,
  part: KernelPart | undefined,
): boolean {
  if (index < 0) return !prepare;
  return (!wasm && !part) || [preprocess, postprocess, cleanup].some((method) => method !== undefined);
}

/** The results of a UDF, the steps of the core for it, and what it has prepared. */
interface RunningParts {
  readonly declarations: BufferDeclarations;
  readonly arrays: Arrays;
  readonly part?: KernelPart | undefined;
  readonly prepared?: unknown;
}

/** The state of one UDF while the frames of a partition are processed. */
export class RunningUdf {
  readonly udf: AnyUdf;
  readonly declarations: BufferDeclarations;
  readonly arrays: Arrays;
  readonly meta: PartitionMeta;
  readonly params: Readonly<Record<string, unknown>>;
  readonly part: KernelPart | undefined;
  readonly written: Written;
  readonly aux: Record<string, unknown> = {};
  readonly task: unknown;
  readonly scope: Record<string, unknown>;
  #first = 0;
  readonly #navs: readonly { name: string; stride: number; whole: BufferArray }[];
  readonly #sigs: readonly { name: string; stride: number }[];
  readonly #auxes: readonly { name: string; kind: string; stride: number; data: BufferArray }[];

  constructor(
    udf: AnyUdf,
    params: Readonly<Record<string, unknown>>,
    meta: PartitionMeta,
    { declarations, arrays, part, prepared }: RunningParts,
  ) {
    this.udf = udf;
    this.params = params;
    this.meta = meta;
    this.part = part;
    this.declarations = declarations;
    this.arrays = arrays;
    const named = Object.entries(this.declarations).filter(([, { use }]) => use !== 'resultOnly');
    const ofKind = (wanted: string) =>
      named
        .filter(([, { kind }]) => kind === wanted)
        .map(([name, declaration]) => ({
          name,
          stride: strideOf(declaration),
          whole: this.arrays[name] as BufferArray,
        }));
    this.#navs = ofKind('nav');
    this.#sigs = ofKind('sig');
    this.#auxes = Object.entries(params).flatMap(([name, value]) =>
      isAux(value) ? [{ name, kind: value.kind, stride: auxStride(value), data: value.data as BufferArray }] : [],
    );
    for (const { name, data } of this.#auxes) this.aux[name] = data;
    const { definition } = udf;
    this.task = seesTask(definition, meta, part)
      ? callMethod(definition.name, 'getTaskData', () => definition.getTaskData?.({ params, meta, prepared }))
      : undefined;
    this.written = new Written(arrays, new Set(named.flatMap(([name, { dtype }]) => (dtype === 'bool' ? [name] : []))));
    const seen = this.#auxes.length > 0 ? this.#seenParams() : params;
    this.scope = { params: seen, results: this.written.proxy, aux: this.aux, task: this.task, prepared, meta };
    const axes = meta.nav.length;
    Object.defineProperty(this.scope, 'coordinates', {
      get: () => meta.coordinates.subarray(this.#first * axes, (this.#first + 1) * axes),
    });
  }

  /** The parameters as methods see them: elements of aux data are those of `aux`, as in LiberTEM. */
  #seenParams(): Record<string, unknown> {
    const seen = { ...this.params };
    for (const { name } of this.#auxes)
      seen[name] = asView(this.params[name] as AuxData, () => this.aux[name] as BufferArray);
    return seen;
  }

  /** Points the views at frames [first, end) and pixels [low, high), by default all pixels. */
  point(first: number, end: number, low?: number, high?: number): void {
    this.#first = first;
    const { views } = this.written;
    for (const { name, stride, whole } of this.#navs) views[name] = whole.subarray(first * stride, end * stride);
    if (low !== undefined && high !== undefined)
      for (const { name, stride } of this.#sigs)
        views[name] = (this.arrays[name] as BufferArray).subarray(low * stride, high * stride);
    for (const { name, kind, stride, data } of this.#auxes) {
      if (kind === 'nav') this.aux[name] = data.subarray(first * stride, end * stride);
      else if (kind === 'sig' && low !== undefined && high !== undefined)
        this.aux[name] = data.subarray(low * stride, high * stride);
    }
  }
}

// The results that the methods of a UDF see: values assigned to them are written into their arrays.

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
