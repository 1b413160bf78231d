/** Elements of C's memory are reached by methods; an index in brackets, which would be undefined without a word, says so. */
import { EwaldError } from '../util/errors.js';

/** Whether a key is that of an element. */
const isIndex = (key: string | symbol): boolean => typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key);

const markOf = Symbol('class');

/**
 * The class of an object whose elements are reached by methods; undefined for all others. `instanceof` of another class
 * would walk through the proxy behind it, which takes as long as a call of C.
 */
export const classOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? (value as { [markOf]?: unknown })[markOf] : undefined;

/**
 * Makes `thing[0]` and `thing[0] = x` of a class without such members an error that names the methods. What the class has
 * is found before, and costs nothing.
 */
export function refuseIndexing(type: { readonly prototype: object; readonly name: string }, how: string): void {
  const refuse = (key: string | symbol): never => {
    throw new EwaldError('Argument', `[${String(key)}] is no member of this ${how}`);
  };
  const { prototype } = type;
  Object.defineProperty(prototype, markOf, { value: type });
  const parent = Object.getPrototypeOf(prototype) as object;
  Object.setPrototypeOf(
    prototype,
    new Proxy(parent, {
      get: (target, key, receiver) => (isIndex(key) ? refuse(key) : Reflect.get(target, key, receiver)),
      set: (target, key, value, receiver) => (isIndex(key) ? refuse(key) : Reflect.set(target, key, value, receiver)),
    }),
  );
}
