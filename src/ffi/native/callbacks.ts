/** The functions of C by which native libraries call JavaScript. All libraries of the process share them. */
import { isMainThread } from 'node:worker_threads';
import { findAddon } from '../../util/addon-path.node.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { type CType, type FunctionType, signature } from '../header/types.js';
import type { Runtime } from '../runtime.js';
import type { Bits } from '../scalars.js';
import { Trampolines } from '../trampolines.js';
import { gatesOfWorker } from './gates.js';
import type { Koffi } from './koffi.js';

/** A function type in koffi's notation. */
export interface CallbackSignature {
  readonly parameters: readonly unknown[];
  readonly isPointer: boolean;
  /** koffi's type of a pointer to such a function. */
  readonly type: unknown;
}

/** Parameters that koffi passes. */
const maxParameters = 64;

const signatures = new Map<string, CallbackSignature>();

/** The signature of a result and parameters in koffi's notation; one object for equal ones. */
export function callbackSignature(koffi: Koffi, result: unknown, parameters: readonly unknown[]): CallbackSignature {
  if (parameters.length > maxParameters)
    throw new EwaldError(
      'Unsupported',
      `a callback with ${parameters.length} parameters is not supported; native libraries pass at most ${maxParameters}`,
    );
  const make = (): CallbackSignature => ({
    parameters,
    isPointer: result === 'void *',
    type: koffi.pointer(koffi.proto(result, parameters)),
  });
  // Structs have no name that other libraries share.
  if ([result, ...parameters].some((parameter) => typeof parameter !== 'string')) return make();
  const key = [result, ...parameters].join();
  let found = signatures.get(key);
  if (!found) {
    found = make();
    signatures.set(key, found);
  }
  return found;
}

/**
 * How many are made before C calls JavaScript. koffi binds one to the place of the stack at which it is made, and one that
 * was made during a call overflows the stack when it is called outside of that call.
 */
const ahead = 8;

/** Headers of user interfaces have more function types than a process may have trampolines for. */
const maxTypes = 256;

let trampolines: Trampolines<CallbackSignature> | undefined;

/** How many koffi has for all threads of a process. */
const mostCallbacks = 8192;

/** The trampolines of this thread. */
export function trampolinesOf(koffi: Koffi): Trampolines<CallbackSignature> {
  if (trampolines) return trampolines;
  const gates = gatesOfWorker();
  trampolines = new Trampolines<CallbackSignature>(({ isPointer, type }, enter) => {
    const use = isPointer ? (...bits: (Bits | null)[]) => enter(...bits) || null : enter;
    let address: bigint;
    try {
      address = koffi.register(use as (...values: never[]) => unknown, type);
    } catch (cause) {
      if (!/too many callbacks/i.test(messageOf(cause))) throw cause;
      throw tooMany(trampolines?.count ?? 0, cause);
    }
    const gate = gates.openGate?.(address);
    const release = (): void => {
      if (gate !== undefined) gates.closeGate?.(gate);
      koffi.unregister(address);
    };
    return { address: gate ?? address, release };
  }, ahead);
  // koffi does not take back by itself what a worker had.
  if (gates.openGate) process.once('exit', () => trampolines?.endIdle());
  return trampolines;
}

/** The error for more functions than a process can have, and whose they are: koffi gives none back that a worker had. */
function tooMany(own: number, cause: unknown): EwaldError {
  const others = mostCallbacks - own;
  return new EwaldError(
    'Limit',
    `C holds as many functions of JavaScript as a process can have (${mostCallbacks}): ${own} of this thread` +
      `${others > 0 ? `, and ${others} of workers, of other users of koffi, and of workers that have ended` : ''}; dispose of ` +
      'the callbacks that C no longer calls' +
      (others > 0
        ? ', and let workers end by themselves or by process.exit(): koffi never gives back what one had that was terminated'
        : ''),
    { cause, detail: { own, others } },
  );
}

let isWarned = false;

/** Says once that C may end the process with a callback of this worker, where nothing stands between the two. */
export function warnWithoutGates(): void {
  if (isWarned || isMainThread || gatesOfWorker().openGate) return;
  isWarned = true;
  const { why } = findAddon('ewald_native', undefined);
  process.emitWarning(
    'a callback() of a worker ends the process if C calls it after the worker has ended, since the native addon is not ' +
      `at hand (${why || 'this one has nothing for this processor'}); have C forget the callback before the worker ends`,
    { code: 'EWALD_CALLBACK_OF_WORKER' },
  );
}

let isWatched = false;

/**
 * Has a script that ends by itself end as by process.exit(): a thread of C that calls a kept callback once more would
 * otherwise find the interpreter torn down, a segmentation fault.
 */
export function endAtOnce(): void {
  if (isWatched) return;
  isWatched = true;
  let hasFailed = false;
  const end = (code: number): void => {
    // After an error nothing is torn down, and the error is still to be printed.
    if (!hasFailed) process.exit(code);
  };
  process.on('uncaughtExceptionMonitor', () => {
    hasFailed = true;
  });
  process.on('exit', end);
  // Listeners that others added come first.
  process.on('beforeExit', () => process.off('exit', end).on('exit', end));
}

/** The types of the functions that a header lets JavaScript pass to C. */
export function functionTypes(runtime: Runtime): readonly FunctionType[] {
  const { functions, structs, typedefs } = runtime.table;
  const types = [
    ...Object.values(functions).flatMap(({ parameters }) => parameters),
    ...Object.values(structs).flatMap(({ fields = [] }) => fields),
    ...Object.values(typedefs),
  ].map(({ type }) => (type.kind === 'pointer' ? type.to : type));
  const isPassed = (type: CType): boolean => type.kind === 'pointer' || runtime.scalar(type) !== undefined;
  const found = types.filter(
    (type): type is FunctionType =>
      type.kind === 'function' &&
      !type.variadic &&
      type.parameters.length <= maxParameters &&
      (type.result.kind === 'void' || isPassed(type.result)) &&
      type.parameters.every((parameter) => isPassed(parameter.type)),
  );
  const byText = new Map(found.map((type) => [signature(type, ''), type]));
  return [...byText.values()].slice(0, maxTypes);
}
