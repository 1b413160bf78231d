/** One UDF while its methods are called: its views, its task data, and checks of what its methods do. */
import { isLost } from '../../base/buffers.js';
import { callbackError, refusePromise } from '../../base/callbacks.js';
import { EwaldError, isEwaldError, plainError } from '../../base/errors.js';
import { inspect } from '../../base/options.js';
import type { FrameArray } from '../../io/data/dtype.js';
import { auxOf, auxStride, isAux } from '../functions/aux.js';
import { allocateViews, type BufferDeclarations, strideOf } from '../functions/buffers.js';
import type { Arrays, BufferArray } from '../functions/dtypes.js';
import type { AnyDefinition, AnyUdf, PartitionMeta, UdfMeta, UdfParams } from '../functions/udf.js';
import type { KernelPart } from './kernel-part.js';
import type { ResultPlaces } from './result-memory.js';
import { MergedInto, Written } from './written.js';

/** The declarations of a UDF in a run. */
export function declarationsOf({ definition }: AnyUdf, meta: UdfMeta, params: unknown): BufferDeclarations {
  const { name, buffers } = definition;
  return typeof buffers === 'function' ? callMethod(name, 'buffers', () => buffers(meta, params)) : buffers;
}

/** What engines say of a member of `results` that does not exist. */
const ofNothing = /undefined|not (an )?extensible/;

/**
 * An error in a user's method: the location is added to the message, and the stack is kept. The names of its `results`
 * follow where one that does not exist may be the reason.
 */
export function udfError(udf: string, where: string, cause: unknown, results: Arrays = {}): EwaldError {
  // What parameters or frames do not allow is the caller's fault, not the function's.
  if (where === 'buffers' && isEwaldError(cause) && ['Argument', 'Shape', 'Unsupported'].includes(cause.tag))
    return cause;
  const names = Object.keys(results);
  const { name, message } = plainError(cause);
  const isMisnamed = names.length > 0 && name === 'TypeError' && ofNothing.test(message);
  const advice = isMisnamed ? `; its results are ${names.join(', ')}` : '';
  return callbackError(`the UDF ${udf} threw in ${where}`, cause, { udf, where }, advice);
}

/** Calls a method of a UDF: errors name the UDF and the place, and promises are rejected. */
export function callMethod<T>(
  udf: string,
  method: string,
  work: () => T,
  where = method,
  results: Arrays = {},
  frames?: FrameArray,
): T {
  try {
    const given = settled(udf, method, work());
    if (given !== undefined && writing.has(method)) refuseReturned(udf, method, given, Object.keys(results));
    checkNotTransferred(udf, where, results, frames);
    return given;
  } catch (cause) {
    throw udfError(udf, where, cause, results);
  }
}

/** Methods that write into results; what they return is read by nothing. */
const writing: ReadonlySet<string> = new Set([
  'preprocess',
  'processTile',
  'processPartition',
  'processSparse',
  'postprocess',
  'merge',
]);

/** Refuses what a method returned instead of writing it: its results would be zeros. */
export function refuseReturned(udf: string, method: string, given: unknown, results: readonly string[]): never {
  const into = method === 'merge' ? 'dest' : 'results';
  throw new EwaldError(
    'Argument',
    `the UDF ${udf}: ${method} returned ${inspect(given)}, which is no result; ` +
      `assign it, as in ${results.map((name) => `${into}.${name} = …`).join(' or ')}, and return nothing, which takes braces in an arrow function`,
    { detail: { udf, method, threw: true } },
  );
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

/** The steps that the core takes for a UDF of the package; undefined if it takes none. */
export const kernelOf = ({ definition }: AnyUdf, params: unknown, meta: UdfMeta): KernelPart | undefined =>
  callMethod(definition.name, 'kernel', () => definition.kernel?.({ params, meta } as never) as KernelPart | undefined);

/** Throws `Argument` if a method of a UDF has transferred the memory of its results or frames to another thread. */
export function checkNotTransferred(udf: string, where: string, results: Arrays, frames?: FrameArray): void {
  const lost = Object.keys(results).filter((name) => isLost(results[name] as BufferArray));
  const what = frames && isLost(frames) ? 'frames' : lost[0] === undefined ? undefined : `result ${lost[0]}`;
  if (what !== undefined)
    throw new EwaldError(
      'Argument',
      `the UDF ${udf} has detached its ${what} in ${where}, probably by a transfer to another thread; send a copy`,
      { detail: { udf, where, threw: true } },
    );
}

/** Rejects a promise returned by a method of a UDF: its results would be missing. */
export const settled = <T>(udf: string, method: string, given: T): T =>
  refusePromise(
    `the UDF ${udf}: ${method}`,
    given,
    'but the methods of a UDF are synchronous and its results are read when they return; await what it requires ' +
      'before the run, and pass it as a parameter',
    { udf, method },
  );

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
    {
      part,
      arrays,
      prepared,
      places,
    }: { part?: KernelPart | undefined; arrays?: Arrays; prepared?: unknown; places?: ResultPlaces | undefined } = {},
  ) {
    this.udf = udf;
    this.params = params;
    this.meta = meta;
    this.part = part;
    this.declarations = declarationsOf(udf, meta, params);
    this.arrays = arrays ?? allocateViews(this.declarations, meta.positions.length, meta.sig, part?.planes, places);
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
    this.written = new Written(
      this.arrays,
      new Set(named.flatMap(([name, { dtype }]) => (dtype === 'bool' ? [name] : []))),
    );
    const { definition } = udf;
    this.task = seesTask(definition, meta, part)
      ? callMethod(definition.name, 'getTaskData', () => definition.getTaskData?.({ params, meta, prepared }))
      : undefined;
    this.scope = { params, results: this.written.proxy, aux: this.aux, task: this.task, prepared, meta };
    const axes = meta.nav.length;
    Object.defineProperty(this.scope, 'coordinates', {
      get: () => meta.coordinates.subarray(this.#first * axes, (this.#first + 1) * axes),
    });
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

/** The meta of a partition. Coordinates are computed when they are first read. */
export function partitionMeta(
  run: UdfMeta,
  { index, first, count, positions }: PartitionMeta['partition'] & { readonly positions: Uint32Array },
): PartitionMeta {
  let coordinates: Uint32Array | undefined;
  return {
    ...run,
    partition: { index, first, count },
    positions,
    get coordinates() {
      coordinates ??= coordinatesOf(positions, run.nav);
      return coordinates;
    },
  };
}

/** Flat positions as coordinates, [positions, axes]. */
function coordinatesOf(positions: Uint32Array, nav: readonly number[]): Uint32Array {
  const out = new Uint32Array(positions.length * nav.length);
  for (let i = 0; i < positions.length; i++) {
    let rest = positions[i] as number;
    for (let axis = nav.length - 1; axis >= 0; axis--) {
      const size = nav[axis] as number;
      out[i * nav.length + axis] = rest % size;
      rest = Math.floor(rest / size);
    }
  }
  return out;
}

/** Lets a UDF initialise its whole results before any partition is merged; it sees the run as partition -1. */
export function preprocessWhole(udf: AnyUdf, params: UdfParams, run: UdfMeta, arrays: Arrays): void {
  const { definition } = udf;
  if (!definition.preprocess) return;
  const { roi, frames } = run;
  const positions = new Uint32Array(frames);
  if (roi)
    for (let i = 0, at = 0; i < roi.length; i++) {
      if (roi[i]) positions[at++] = i;
    }
  else for (let i = 0; i < frames; i++) positions[i] = i;
  const meta = partitionMeta(run, { index: -1, first: 0, count: frames, positions });
  const whole = new Running(udf, auxOf(params, positions), meta, { arrays });
  const where = 'preprocess of the run';
  callMethod(definition.name, 'preprocess', () => definition.preprocess?.(whole.scope as never), where, arrays);
}
