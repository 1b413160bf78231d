/**
 * A parameter is one row of one table of its room. The check, the message, the type, the flag, `--help` and the tables
 * of the READMEs follow from the row; nothing else repeats its name, range, default or meaning.
 */
import { EwaldError, type EwaldErrorTag } from '../util/errors.js';
import { inspect, nearest } from '../util/options.js';
import type { Range } from '../util/range.js';
import type { Shape } from './shapes.js';

/**
 * What a value is; a `count` may be a bigint, and the flag of `bytes` may be a size such as 2G. A `value` is of JavaScript
 * alone, such as a function, and its `type` says what it is.
 */
export type ParameterKind =
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'numbers'
  | 'integers'
  | 'count'
  | 'bytes'
  | 'text'
  | 'texts'
  | 'value';

declare const meaning: unique symbol;
/** The name of a TypeScript type, by which the sources know the type itself. */
export type TypeName<T> = string & { readonly [meaning]: T };
/** The type of an option: for the compiler, and as declarations name it. */
export const typed = <T>(name: string): TypeName<T> => name as TypeName<T>;

/** A flag of a program of CrystFEL that a parameter has been taken from. */
export interface CrystfelFlag {
  readonly program:
    | 'indexamajig'
    | 'partialator'
    | 'process_hkl'
    | 'compare_hkl'
    | 'check_hkl'
    | 'get_hkl'
    | 'cell_tool'
    | 'ambigator';
  /** Its name there, if it differs. */
  readonly flag?: string | undefined;
  /** Its default there, if it differs from ours, which `differs` then explains. */
  readonly fallback?: number | string | undefined;
  /** How it differs and why; without it, meaning, range and default are CrystFEL's. */
  readonly differs?: string | undefined;
}

/** What the check of an option needs; `call-options.ts` has rows of options whose declarations describe them. */
export interface OptionRow {
  readonly kind: ParameterKind;
  /** Whether it has to be given. */
  readonly required?: true | undefined;
  readonly unit?: string | undefined;
  /** Of numbers: the range, whose `fallback` is the default unless `defaultText` says otherwise. */
  readonly range?: Range | undefined;
  /** Of a choice. */
  readonly choices?: readonly string[] | undefined;
  /** Of a choice: other words for it, with the options that they stand for. Flags take them; options suggest them. */
  readonly words?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** Of several numbers: how many, and whether each is at least as large as the one before, the last one larger. */
  readonly count?: number | undefined;
  readonly rising?: true | undefined;
  /** The default of what is not a single number. */
  readonly fallback?: boolean | string | readonly number[] | undefined;
  /** Defaults of single stages where they differ. */
  readonly fallbacks?: Readonly<Record<string, number>> | undefined;
  /** The default in words, if it is not a fixed value; empty without a default. */
  readonly defaultText?: string | undefined;
  /** The TypeScript type of the option where a command reads it from the text of its flag, such as a file's name. */
  readonly type?: string | undefined;
  /** Checks of a value what its kind and range do not say. Throws `Argument`. */
  readonly check?: Shape | undefined;
  /** What the call works with instead of the value, which is undefined if it is not given. Throws `Argument`. */
  readonly read?: ((what: string, value: unknown) => unknown) | undefined;
}

/** The headings of `--help`, in their order. */
export const helpGroups = [
  'input',
  'peaks',
  'cells and indexing',
  'geometry',
  'analysis',
  'model',
  'integration',
  'statistics',
  'output',
  'live',
  'page',
  'many cores',
] as const;
type HelpGroup = (typeof helpGroups)[number];

/** One parameter; its name is its key in the table. */
export interface Parameter extends OptionRow {
  /** One plain sentence without a full stop: what it does. */
  readonly sentence: string;
  /** Further sentences for declarations and READMEs, with full stops: why the default is what it is. */
  readonly more?: string | undefined;
  /** What the flag `--no-NAME` of a boolean that is true by default does, for `--help`. */
  readonly off?: string | undefined;
  /** The stages (finders, modes) it belongs to; without it, all. */
  readonly of?: readonly string[] | undefined;
  /** Parameters of the same call without which it is without effect: one of them has to be given. */
  readonly needs?: readonly string[] | undefined;
  /** The flag where it is not the name in kebab case; null: the library alone has it. */
  readonly flag?: string | null | undefined;
  /** The unit of the flag where it is not that of the option, and its size in the option's unit. */
  readonly inFlag?: { readonly unit: string; readonly size: number } | undefined;
  /** It does not change what is computed: streams do not record it, and a run may be resumed with another value. */
  readonly neutral?: true | undefined;
  /** The letter of its short flag. */
  readonly short?: string | undefined;
  /** The value of a flag that is given without one; without it, a flag needs a value. */
  readonly bare?: number | undefined;
  /** Of text: the empty one has a meaning, such as a prefix that everything has; others are refused as flags. */
  readonly mayBeEmpty?: true | undefined;
  /** What a flag's value is called in `--help`; default: by its kind. */
  readonly value?: string | undefined;
  /** The value that the additional flag `--no-NAME` stands for. */
  readonly without?: string | undefined;
  /** The heading of `--help` under which it stands; `grouped` sets it for a table. */
  readonly group?: HelpGroup | undefined;
  /** Whether the short `--help` lists it: most runs set it. */
  readonly common?: true | undefined;
  /** The flag of CrystFEL that it has been taken from. */
  readonly crystfel?: CrystfelFlag | undefined;
}

/** A table of parameters by name. */
export type Parameters = Readonly<Record<string, Parameter>>;

/** The rows of a table under one heading of `--help`, except those that name another. */
export const grouped = <const Rows extends Parameters>(group: HelpGroup, rows: Rows): Rows =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { group, ...row }])) as unknown as Rows;

type Several<P extends Parameter> = P extends { readonly count: 2 }
  ? readonly [number, number]
  : P extends { readonly count: 3 }
    ? readonly [number, number, number]
    : P extends { readonly count: 6 }
      ? readonly [number, number, number, number, number, number]
      : readonly number[];

/** What a parameter's value is in TypeScript. */
export type ValueOf<P extends Parameter> = P extends { readonly type: TypeName<infer Type> } ? Type : PlainOf<P>;

/** What the flag of a parameter holds. */
type PlainOf<P extends Parameter> = P['kind'] extends 'integer' | 'number' | 'bytes'
  ? number
  : P['kind'] extends 'count'
    ? number | bigint
    : P['kind'] extends 'boolean'
      ? boolean
      : P['kind'] extends 'numbers' | 'integers'
        ? Several<P>
        : P['kind'] extends 'texts'
          ? readonly string[]
          : P extends { readonly choices: readonly (infer Choice)[] }
            ? Choice
            : string;

/** Values of a table, each of which is optional; objects (rows with a `type`) are not among them. */
export type Values<Rows extends Parameters> = {
  readonly [Name in keyof Rows as Rows[Name] extends { readonly type: string } ? never : Name]?: ValueOf<Rows[Name]>;
};

/** The options of a table as callers give them. */
export type OptionsOf<Rows extends Parameters> = {
  readonly [Name in keyof Rows as Rows[Name] extends { readonly required: true } ? never : Name]?:
    | ValueOf<Rows[Name]>
    | undefined;
} & {
  readonly [Name in keyof Rows as Rows[Name] extends { readonly required: true } ? Name : never]: ValueOf<Rows[Name]>;
};

/** Values of the flags of a table; objects are the texts that name them. */
export type FlagValues<Rows extends Parameters> = { readonly [Name in keyof Rows]?: PlainOf<Rows[Name]> };

/** How the caller wrote a parameter: `minSnr`, `--min-snr` or `-r`. */
export type NameOption = (name: string) => string;

const asNamed: NameOption = (name) => name;

/** Whether a parameter belongs to any of these stages. */
export const belongs = ({ of }: Parameter, stages: Iterable<string>): boolean => {
  if (!of) return true;
  for (const stage of stages) if (of.includes(stage)) return true;
  return false;
};

/** Names of the parameters of some stages. */
export const namesOf = <Rows extends Parameters>(rows: Rows, stages?: readonly string[]): (keyof Rows & string)[] =>
  Object.keys(rows).filter((name) => stages === undefined || belongs(rows[name] as Parameter, stages));

/** The range of a parameter in words, such as "an integer from 1 to 64". */
export function expected({ kind, range, choices = [], count, rising }: OptionRow): string {
  // A count may be larger than the integers that JavaScript holds exactly.
  const between = range
    ? rangeInWords(range, kind === 'count' ? Number.POSITIVE_INFINITY : Number.MAX_SAFE_INTEGER)
    : '';
  const many = count ?? 'a list of';
  switch (kind) {
    case 'integer':
      return `${zeroOr(range)}an integer${between}`;
    case 'count':
      return `an integer such as 1000000 or 1e6${between}`;
    case 'bytes':
      return `a number of bytes, or in a flag a size such as 2G or 512M${between}`;
    case 'number':
      return `${zeroOr(range)}a number${between}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${choices.join(', ')}`;
    case 'numbers':
      return `${many} ${rising ? 'rising ' : ''}numbers${between}`;
    case 'integers':
      return `${many} integers${between}`;
    case 'text':
      return 'text';
    case 'texts':
      return 'a list of strings';
    case 'value':
      return '';
  }
}

const zeroOr = (range: Range | undefined): string => (range?.zero === undefined ? '' : `0 (${range.zero}) or `);

/** The first number that 64 bits do not hold, to which the last one that they hold is rounded. */
const beyondWords = 2 ** 64;

/** Large powers of two as such: their digits say nothing. */
export const powerOrNumber = (x: number): string => {
  if (x === beyondWords) return '2^64 - 1';
  return x > Number.MAX_SAFE_INTEGER && Number.isInteger(Math.log2(x)) ? `2^${Math.log2(x)}` : String(x);
};

/** Limit of the parameters that are values of pixels. */
const largestPixel = 1e30;

/** " from 0 to 1", " above 0, to 1", " of at least 0", or nothing for any number. */
function rangeInWords({ low, high, exclusive }: Range, endless: number): string {
  // The largest integer or the largest pixel of a type is no limit that a user would meet.
  const isLimited = low > -largestPixel;
  if (isLimited && high < endless)
    return exclusive ? ` above ${low}, up to ${high}` : ` from ${low} to ${powerOrNumber(high)}`;
  if (isLimited) return exclusive ? ` above ${low}` : `, ${low} or more`;
  return high < largestPixel ? `, ${high} or less` : '';
}

const within = (x: unknown, range: Range | undefined): boolean =>
  typeof x === 'number' &&
  !Number.isNaN(x) &&
  (range === undefined ||
    (x >= range.low && x <= range.high && !(range.exclusive && x === range.low)) ||
    (range.zero !== undefined && x === 0));

/** Whether a value is what its row allows. */
function isFine(row: OptionRow, value: unknown): boolean {
  switch (row.kind) {
    case 'integer':
    case 'bytes':
      return Number.isInteger(value) && within(value, row.range);
    case 'count': {
      const { low, high } = row.range ?? { low: 0, high: Number.POSITIVE_INFINITY };
      return (
        (typeof value === 'bigint' || Number.isSafeInteger(value)) &&
        (value as bigint) >= low &&
        (high === beyondWords ? (value as bigint) < high : (value as bigint) <= high)
      );
    }
    case 'number':
      return within(value, row.range);
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return (row.choices ?? []).includes(value as string);
    case 'integers':
    case 'numbers': {
      if (!Array.isArray(value) || (row.count !== undefined && value.length !== row.count)) return false;
      const isRising = (x: number, i: number): boolean =>
        i === 0 || (i === value.length - 1 ? x > value[i - 1] : x >= value[i - 1]);
      const isRight = (x: unknown): boolean => within(x, row.range) && (row.kind === 'numbers' || Number.isInteger(x));
      return value.every(isRight) && (!row.rising || value.every(isRising));
    }
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'value':
      return true;
  }
}

/**
 * An error whose message names parameters as options. A caller who has other names for them, such as flags, passes it
 * to `reworded`.
 */
export function argumentError(
  what: string,
  words: (nameOption: NameOption) => string,
  values: Readonly<Record<string, unknown>> = {},
  tag: EwaldErrorTag = 'Argument',
): EwaldError {
  // Errors may be posted to another thread, which functions cannot be.
  const detail = Object.defineProperty({ ...values }, 'words', { value: words });
  return new EwaldError(tag, `${what === '' ? '' : `${what}: `}${words(asNamed)}`, { detail });
}

/** The error with parameters named by `said`; an error that names none is returned as it is. */
export function renameInMessage(error: unknown, nameOption: NameOption): unknown {
  const words = error instanceof EwaldError ? error.detail.words : undefined;
  if (!(error instanceof EwaldError) || typeof words !== 'function') return error;
  return new EwaldError(error.tag, (words as (nameOption: NameOption) => string)(nameOption), {
    cause: error,
    detail: error.detail,
  });
}

/** What a message may set an option to. */
type SettingValue = string | number | boolean | readonly number[];

/**
 * A setting in the caller's language: `force: true`, `--force`; `acceptBy: 'crystfel'`, `--accept-by crystfel`;
 * `shape: [64, 64]`, `--shape 64,64`.
 */
export function setting(nameOption: NameOption, name: string, value: SettingValue): string {
  const word = nameOption(name);
  const written = typeof value === 'string' ? `'${value}'` : Array.isArray(value) ? `[${value.join(', ')}]` : value;
  if (!word.startsWith('-')) return `${word}: ${written}`;
  return typeof value === 'boolean' ? word : `${word} ${value}`;
}

/** Several settings in the caller's language: `dtype: 'u16', sigShape: [4, 4]`, `--dtype u16 --sig-shape 4,4`. */
export function settings(nameOption: NameOption, values: Readonly<Record<string, SettingValue>>): string {
  const each = Object.entries(values).map(([name, value]) => setting(nameOption, name, value));
  return each.join(nameOption(Object.keys(values)[0] ?? '').startsWith('-') ? ' ' : ', ');
}

/** What was given, in the caller's language: `axes is [0,0]`, `--axes is "0,0"`; `typed` is the text of the flag. */
export function givenAs(nameOption: NameOption, name: string, value: unknown, typed: string): string {
  const word = nameOption(name);
  return `${word} is ${word.startsWith('-') ? JSON.stringify(typed) : inspect(value)}`;
}

/** What was meant by a word that is no choice. */
function suggestion({ kind, words = {}, choices = [] }: OptionRow, value: unknown): string | undefined {
  if (kind !== 'choice' || typeof value !== 'string') return undefined;
  // NumPy counts bytes where no byte order stands before a type: u2 may be meant, and u8 is another type here and there.
  const word = [value, `|${value}`].find((one) => Object.hasOwn(words, one));
  const stands = word === undefined ? undefined : words[word];
  if (stands)
    return Object.entries(stands)
      .map(([name, one]) => `${name} "${one}"`)
      .join(', ');
  const near = nearest(value, choices);
  return near && `"${near}"`;
}

/** Refuses a value that its row does not allow. Throws `Argument`. */
export function checkParameter(row: OptionRow, value: unknown, said: string, written?: string): void {
  if (isFine(row, value)) return;
  const near = suggestion(row, value);
  const unit = row.unit === undefined || row.kind === 'bytes' ? '' : `, in ${row.unit}`;
  const asBigint = row.kind === 'count' && typeof value === 'number' && value > 2 ** 53 ? ', above 2^53 a bigint' : '';
  const { low, high } = row.range ?? {};
  throw new EwaldError(
    'Argument',
    `${said} is ${written ?? inspect(value)}; expected ${expected(row)}${asBigint}${unit}` +
      (near ? ` (did you mean ${near}?)` : ''),
    { detail: { value, low, high } },
  );
}

/** The values that are given, checked; objects and other members are left alone. Throws `Argument`. */
export function checked<Rows extends Parameters>(
  rows: Rows,
  given: Readonly<Record<string, unknown>>,
  nameOption: NameOption = asNamed,
): Values<Rows> {
  const values: Record<string, unknown> = {};
  for (const name in rows) {
    const row = rows[name] as Parameter;
    const value = given[name];
    if (value === undefined || row.type !== undefined) continue;
    checkParameter(row, value, nameOption(name));
    row.check?.(nameOption(name), value);
    values[name] = value;
  }
  return values as Values<Rows>;
}

/** The default of a parameter for a stage; undefined where it has no fixed one. */
export function fallbackOf(row: OptionRow, stage?: string): unknown {
  const stageDefault = stage === undefined ? undefined : row.fallbacks?.[stage];
  return stageDefault ?? row.fallback ?? (row.defaultText === undefined ? row.range?.fallback : undefined);
}

/** Tables do not change, and searches ask for their defaults at each frame. */
const defaults = new WeakMap<Parameters, Map<string | undefined, Readonly<Record<string, unknown>>>>();

/** Fixed defaults of a stage's parameters; do not modify. */
export function defaultsOf<Rows extends Parameters>(rows: Rows, stage?: string): Values<Rows> {
  const stages = defaults.get(rows) ?? new Map<string | undefined, Readonly<Record<string, unknown>>>();
  defaults.set(rows, stages);
  const found = stages.get(stage) ?? collectDefaults(rows, stage);
  stages.set(stage, found);
  return found as Values<Rows>;
}

function collectDefaults(rows: Parameters, stage: string | undefined): Readonly<Record<string, unknown>> {
  const belonging = Object.entries(rows).filter(([, row]) => stage === undefined || belongs(row, [stage]));
  const values = belonging.map(([name, row]) => [name, fallbackOf(row, stage)] as const);
  return Object.freeze(Object.fromEntries(values.filter(([, value]) => value !== undefined)));
}

/** Refuses parameters that are given without those without which they are without effect. Throws `Argument`. */
export function refuseAlone(what: string, rows: Parameters, given: Readonly<Record<string, unknown>>): void {
  for (const [name, { needs = [] }] of Object.entries(rows)) {
    // Of a table that other calls have as well, some have none of them, and serve or write in any case.
    const there = needs.filter((need) => rows[need] !== undefined);
    const isGiven = (one: string): boolean => given[one] !== undefined && given[one] !== false && given[one] !== null;
    const isEmpty = (one: string): boolean => Array.isArray(given[one]) && (given[one] as unknown[]).length === 0;
    if (given[name] === undefined || there.length === 0 || there.some((one) => isGiven(one) && !isEmpty(one))) continue;
    throw argumentError(
      what,
      (said) => `${said(name)} belongs to ${there.map(said).join(' or ')}; give both, or neither`,
    );
  }
}

/** What is done: its stages, and why it has no others. */
export interface Mode {
  readonly stages: readonly string[];
  /** The second half of a refusal: why this mode has no use for a parameter of these stages. */
  readonly because: (of: readonly string[], row: Parameter) => string;
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** Refuses parameters that are given and have no use in a mode, by name. Throws `Argument`. */
export function refuseOthers(
  rows: Parameters,
  given: Readonly<Record<string, unknown>>,
  { stages, because }: Mode,
  nameOption: NameOption = asNamed,
  inWords: Readonly<Record<string, string>> = {},
): void {
  // A flag may have several rows, one for each option that it sets.
  const flagName = (name: string, { flag }: Parameter): string => (flag === undefined ? name : (flag ?? `-${name}`));
  const sharing = (name: string, row: Parameter): Parameter[] =>
    Object.entries(rows).flatMap(([other, one]) =>
      given[other] !== undefined && flagName(other, one) === flagName(name, row) ? [one] : [],
    );
  for (const name in rows) {
    const row = rows[name] as Parameter;
    if (given[name] === undefined || belongs(row, stages)) continue;
    const together = sharing(name, row);
    if (together.some((parameter) => belongs(parameter, stages))) continue;
    const of = [...new Set(together.flatMap((parameter) => parameter.of ?? []))];
    const whose = listed([...new Set(of.map((stage) => inWords[stage] ?? stage))]);
    throw new EwaldError('Argument', `${nameOption(name)} belongs to ${whose}; ${because(of, row)}`);
  }
}
