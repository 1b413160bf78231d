/** Checks of option objects at the facade: unknown names, near misses, lists and signals. */
import { abortError } from './aborted.js';
import { EwaldError } from './errors.js';
import type { PlatformSignal } from './globals.js';

/** Edit distance of two short names, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Whether a name is a word of another one, as nm is of 1/nm. */
const isWordOf = (name: string, candidate: string): boolean =>
  candidate
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .includes(name.toLowerCase());

/** The most edits between a name and one that may have been meant: what is left of a short name says nothing. */
function maxEdits(name: string, candidate: string): number {
  if (name.length <= 2) return isWordOf(name, candidate) ? 2 : 0;
  return candidate.length <= 2 ? 1 : Math.max(2, name.length / 3);
}

/** The words of a name: maxRes, max-res and max_res have two. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);

/** Whether no word is another one: max-frames is not near to max-res, although it is three letters away. */
function haveNearWords(name: string, candidate: string): boolean {
  const [words, others] = [wordsOf(name), wordsOf(candidate)];
  if (words.length < 2 || words.length !== others.length) return true;
  return words.every((word, i) => {
    const other = others[i] ?? '';
    return distance(word, other) <= Math.max(2, Math.max(word.length, other.length) / 3);
  });
}

/** The most similar names, if any are similar enough; one of one or two letters is only a word of another. */
export function allNearest(name: string, names: readonly string[]): string[] {
  const ranked = names
    // Names of a very different length are never similar, and a hostile name may be as long as its file.
    .filter((candidate) => Math.abs(candidate.length - name.length) <= maxEdits(name, candidate))
    .map((candidate) => [distance(name.toLowerCase(), candidate.toLowerCase()), candidate] as const)
    .filter(([edits, candidate]) => edits <= maxEdits(name, candidate) && haveNearWords(name, candidate));
  const fewest = Math.min(...ranked.map(([edits]) => edits));
  return ranked.flatMap(([edits, candidate]) => (edits === fewest ? [candidate] : []));
}

/** The first of the most similar names. */
export const nearest = (name: string, names: readonly string[]): string | undefined => allNearest(name, names)[0];

/** A name with its article: "a Float64Array", "an Int32Array", "a Uint8Array". */
export const withArticle = (name: string): string => `${/^[AEIO]/i.test(name) ? 'an' : 'a'} ${name}`;

/** What a value is, for messages: "a Float64Array", "an Array", "undefined"; never throws. */
export const kindOf = (value: unknown): string =>
  value === undefined || value === null ? `${value}` : withArticle(nameOfClass(value));

/** The name of a value's class, or what it has if that is a letter or two, as in the minified code of this package. */
function nameOfClass(value: unknown): string {
  try {
    const name: unknown = (value as object).constructor?.name;
    if (typeof name === 'string' && name.length > 2) return name;
    const names = Object.keys(value as object);
    return names.length === 0 ? typeof value : `object with ${names.slice(0, 4).join(', ')}`;
  } catch {
    return 'object that cannot be shown';
  }
}

/** Any value as text for messages; never throws, never long. */
export function inspect(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string'
      ? JSON.stringify(value.length > 120 ? `${value.slice(0, 110)} …` : value)
      : `${value}`;
  try {
    if (ArrayBuffer.isView(value)) {
      const { length } = value as { readonly length?: number };
      return `${kindOf(value)}${length === undefined ? '' : ` of ${length}`}`;
    }
    const name = nameOfClass(value);
    if (typeof (value as PromiseLike<unknown>).then === 'function') return 'a Promise (is an await missing?)';
    if (name !== 'Array' && name !== 'Object') return kindOf(value);
    const text = JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner));
    return text.length > 120 ? `${text.slice(0, 110)} …` : text;
  } catch {
    return 'an object that cannot be shown';
  }
}

/** What is wrong with an option that belongs elsewhere, such as to another call; undefined for any other. */
export type Elsewhere = (what: string, name: string, value: unknown) => string | undefined;

/** Options of the run of a plan, which are easily passed to the plan by mistake, and the call that takes them. */
export const ofRun =
  (names: readonly string[], call: string): Elsewhere =>
  (what, name) =>
    names.includes(name)
      ? `${what} has no option "${name}": it belongs to the run of the plan, await ${call}`
      : undefined;

/** Options by the names that other calls have for them, and what they are called here. */
export const otherNames =
  (names: Readonly<Record<string, string>>): Elsewhere =>
  (what, other) =>
    Object.hasOwn(names, other) ? `${what}: the option ${other} is called ${names[other]}` : undefined;

/** Throws unless the value is an object whose option names are all in `known`; `aliases` are other names of those. */
export function knownOptions(
  what: string,
  options: object,
  known: readonly string[],
  elsewhere?: Elsewhere,
  aliases: Readonly<Record<string, string>> = {},
): void {
  const isPromise = typeof (options as { then?: unknown } | null | undefined)?.then === 'function';
  if (
    typeof options !== 'object' ||
    options === null ||
    Array.isArray(options) ||
    ArrayBuffer.isView(options) ||
    isPromise
  )
    throw new EwaldError(
      'Argument',
      `${what} was given ${inspect(options)} for its options; expected an object with some of ${known.join(', ')}`,
    );
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const misplaced = elsewhere?.(what, name, (options as Readonly<Record<string, unknown>>)[name]);
    if (misplaced !== undefined) throw new EwaldError('Argument', misplaced);
    const near = Object.hasOwn(aliases, name) ? aliases[name] : nearest(name, known);
    const others = known[0] ? `expected one of ${known.join(', ')}` : 'it takes none';
    throw new EwaldError('Argument', `${what} has no option "${name}"; ${near ? `did you mean "${near}"?` : others}`);
  }
}

/** A list, as an array or a typed array of numbers; undefined is passed through. */
export function list<T>(what: string, value: readonly T[] | undefined): readonly T[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  const numbers = value as unknown;
  if (ArrayBuffer.isView(numbers) && !(numbers instanceof DataView) && !(numbers instanceof BigInt64Array))
    // A transferred array has no elements, and reading them would throw.
    return numbers.byteLength === 0 ? [] : Array.from(numbers as unknown as ArrayLike<T>);
  throw new EwaldError('Argument', `${what} is ${inspect(value)}; expected an array`);
}

/** Throws `Aborted` if the signal has fired, `Argument` if the value is not a signal. */
export function checkSignal(signal: PlatformSignal | undefined): void {
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.aborted !== 'boolean')
    throw new EwaldError('Argument', `signal is ${inspect(signal)}; expected an AbortSignal`);
  if (signal?.aborted) throw abortError(signal);
}

/** That of the platform: timers of tests that replace it later never fire by themselves. */
const { setImmediate } = globalThis as { setImmediate?: (f: () => void) => void };

/** Yields to timers, input and signals between two long synchronous stretches. */
export function yieldToEventLoop(): Promise<void> {
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** A bigint as a number if that is exact, otherwise as a string. */
export const exact = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
