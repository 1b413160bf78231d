/** Calls the methods of UDFs, and checks what they do: errors name the UDF and the place. */

import type { FrameArray } from '../../bytes/dtype.js';
import { isLost } from '../../util/buffers.js';
import { callbackError, refusePromise } from '../../util/callbacks.js';
import { EwaldError, isEwaldError, plainError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import type { BufferDeclarations } from './buffers.js';
import type { Arrays, BufferArray } from './dtypes.js';
import type { KernelPart } from './kernel-part.js';
import { type AnyUdf, frameMethods, type Tiling, type UdfMeta } from './udf.js';

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

/** The UDF with `getMethod` and `tiling` replaced by what they return. Throws `Argument` for an undefined method. */
export function withMethod(udf: AnyUdf, params: unknown, meta: UdfMeta): AnyUdf {
  const { definition } = udf;
  const { name, getMethod, tiling } = definition;
  if (getMethod === undefined && typeof tiling !== 'function') return udf;
  const scope = { params, meta };
  const changed: Record<string, unknown> = {};
  if (typeof tiling === 'function') changed.tiling = callMethod(name, 'tiling', () => tiling(scope) as Tiling);
  if (getMethod !== undefined) {
    const method = callMethod(name, 'getMethod', () => getMethod.call(definition, scope));
    const defined = frameMethods.filter((frameMethod) => definition[frameMethod] !== undefined);
    if (!defined.includes(method as (typeof frameMethods)[number]))
      throw new EwaldError(
        'Argument',
        `the UDF ${name}: getMethod returned ${JSON.stringify(method)}; expected one of the methods that it defines, ` +
          defined.join(', '),
        { detail: { udf: name, method: 'getMethod' } },
      );
    for (const other of defined) if (other !== method) changed[other] = undefined;
  }
  return {
    definition: { ...definition, ...changed },
    params: udf.params,
    withParams: (given) => udf.withParams(given),
  };
}
