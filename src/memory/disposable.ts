/** Synchronous disposal: `using` where the language has it, `dispose()` everywhere. */

/** `Symbol.dispose` where the engine has it; a private stand-in elsewhere. */
export const disposeSymbol: symbol = (Symbol as { dispose?: symbol }).dispose ?? Symbol.for('Symbol.dispose');

/**
 * The `using` face of a disposable, for consumers whose TypeScript has the disposal types; an empty type for the
 * others.
 */
export type MaybeDisposable = typeof Symbol extends { readonly dispose: infer S extends symbol }
  ? { [K in S]: () => void }
  : unknown;

/** Gives the instances of a class with `dispose()` their `using` face. */
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
 * Counts one more user of a thing: what is held cannot be disposed by hand, and a keeper is disposed after its last
 * user.
 */
export function hold(thing: object): void {
  holders.set(thing, (holders.get(thing) ?? 0) + 1);
}

/** Counts one user less and says how many are left. */
export function letGo(thing: object): number {
  const left = (holders.get(thing) ?? 1) - 1;
  if (left > 0) holders.set(thing, left);
  else holders.delete(thing);
  return left;
}

/** How many memories use a thing. */
export const holdersOf = (thing: object): number => holders.get(thing) ?? 0;

/** Ends a keeper's life. */
export function disposeKeeper(keeper: Keeper): void {
  if (typeof keeper === 'function') keeper();
  else if ('dispose' in keeper && typeof keeper.dispose === 'function') keeper.dispose();
  else (keeper as Record<symbol, (() => void) | undefined>)[disposeSymbol]?.();
}

let warned = false;

/** Frees leaked objects when they are garbage-collected, and warns once. */
export const backstop: {
  register(owner: object, release: { readonly what: string; readonly free: () => void }, token: object): void;
  unregister(token: object): void;
} =
  typeof FinalizationRegistry === 'undefined'
    ? { register: () => undefined, unregister: () => undefined }
    : new FinalizationRegistry<{ readonly what: string; readonly free: () => void }>(({ what, free }) => {
        free();
        if (warned) return;
        warned = true;
        console.warn(
          `ewald: ${what} was left to the garbage collector; dispose it, or declare it with "using" (said once)`,
        );
      });
