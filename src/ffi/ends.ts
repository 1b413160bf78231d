/** The functions that free what C made: found by their name and signature, or named by the caller. */
import { expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { type CFunction, type CType, type FunctionTable, signature, typeText } from './header/types.js';
import { unknownName } from './names.js';

/** What a handle ends with, and what it keeps. */
export interface HandleOptions {
  /** The function that frees it; default the one that is found by its name. */
  readonly free?: string | undefined;
  /** Arguments that the handle keeps, by function: names, or numbers from 1. */
  readonly keeps?: Readonly<Record<string, number | string | readonly (number | string)[]>> | undefined;
}

/** The end of a pointer that is given to a function. */
export interface Ending {
  /** Whether a result other than 0 says that it has not ended. */
  readonly mayFail: boolean;
  /** Whether what was there is at the pointer that is returned, as from `realloc`; NULL says that it is where it was. */
  readonly moves?: true;
}

export interface Ends {
  /** The function that `dispose()` calls, by the tag of the struct. */
  readonly disposers: ReadonlyMap<string, string>;
  /** All functions that end their argument. */
  readonly endings: ReadonlyMap<string, Ending>;
}

const strong = ['free', 'destroy', 'delete', 'dispose', 'destruct', 'deinit', 'finalize', 'finalise'];
const weak = ['close', 'release'];
/** Functions of C whose argument has ended, whatever they return. */
const always = /^(?:f|p|gz)close$|^closedir$/;

const words = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
    .filter(Boolean);

interface Candidate {
  readonly fn: CFunction;
  readonly isStrong: boolean;
  /** The words without the one for the end, as one text: `ZSTD_freeCCtx` is `zstdcctx`. */
  readonly rest: string;
}

/** What a name says of an end: its last word does, or one before the name of the type or a number of a version. */
function candidateOf(fn: CFunction, typeNames: readonly string[]): Candidate | undefined {
  const all = words(fn.name);
  for (const [i, word] of all.entries()) {
    const verb = [...strong, ...weak].find((end) => word === end || (i === all.length - 1 && word.endsWith(end)));
    const behind = all.slice(i + 1).join('');
    const isLast = behind === '' || /^v?\d+$/.test(behind) || typeNames.some((name) => name.endsWith(behind));
    if (!verb || !isLast) continue;
    const rest = [...all.slice(0, i), word.slice(0, -verb.length), /^v?\d+$/.test(behind) ? '' : behind].join('');
    return { fn, isStrong: strong.includes(verb), rest };
  }
  return undefined;
}

/** The struct that a function takes as its only argument; undefined for other functions. */
function takenBy({ parameters }: CFunction): (CType & { readonly kind: 'struct' }) | undefined {
  const [first] = parameters;
  const to = parameters.length === 1 && first?.type.kind === 'pointer' ? first.type.to : undefined;
  return to?.kind === 'struct' && !to.const ? to : undefined;
}

const plainName = (name: string): string => words(name.replace(/_(?:t|s|st|tag)$/, '')).join('');

/** The functions that end a struct: those with its own name, otherwise those that free it, otherwise those that close it. */
function endingsOf(tag: string, functions: readonly CFunction[], { typedefs }: FunctionTable): readonly CFunction[] {
  const aliases = Object.entries(typedefs).filter(([, { type }]) => type.kind === 'struct' && type.tag === tag);
  const names = [tag, ...aliases.map(([name]) => name)].map(plainName);
  const found = functions.flatMap((fn) => candidateOf(fn, names) ?? []);
  const own = found.filter(({ rest }) => names.includes(rest));
  const freeing = found.filter(({ isStrong }) => isStrong);
  const chosen = [own, freeing, found].find(({ length }) => length > 0) ?? [];
  return chosen.map(({ fn }) => fn).sort((a, b) => a.name.length - b.name.length);
}

/** Whether a function may leave open what it is to close, as sqlite3_close() does: it returns a number other than 0. */
const mayFail = ({ name, result }: CFunction): boolean =>
  words(name).some((word) => word.endsWith('close')) &&
  !always.test(name) &&
  (result.kind === 'enum' || (result.kind === 'scalar' && !/float|double|bool/i.test(result.name)));

/** Finds the functions that end what C made. */
export function findEnds(table: FunctionTable, given: Readonly<Record<string, string | HandleOptions>> = {}): Ends {
  expectsMembers('findEnds: the table', table, ['functions', 'structs', 'typedefs'], 'what parseHeader returns');
  const { functions, structs, typedefs } = table;
  const byTag = new Map<string, CFunction[]>();
  const endings = new Map<string, Ending>();
  for (const fn of Object.values(functions)) {
    // A macro gave it one more name.
    if (fn.symbol !== undefined && fn.symbol !== fn.name && functions[fn.symbol]) continue;
    const struct = takenBy(fn);
    if (movesMemory(fn)) endings.set(fn.name, { mayFail: false, moves: true });
    else if (struct) byTag.set(struct.tag, [...(byTag.get(struct.tag) ?? []), fn]);
    else if (freesMemory(fn)) endings.set(fn.name, { mayFail: false });
  }
  const disposers = new Map<string, string>();
  const named = new Map<string, string>();
  for (const [type, options] of Object.entries(given)) {
    const { free } = typeof options === 'string' ? { free: options } : options;
    const alias = typedefs[type]?.type;
    const tag = alias?.kind === 'struct' ? alias.tag : structs[type] ? type : undefined;
    if (tag === undefined)
      throw new EwaldError(
        'Argument',
        `handles names "${type}", which is not a struct of the header; it has ` +
          `${Object.keys(structs).join(', ') || 'none'}`,
      );
    if (free !== undefined) named.set(tag, assertDestructor(free, functions));
  }
  for (const [tag, candidates] of byTag) {
    const all = named.has(tag) ? [] : endingsOf(tag, candidates, table);
    for (const fn of all) endings.set(fn.name, { mayFail: mayFail(fn) });
    const [first] = all;
    // Several are one function if they differ by a version only.
    if (first && all.every(({ name }) => name.startsWith(first.name))) disposers.set(tag, first.name);
  }
  for (const [tag, name] of named) {
    disposers.set(tag, name);
    endings.set(name, { mayFail: mayFail(functions[name] as CFunction) });
  }
  for (const { name, symbol } of Object.values(functions)) {
    const same = symbol === undefined ? undefined : endings.get(symbol);
    if (same) endings.set(name, same);
  }
  return { disposers, endings };
}

/** Whether a function frees memory of any type, as C's `free` does. */
function freesMemory({ name, result, parameters }: CFunction): boolean {
  const [first] = parameters;
  if (result.kind !== 'void' || parameters.length !== 1 || first?.type.kind !== 'pointer') return false;
  const { to } = first.type;
  return to.kind !== 'function' && !to.const && /free$/i.test(name);
}

/** Whether a function moves memory, as `realloc` does: what it is given and what it returns have one type. */
function movesMemory({ name, result, parameters }: CFunction): boolean {
  const given = parameters[0]?.type;
  if (result.kind !== 'pointer' || given?.kind !== 'pointer' || given.to.const) return false;
  return words(name).some((word) => /realloc(?:array)?\d*$/.test(word)) && typeText(given) === typeText(result);
}

function assertDestructor(name: string, functions: FunctionTable['functions']): string {
  const declared = functions[name];
  if (!declared)
    throw unknownName(`handles names the function "${name}", which the header does not declare`, name, functions);
  if (declared.parameters.length !== 1)
    throw new EwaldError(
      'Argument',
      `${signature(declared, name)} takes ${declared.parameters.length} arguments; a destructor takes only the handle`,
    );
  return name;
}

/** Arguments that a handle keeps: their places from 0, and that of the handle, by function. */
export function findKeeps(
  { functions, structs, typedefs }: FunctionTable,
  given: Readonly<Record<string, string | HandleOptions>> = {},
): ReadonlyMap<string, { readonly owner: number; readonly kept: readonly number[] }> {
  const found = new Map<string, { owner: number; kept: readonly number[] }>();
  for (const [type, options] of Object.entries(given)) {
    if (typeof options === 'string') continue;
    const alias = typedefs[type]?.type;
    const tag = alias?.kind === 'struct' ? alias.tag : structs[type]?.tag;
    for (const [name, which] of Object.entries(options.keeps ?? {})) {
      const fn = functions[name];
      if (!fn)
        throw unknownName(`handles says what ${name}() keeps, which the header does not declare`, name, functions);
      const { parameters } = fn;
      const owner = parameters.findIndex(
        ({ type: one }) => one.kind === 'pointer' && one.to.kind === 'struct' && one.to.tag === tag,
      );
      if (owner < 0)
        throw new EwaldError(
          'Argument',
          `handles says that a ${type} keeps arguments of ${name}(), which takes no ${type}`,
        );
      const kept = [which].flat().map((one) => {
        const i = typeof one === 'number' ? one - 1 : parameters.findIndex((parameter) => parameter.name === one);
        if (parameters[i]) return i;
        const has = `${name}() has ${parameters.length} parameters`;
        throw new EwaldError(
          'Argument',
          typeof one === 'number'
            ? `handles says that argument ${one} of ${name}() is kept, but ${has}; the first is 1`
            : `handles says that "${String(one)}" of ${name}() is kept, but it has no parameter "${String(one)}"; ${has}`,
        );
      });
      found.set(name, { owner, kept });
    }
  }
  return found;
}
