/** Names that have changed: the former ones work for one more minor version, with one warning each per process. */
import { EwaldError } from './errors.js';

/** The version whose last release knows the former names. */
const until = '0.2';
const told = new Set<string>();

/** Warns, once, that what was called `former` has another name. */
export function warnFormer(what: string, former: string, name: string): void {
  const text = `${what}: ${former} is called ${name}; the former name works in ${until} only`;
  if (told.has(text)) return;
  told.add(text);
  console.warn(`ewald warn: ${text}`);
}

/** Present names by the former ones, with the factor to the present unit where that has changed. */
export type FormerNames = Readonly<Record<string, string | readonly [name: string, factor: number]>>;

/** Options with their present names. Throws `Argument` if one is given by both of its names. */
export function renamed<Options>(what: string, given: Options, names: FormerNames): Options {
  if (typeof given !== 'object' || given === null) return given;
  // What `withFormer` adds is not enumerated.
  const former = Object.keys(names).filter((name) => Object.prototype.propertyIsEnumerable.call(given, name));
  if (former.length === 0) return given;
  const options = { ...given } as Record<string, unknown>;
  for (const old of former) {
    const [name, factor] = [names[old] ?? []].flat() as [string, number?];
    if (options[name] !== undefined)
      throw new EwaldError('Argument', `${what}: ${name} was given twice, the second time as ${old}; give it once`);
    warnFormer(what, old, name);
    const value = options[old];
    options[name] = factor !== undefined && typeof value === 'number' ? factor * value : value;
    delete options[old];
  }
  return options as Options;
}

/** An object that answers to the former names of its members as well; they are not enumerated. */
export function withFormer<T extends object>(what: string, object: T, names: Readonly<Record<string, string>>): T {
  for (const [former, name] of Object.entries(names))
    Object.defineProperty(object, former, {
      configurable: true,
      get(this: Readonly<Record<string, unknown>>) {
        warnFormer(what, former, name);
        const member = this[name];
        return typeof member === 'function' ? member.bind(this) : member;
      },
    });
  return object;
}
