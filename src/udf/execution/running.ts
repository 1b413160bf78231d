/** One UDF while its methods are called: its views, its task data, and what they receive. */
import { type AuxData, asView, auxStride, isAux } from '../functions/aux.js';
import { type BufferDeclarations, strideOf } from '../functions/buffers.js';
import { callMethod } from '../functions/call-method.js';
import type { Arrays, BufferArray } from '../functions/dtypes.js';
import type { AnyDefinition, AnyUdf, PartitionMeta } from '../functions/udf.js';
import type { KernelPart } from './kernel-part.js';
import { Written } from './written.js';

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
export class Running {
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
