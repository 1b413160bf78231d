/**
 * Lifetime of contexts, plans and arrays: disposal drains work in flight, then cascades to children; a second disposal
 * does nothing, and later use is an error.
 */
import { abortable } from './aborted.js';
import { EwaldError, isEwaldError, messageOf } from './errors.js';
import type { PlatformSignal } from './globals.js';
import { checkSignal } from './options.js';
import { nextTurn } from './pace.js';

/** `Symbol.asyncDispose` where the engine has it; a private stand-in elsewhere. */
export const asyncDispose: symbol =
  (Symbol as { asyncDispose?: symbol }).asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/**
 * The `await using` interface of a disposable, for consumers whose TypeScript has the disposal types; an empty type for
 * others, so that both compile.
 */
export type MaybeAsyncDisposable = typeof Symbol extends { readonly asyncDispose: infer S extends symbol }
  ? { [K in S]: () => Promise<void> }
  : unknown;

/** `Symbol.dispose` where the engine has it; a private stand-in elsewhere. */
const syncDispose: symbol = (Symbol as { dispose?: symbol }).dispose ?? Symbol.for('Symbol.dispose');

/** The `using` interface of a disposable, as `MaybeAsyncDisposable` is that of `await using`. */
export type MaybeDisposable = typeof Symbol extends { readonly dispose: infer S extends symbol }
  ? { [K in S]: () => void }
  : unknown;

/** Lets `await using` end something, and `using`, which begins the end and does not wait for it. */
export function endedByUsing<T extends object>(
  one: T,
  end: () => Promise<unknown>,
): T & MaybeAsyncDisposable & MaybeDisposable {
  return Object.defineProperties(one, {
    [asyncDispose]: { value: async () => void (await end()), configurable: true },
    [syncDispose]: { value: () => void end(), configurable: true },
  }) as never;
}

/** The interface of every disposable of ewald. */
export interface Disposable {
  /** Waits for work in flight, then frees everything it holds; a second call does nothing. */
  dispose(): Promise<void>;
}

/** A server or another thing with `close`, which `dispose` and `await using` end as they end everything else. */
export function disposableServer<T extends { close(): Promise<void> }>(one: T): T & Disposable & MaybeAsyncDisposable {
  const value = (): Promise<void> => one.close();
  return Object.defineProperties(one, { dispose: { value }, [asyncDispose]: { value } }) as never;
}

const nothing = (): undefined => undefined;

type Held = { dispose(): void | Promise<void> };

/** Runs every step even if others fail; throws the failures when all are done. */
export async function eachInTurn(what: string, steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    const [first] = errors;
    throw new EwaldError(
      isEwaldError(first) ? first.tag : 'Internal',
      `${errors.length} parts of this ${what} could not be disposed: ${errors.map(messageOf).join('; ')}`,
      { cause: first, detail: { errors } },
    );
  }
}

const disposed = (what: string, cause?: unknown): EwaldError =>
  new EwaldError('Disposed', `this ${what} was disposed; create a new one before using it again`, {
    cause,
    detail: { what },
  });

/** Runs a part of an object; an error that says that the part was disposed names the object, which users know. */
export async function namedAs<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isEwaldError(error, 'Disposed') ? disposed(what, error) : error;
  }
}

/** Begins work, in the next turn of the event loop if short work has filled this one; `Aborted` by its signal. */
function paced<T>(work: () => Promise<T>, signal: PlatformSignal | undefined): Promise<T> {
  const next = nextTurn();
  if (!next) return work();
  return next.then(() => {
    checkSignal(signal);
    return work();
  });
}

/** A node of the ownership tree. */
export class Resource {
  readonly #what: string;
  readonly #parent: Resource | undefined;
  readonly #children = new Set<Resource>();
  readonly #held: Held;
  #tail: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  readonly #done = (): void => {
    this.#underWay--;
  };
  #disposal: Promise<void> | undefined;
  #ending: AbortController | undefined;

  /**
   * `held` is what disposal frees. It must not reference the planner: a forgotten context is released when its planner
   * becomes unreachable.
   */
  constructor(what: string, parent: Resource | undefined, held: Held) {
    this.#what = what;
    this.#parent = parent;
    this.#held = held;
    if (parent) {
      parent.assertAlive();
      parent.#children.add(this);
    }
  }

  get disposed(): boolean {
    return this.#disposal !== undefined;
  }

  /** Queued work is cancelled. */
  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** Throws `Disposed` once disposal has started. */
  assertAlive(): void {
    if (this.#disposal) throw disposed(this.#what);
  }

  /** A signal that fires with `signal`, or when disposal starts: for loops that wait for what their caller sends. */
  until(signal: PlatformSignal | undefined): PlatformSignal {
    this.#ending ??= new AbortController();
    if (this.#disposal) this.#ending.abort(disposed(this.#what));
    return signal ? AbortSignal.any([signal, this.#ending.signal]) : this.#ending.signal;
  }

  /** Runs `work` after everything queued before it; disposal waits for it. A signal that fires before ends the wait. */
  enqueue<T>(work: () => Promise<T>, signal?: PlatformSignal): Promise<T> {
    return this.enqueueWith([], work, signal);
  }

  /**
   * Runs `work` after everything queued before it here and on `others`; work queued on any of them later waits for it.
   */
  enqueueWith<T>(others: readonly Resource[], work: () => Promise<T>, signal?: PlatformSignal): Promise<T> {
    checkSignal(signal);
    // Work that has started uses the memory of its caller, and says itself when it has ended.
    const ended = (turn: Promise<unknown>, result: Promise<T>): Promise<T> =>
      signal ? abortable(turn, signal).then(() => result) : result;
    if (others.length === 0) {
      // The path of every short run: as few promises and arrays as possible.
      this.assertAlive();
      const turn = this.#tail;
      const result = turn.then(() => paced(work, signal));
      this.#underWay++;
      this.#tail = result.then(this.#done, this.#done);
      return ended(turn, result);
    }
    const all = [this, ...others];
    for (const resource of all) resource.assertAlive();
    const turn = Promise.all(all.map((resource) => resource.#tail));
    const result = turn.then(() => paced(work, signal));
    const tail = result.catch(nothing);
    for (const resource of all) {
      resource.#underWay++;
      resource.#tail = tail.then(resource.#done);
    }
    return ended(turn, result);
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#drainAndRelease();
    this.#ending?.abort(disposed(this.#what));
    return this.#disposal;
  }

  async #drainAndRelease(): Promise<void> {
    const children = [...this.#children].map((child) => () => child.dispose());
    await eachInTurn(this.#what, [...children, () => this.#tail, () => this.#held.dispose()]).finally(() => {
      if (this.#parent) this.#parent.#children.delete(this);
    });
  }
}
