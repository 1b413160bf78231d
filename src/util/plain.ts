/** Results as plain data: structured cloning takes only what an object itself holds, not what its class computes. */

/** What a class or an object shows, without its methods. */
export type PlainOf<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: T[K];
};

/** Copies the members and the getters of `value`, but for its methods, as they are now. */
export function plainOf<T extends object>(value: T): PlainOf<T> {
  const plain: Record<string, unknown> = {};
  for (let from: object = value; from !== Object.prototype; from = Object.getPrototypeOf(from))
    for (const name of Object.getOwnPropertyNames(from)) {
      const { [name as keyof T]: member } = value;
      if (typeof member !== 'function') plain[name] = member;
    }
  return plain as PlainOf<T>;
}
