/** The functions that free what C made: found by their name and signature, or named by the caller. */
import { expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { isOpaque } from './header/layout.js';
import { type CFunction, type CType, type FunctionTable, handleName, signature, typeText } from './header/types.js';
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
  /** The place of the argument that ends, from 0; default the first. */
  readonly argument?: number;
  /** Whether it frees what C allocated, and no struct that the caller may have allocated. */
  readonly frees?: true;
  /** Whether it ends what the pointer points at, and leaves NULL there: `x_free(x **)`. */
  readonly through?: true;
}

/** The argument that each of some functions ends: its name or its number from 1; false for those that end none. */
export type GivenEnds = Readonly<Record<string, string | number | false>>;

export interface Ends {
  /** The function that `dispose()` calls, by the tag of the struct. */
  readonly disposers: ReadonlyMap<string, string>;
  /** All functions that end an argument. */
  readonly endings: Map<string, Ending>;
  /** Functions after which a handle needs one more end: `x_ref(x *)`. */
  readonly references: ReadonlySet<string>;
  /** Handles whose references are counted, by such functions or by their end: `x_unref`. */
  readonly counted: ReadonlySet<string>;
}

const strong = ['free', 'destroy', 'delete', 'dispose', 'destruct', 'deinit', 'finalize', 'finalise'];
const weak = ['close', 'release', 'cleanup'];
/** Words that say an end only of a struct that the header keeps opaque and that has no other one, behind its own name. */
const last = ['end', 'finish', 'done', 'shutdown', 'fini'];
/** Ends of a transaction that has no other one; the first are what `dispose()` calls. */
const undoing = ['abort', 'rollback'];
const transaction = /(?:txn|transaction)$/;
/** Ends of what is counted; what else looks like an end of such a type does something else. */
const counted = ['unref', 'unreference', 'decref'];
/** Last words of functions that count one more. */
const counting = ['ref', 'reference', 'retain', 'incref', 'addref'];
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
  readonly isCounted: boolean;
  /** The words without the one for the end, as one text: `ZSTD_freeCCtx` is `zstdcctx`. */
  readonly rest: string;
}

/** What a name says of an end: its last word does, or one before the name of the type or a number of a version. */
function candidateOf(fn: CFunction, typeNames: readonly string[], isList: boolean): Candidate | undefined {
  const all = words(fn.name);
  for (const [i, word] of all.entries()) {
    const isLastWord = i === all.length - 1;
    // `freeaddrinfo` has the name of the type behind the verb, without a sign between them.
    const before = isLastWord
      ? strong.find((end) => typeNames.includes(word.slice(end.length)) && word.startsWith(end))
      : undefined;
    if (before)
      return { fn, isStrong: true, isCounted: false, rest: [...all.slice(0, i), word.slice(before.length)].join('') };
    const verb = [...counted, ...strong, ...weak].find((end) => word === end || (isLastWord && word.endsWith(end)));
    const behind = all.slice(i + 1).join('');
    const isVersion = /^v?\d+$/.test(behind);
    // `curl_slist_free_all` ends a list with its first element.
    const isWhole = isList && ['all', 'list', 'chain'].includes(behind);
    const isLast = behind === '' || isVersion || isWhole || typeNames.some((name) => name.endsWith(behind));
    if (!verb || !isLast) continue;
    const rest = [...all.slice(0, i), word.slice(0, -verb.length), isVersion || isWhole ? '' : behind].join('');
    return { fn, isStrong: strong.includes(verb), isCounted: counted.includes(verb), rest };
  }
  return undefined;
}

/** The handle that a function takes as its only argument; undefined for other functions, and for what it only reads. */
function takenBy({ parameters }: CFunction, changed: ReadonlySet<string | undefined>): string | undefined {
  const [first] = parameters;
  const to = parameters.length === 1 && first?.type.kind === 'pointer' ? first.type.to : undefined;
  const name = to && handleName(to);
  return to?.const && changed.has(name) ? undefined : name;
}

/** Handles that some function may change. Others are const wherever they are: `typedef const struct filter *filter_t`. */
const changedBy = (functions: readonly CFunction[]): ReadonlySet<string | undefined> =>
  new Set(
    functions
      .flatMap(({ result, parameters }) => [result, ...parameters.map(({ type }) => type)])
      .map((type) => (type.kind === 'pointer' && !type.to.const ? handleName(type.to) : undefined)),
  );

const plainName = (name: string): string => words(name.replace(/_(?:t|s|st|tag)$/, '')).join('');

/**
 * The functions that end a struct: those that free it by its own name, otherwise those that close it by that, otherwise all
 * that free, otherwise all that close. Where references are counted, they are those that count one less; `x_free` beside
 * them ends a handle, too, but `dispose()` does not call it.
 */
function endingsOf(
  tag: string,
  functions: readonly CFunction[],
  { typedefs, structs, enums }: FunctionTable,
): { readonly disposing: readonly CFunction[]; readonly others: readonly CFunction[] } {
  const aliases = Object.entries(typedefs).filter(([, { type }]) => {
    const named = type.kind === 'pointer' ? type.to : type;
    return named.kind === 'struct' && named.tag === tag;
  });
  const names = [tag, ...aliases.map(([name]) => name)].map(plainName);
  const isList = (structs[tag]?.fields ?? []).some(
    ({ type }) => type.kind === 'pointer' && type.to.kind === 'struct' && type.to.tag === tag,
  );
  const found = functions.flatMap((fn) => candidateOf(fn, names, isList) ?? []);
  const unreferencing = found.filter(({ isCounted }) => isCounted);
  const own = found.filter(({ rest }) => names.includes(rest));
  const freeing = found.filter(({ isStrong }) => isStrong);
  const ownFreeing = own.filter(({ isStrong }) => isStrong);
  const chosen = [unreferencing, ownFreeing, own, freeing, found].find(({ length }) => length > 0) ?? [];
  if (chosen.length === 0) return lastEnds(functions, names, isOpaque({ kind: 'struct', tag }, { structs, enums }));
  const others = chosen === unreferencing ? ownFreeing.filter(({ fn }) => /free$/i.test(fn.name)) : [];
  return {
    disposing: chosen.map(({ fn }) => fn).sort((a, b) => a.name.length - b.name.length),
    others: others.map(({ fn }) => fn),
  };
}

/** What ends a struct for which the usual words find nothing: a transaction, or what is closed in other words. */
function lastEnds(
  functions: readonly CFunction[],
  names: readonly string[],
  isOpaqueHandle: boolean,
): { readonly disposing: readonly CFunction[]; readonly others: readonly CFunction[] } {
  const ending = (verbs: readonly string[]): CFunction[] =>
    functions.filter((fn) => {
      const all = words(fn.name);
      // What returns a pointer may be the last element instead.
      if (fn.result.kind === 'pointer' && all.at(-1) !== 'finish') return false;
      return verbs.includes(all.at(-1) ?? '') && names.includes(all.slice(0, -1).join(''));
    });
  if (names.some((name) => transaction.test(name))) {
    const disposing = ending(undoing);
    return { disposing, others: disposing.length > 0 ? ending(['commit']) : [] };
  }
  return { disposing: isOpaqueHandle ? ending(last) : [], others: [] };
}

/** Whether a function may leave open what it is to close, as sqlite3_close() does: it returns a number other than 0. */
const mayFail = ({ name, result }: CFunction): boolean =>
  words(name).some((word) => word.endsWith('close')) &&
  !always.test(name) &&
  (result.kind === 'enum' || (result.kind === 'scalar' && !/float|double|bool/i.test(result.name)));

/** The name of a handle that the option `handles` names. */
function namedHandle(type: string, { structs, typedefs }: FunctionTable): string {
  const alias = typedefs[type]?.type;
  const name = alias?.kind === 'void' ? type : ((alias && handleName(alias)) ?? (structs[type] ? type : undefined));
  if (name !== undefined) return name;
  throw new EwaldError(
    'Argument',
    `handles names "${type}", which is not a struct of the header; it has ${Object.keys(structs).join(', ') || 'none'}`,
  );
}

/** Finds the functions that end what C made. `given` and `ends` are the options `handles` and `ends` of a library. */
export function findEnds(
  table: FunctionTable,
  given: Readonly<Record<string, string | HandleOptions>> = {},
  ends: GivenEnds = {},
): Ends {
  expectsMembers('findEnds: the table', table, ['functions', 'structs', 'typedefs'], 'what parseHeader returns');
  const { functions } = table;
  const byName = new Map<string, CFunction[]>();
  const endings = new Map<string, Ending>();
  const references = new Set<string>();
  const changed = changedBy(Object.values(functions));
  for (const fn of Object.values(functions)) {
    // A macro gave it one more name.
    if (fn.symbol !== undefined && fn.symbol !== fn.name && functions[fn.symbol]) continue;
    const taken = takenBy(fn, changed);
    if (movesMemory(fn)) endings.set(fn.name, { mayFail: false, moves: true, frees: true });
    else if (taken !== undefined) byName.set(taken, [...(byName.get(taken) ?? []), fn]);
    else {
      const ending = freesMemory(fn);
      if (ending) endings.set(fn.name, ending);
    }
    if (taken !== undefined && counting.includes(words(fn.name).at(-1) ?? '')) references.add(fn.name);
  }
  const disposers = new Map<string, string>();
  const named = new Map<string, string>();
  for (const [type, options] of Object.entries(given)) {
    const free = typeof options === 'string' ? options : handleOptions(type, options).free;
    const name = namedHandle(type, table);
    if (free !== undefined) named.set(name, assertDestructor(free, functions));
  }
  for (const [name, candidates] of byName) {
    const { disposing: all, others } = named.has(name)
      ? { disposing: [], others: [] }
      : endingsOf(name, candidates, table);
    for (const fn of [...all, ...others]) endings.set(fn.name, endingOf(fn, 0));
    const [first] = all;
    // Several are one function if they differ by a version only.
    if (first && all.every((fn) => fn.name.startsWith(first.name))) disposers.set(name, first.name);
  }
  for (const [type, name] of named) {
    disposers.set(type, name);
    endings.set(name, endingOf(functions[name] as CFunction, 0));
  }
  for (const [name, argument] of Object.entries(ends)) {
    const fn = functions[name];
    if (!fn) throw unknownName(`ends names the function "${name}", which the header does not declare`, name, functions);
    if (argument === false) endings.delete(name);
    else endings.set(name, endingOf(fn, endedBy(fn, argument)));
  }
  for (const { name, symbol } of Object.values(functions)) {
    const same = symbol === undefined ? undefined : endings.get(symbol);
    if (same && !Object.hasOwn(ends, name)) endings.set(name, same);
  }
  const takers = [
    ...references,
    ...[...endings.keys()].filter((name) => words(name).some((word) => counted.includes(word))),
  ];
  const countedTypes = takers.flatMap((name) => takenBy(functions[name] as CFunction, changed) ?? []);
  return { disposers, endings, references, counted: new Set(countedTypes) };
}

/** What a function does that ends one of its arguments, by its place from 0. */
export function endingOf(fn: CFunction, argument: number): Ending {
  const type = fn.parameters[argument]?.type;
  const frees = type?.kind === 'pointer' && type.to.kind !== 'struct';
  return { mayFail: mayFail(fn), ...(argument > 0 && { argument }), ...(frees && { frees }) };
}

/** The place of the argument that the option `ends` names. */
function endedBy(fn: CFunction, which: string | number): number {
  const i = placeOf(fn, which, 'ended', 'ends');
  const type = fn.parameters[i]?.type;
  if (type?.kind === 'pointer' && type.to.kind !== 'function') return i;
  throw new EwaldError(
    'Argument',
    `ends says that ${signature(fn, fn.name)} ends its argument ${i + 1}, which is no pointer to data`,
  );
}

/** The place of a parameter, from 0, that an option gives by its name or its number. */
function placeOf({ name, parameters }: CFunction, which: unknown, what: string, option: string): number {
  const i = typeof which === 'number' ? which - 1 : parameters.findIndex((parameter) => parameter.name === which);
  if (parameters[i]) return i;
  const has = `${name}() has ${parameters.length} parameters`;
  throw new EwaldError(
    'Argument',
    typeof which === 'number'
      ? `${option} says that argument ${which} of ${name}() is ${what}, but ${has}; the first is 1`
      : `${option} says that "${String(which)}" of ${name}() is ${what}, but it has no parameter "${String(which)}"; ${has}`,
  );
}

function handleOptions(type: string, options: HandleOptions): HandleOptions {
  const isText = options?.free === undefined || typeof options.free === 'string';
  if (typeof options === 'object' && options !== null && isText) return options;
  throw new EwaldError(
    'Argument',
    `handles says ${JSON.stringify(options)} of ${type}; expected the name of a function, or { free, keeps }; a function ` +
      'that only looks like an end is named by ends: { NAME: false }',
  );
}

/** Words of functions that ask, or that do something else with what is free. */
const asking = [
  'is',
  'has',
  'find',
  'can',
  'get',
  'set',
  'num',
  'count',
  'lock',
  'register',
  'add',
  'on',
  'to',
  'handlers',
];

/**
 * How a function frees memory of any type, as C's `free` does: `XFree(void *)`, `g_strfreev(char **)`, `dlclose(void *)`, and
 * `x_free(x **)`, which frees what it finds there.
 */
function freesMemory({ name, result, parameters }: CFunction): Ending | undefined {
  const [first] = parameters;
  const isAnswer = result.kind === 'void' || (result.kind === 'scalar' && !/float|double|bool/i.test(result.name));
  if (!isAnswer || first?.type.kind !== 'pointer') return undefined;
  const { to } = first.type;
  if (to.kind === 'function' || to.kind === 'struct' || to.const) return undefined;
  const all = words(name);
  const final = all.at(-1) ?? '';
  if (all.some((word) => asking.includes(word))) return undefined;
  const frees = all.includes('free') || /freev?$/.test(final);
  // Further arguments are where an error goes: `x_free(x **, error **)`.
  const only = parameters.length === 1;
  if (to.kind === 'pointer' && isHandle(to.to)) {
    const ends = strong.includes(final) || final === 'unref' || (only && frees);
    return ends ? { mayFail: false, through: true } : undefined;
  }
  // `free_list(T **list, size_t count)` ends the list of C; one of the caller's may have its elements freed.
  const counts = parameters[1]?.type;
  if (parameters.length === 2 && counts?.kind === 'scalar' && !/float|double|bool/i.test(counts.name))
    return frees && result.kind === 'void' && to.kind === 'pointer' ? { mayFail: false } : undefined;
  if (!only) return undefined;
  const isVoid = to.kind === 'void';
  if (frees || (isVoid && strong.includes(final))) return { mayFail: false, frees: true };
  return isVoid && final.endsWith('close')
    ? { mayFail: !always.test(name) && result.kind !== 'void', frees: true }
    : undefined;
}

/** Whether a type stands for a thing of C. `typedef intptr_t x_t` hides a struct, and nobody has tables of rows of these. */
const isHandle = (type: CType): boolean =>
  type.kind === 'struct' || type.kind === 'void' || (type.kind === 'scalar' && /^u?intptr_t$/.test(type.name));

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
      `${signature(declared, name)} takes ${declared.parameters.length} arguments; a destructor takes only the handle, and ` +
        `others that end it are named by ends: { ${name}: 'argument' }`,
    );
  return name;
}

/** Arguments that a handle keeps: their places from 0, and that of the handle, by function. */
export function findKeeps(
  table: FunctionTable,
  given: Readonly<Record<string, string | HandleOptions>> = {},
): ReadonlyMap<string, { readonly owner: number; readonly kept: readonly number[] }> {
  const found = new Map<string, { owner: number; kept: readonly number[] }>();
  for (const [type, options] of Object.entries(given)) {
    if (typeof options === 'string') continue;
    const owned = namedHandle(type, table);
    for (const [name, which] of Object.entries(options.keeps ?? {})) {
      const fn = table.functions[name];
      if (!fn)
        throw unknownName(
          `handles says what ${name}() keeps, which the header does not declare`,
          name,
          table.functions,
        );
      const { parameters } = fn;
      const owner = parameters.findIndex(({ type: one }) => one.kind === 'pointer' && handleName(one.to) === owned);
      if (owner < 0)
        throw new EwaldError(
          'Argument',
          `handles says that a ${type} keeps arguments of ${name}(), which takes no ${type}`,
        );
      const kept = [which].flat().map((one) => placeOf(fn, one, 'kept', 'handles'));
      found.set(name, { owner, kept });
    }
  }
  return found;
}
