/**
 * Functions that callers give. Whatever one throws ends the work that called it, with an `Argument` that names the
 * function, has what was thrown as its `cause`, and states by `detail.threw` that the call itself was right.
 */
import { EwaldError, isEwaldError, messageOf, plainError } from './errors.js';
import { inspect } from './options.js';

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * What a caller's function threw, as a tagged error with the frames of its stack; `what` reads "the UDF sum threw in
 * process". An abort, and an error that names a function already, stay as they are.
 */
export function callbackError(
  what: string,
  cause: unknown,
  detail: Record<string, unknown> = {},
  advice = '',
): EwaldError {
  if (isEwaldError(cause) && (cause.tag === 'Aborted' || cause.detail.threw === true)) return cause;
  const message = `${what}: ${messageOf(cause)}${advice}`;
  const error = new EwaldError('Argument', message, { cause, detail: { ...detail, threw: true } });
  const frames = plainError(cause)
    .stack.split('\n')
    .filter((line) => /^\s+at |@/.test(line));
  if (frames.length > 0) error.stack = [`EwaldError [Argument]: ${message}`, ...frames].join('\n');
  return error;
}

/** Refuses a promise that a caller's function returned where nothing awaits it. Throws `Argument`. */
export function refusePromise<T>(what: string, given: T, advice: string, detail: Record<string, unknown>): T {
  const isObject = (typeof given === 'object' && given !== null) || typeof given === 'function';
  if (!isObject || typeof (given as { readonly then?: unknown }).then !== 'function') return given;
  // This error is reported; a later rejection of the promise would end the process.
  Promise.resolve(given).catch(() => undefined);
  throw new EwaldError('Argument', `${what} returned a promise, ${advice}`, { detail: { ...detail, threw: true } });
}

/** Calls a caller's function that is named `what`: what it throws is tagged, and a promise is refused. */
function call<R>(what: string, work: () => R): R {
  try {
    const advice = 'which nothing would await; return at once, and handle the promise and its rejection yourself';
    return refusePromise(what, work(), advice, { callback: what });
  } catch (cause) {
    throw callbackError(`${what} threw`, cause, { callback: what });
  }
}

function expectsFunction(what: string, given: unknown): void {
  if (given !== undefined && typeof given !== 'function')
    throw new EwaldError('Argument', `${what} is ${inspect(given)}; expected a function`);
}

/** A function of a caller that answers at once, or undefined. Throws `Argument` for anything else. */
export function callback<A extends readonly unknown[], R>(what: string, given: (...args: A) => R): (...args: A) => R;
export function callback<A extends readonly unknown[], R>(
  what: string,
  given: ((...args: A) => R) | undefined,
): ((...args: A) => R) | undefined;
export function callback(what: string, given: AnyFunction | undefined): AnyFunction | undefined {
  expectsFunction(what, given);
  return given && ((...args) => call(what, () => given(...args)));
}

/** A function of a caller that is awaited, or undefined. Throws `Argument` for anything else. */
export function awaited<A extends readonly unknown[], R>(
  what: string,
  given: (...args: A) => R | PromiseLike<R>,
): (...args: A) => Promise<R>;
export function awaited<A extends readonly unknown[], R>(
  what: string,
  given: ((...args: A) => R | PromiseLike<R>) | undefined,
): ((...args: A) => Promise<R>) | undefined;
export function awaited(what: string, given: AnyFunction | undefined): AnyFunction | undefined {
  expectsFunction(what, given);
  return (
    given &&
    (async (...args) => {
      try {
        return await given(...args);
      } catch (cause) {
        throw callbackError(`${what} threw`, cause, { callback: what });
      }
    })
  );
}

/** A caller's function that receives the progress of work. */
export interface Observer<A extends readonly unknown[]> {
  (...args: A): void;
  /** What it threw, for work that also goes on when a part of it fails. */
  readonly failure: EwaldError | undefined;
}
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;

/**
 * The function `name` of some options that receives the progress, or one that does nothing. Once it has thrown, or
 * returned a promise, it is not called again, so that the work can close what it has opened. Throws `Argument` unless
 * it is a function or undefined.
 */
export function observer<O extends object, K extends string & keyof O>(
  what: string,
  options: O,
  name: K,
): Observer<ArgumentsOf<Exclude<O[K], undefined>>> {
  const option = options[name] as AnyFunction | undefined;
  const label = `${what}: ${name}`;
  expectsFunction(label, option);
  let failure: EwaldError | undefined;
  const tell = (...args: unknown[]): void => {
    if (option === undefined || failure !== undefined) return;
    try {
      call(label, () => option.apply(options, args));
    } catch (error) {
      failure = error as EwaldError;
      throw error;
    }
  };
  return Object.defineProperty(tell, 'failure', { get: () => failure }) as never;
}

/** How far a call has come: `done / total` is the share of its work. */
export interface Progress {
  /** What is done, in the unit of `total`. */
  readonly done: number;
  /** All that there is to do: 1 where `done` is a share, undefined as long as nobody knows. */
  readonly total: number | undefined;
  /** What is being done, of calls that do several things one after the other. */
  readonly stage?: string | undefined;
}

/** The function that receives the progress of a call, as one of what is done, by default a share. */
export function progressOf(
  what: string,
  options: { readonly onProgress?: ((progress: Progress) => void) | undefined },
): Observer<[done: number, total?: number, stage?: string]> {
  const tell = observer(what, options, 'onProgress');
  const report = (done: number, total = 1, stage?: string): void =>
    tell({ done, total, ...(stage !== undefined && { stage }) });
  return Object.defineProperty(report, 'failure', { get: () => tell.failure }) as never;
}
