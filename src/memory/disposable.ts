/** Synchronous disposal: `using` if the language has it, and `dispose()` everywhere. */

/** `Symbol.dispose` if the engine has it; otherwise a private substitute. */
export const disposeSymbol: symbol = (Symbol as { dispose?: symbol }).dispose ?? Symbol.for('Symbol.dispose');

/**
 * The `[Symbol.dispose]` member, for consumers whose TypeScript has the disposal types; an empty type for others.
 */
export type MaybeDisposable = typeof Symbol extends { readonly dispose: infer S extends symbol }
  ? { [K in S]: () => void }
  : unknown;

/** The same for interfaces to extend. */
export type DisposableObject = MaybeDisposable & object;

/** Adds `[Symbol.dispose]` to the instances of a class with `dispose()`. */
export function disposableClass(type: { readonly prototype: { dispose(): void } }): void {
  Object.defineProperty(type.prototype, disposeSymbol, {
    value(this: { dispose(): void }) {
      this.dispose();
    },
    configurable: true,
  });
}

/** Something that can be released: an object with `dispose()` or `[Symbol.dispose]()`, or a function. */
export type Keeper = { dispose(): unknown } | { [key: symbol]: unknown } | (() => unknown);

const holders = new WeakMap<object, number>();

/**
 * Counts one more user of an object: a held object cannot be disposed explicitly, and a keeper is disposed after its
 * last user.
 */
export function retain(thing: object): void {
  holders.set(thing, (holders.get(thing) ?? 0) + 1);
}

/** Counts one user less and returns the number of remaining users. */
export function releaseNow(thing: object): number {
  const left = (holders.get(thing) ?? 1) - 1;
  if (left > 0) holders.set(thing, left);
  else holders.delete(thing);
  return left;
}

/** Number of memories that use an object. */
export const holdersOf = (thing: object): number => holders.get(thing) ?? 0;

/** Disposes a keeper. */
export function disposeKeeper(keeper: Keeper): void {
  if (typeof keeper === 'function') keeper();
  else if ('dispose' in keeper && typeof keeper.dispose === 'function') keeper.dispose();
  else (keeper as Record<symbol, (() => void) | undefined>)[disposeSymbol]?.();
}

let warned = false;

/** What is done for an object that was garbage-collected; `what` names it in a warning, if it should have been disposed. */
interface Release {
  readonly what?: string | undefined;
  readonly free: () => void;
}

/** Frees leaked objects when they are garbage-collected, and warns once. */
export const backstop: {
  register(owner: object, release: Release, token: object): void;
  unregister(token: object): void;
} =
  typeof FinalizationRegistry === 'undefined'
    ? { register: () => undefined, unregister: () => undefined }
    : new FinalizationRegistry<Release>(({ what, free }) => {
        free();
        if (warned || what === undefined) return;
        warned = true;
        console.warn(
          `ewald: ${what} was left to the garbage collector; dispose it, or declare it with "using" (reported once)`,
        );
      });
