/**
 * The options of a call, checked once, where they come in: from one row for each follow its check, its default, its
 * place among the known names and its type behind the door. A call's declaration says what its options mean.
 */
import { expects } from '../util/arguments.js';
import { type Elsewhere, knownOptions } from '../util/options.js';
import { type Range, range } from '../util/range.js';
import {
  argumentError,
  checkParameter,
  fallbackOf,
  type NameOption,
  type OptionRow,
  type ParameterKind,
} from './parameters.js';
import type { Shape } from './shapes.js';

/** A row, or the shape of a value that is no number, name or truth. */
type Schema = OptionRow | Shape;

/** Whether an option always has a value behind the door: it is required, or has a default. */
type IsFilled<Row> = Row extends { readonly required: true }
  ? true
  : Row extends { readonly defaultText: string }
    ? false
    : Row extends { readonly kind: 'boolean' } | { readonly range: Range } | { readonly fallback: string }
      ? true
      : false;

/** A row for each option of a declaration. */
export type RowsOf<Options> = { readonly [Name in keyof Options]-?: Schema };

/** Options behind the door. */
export type Checked<Options, Rows> = {
  readonly [Name in keyof Options]-?: ValueBy<Rows[Name & keyof Rows], Options[Name]>;
};

/**
 * A relation between options: what is wrong with those that are given, in the caller's names for them; undefined if it
 * holds.
 */
export type Rule<Options> = (given: Options) => ((nameOption: NameOption) => string) | undefined | false;

/** Throws `Argument` for the first relation that does not hold. */
export function refuseBy<Options>(what: string, given: Options, rules: readonly Rule<Options>[]): void {
  for (const rule of rules) {
    const words = rule(given);
    if (words) throw argumentError(what, words);
  }
}

/**
 * The options of a call: checked by their rows, with their defaults; `elsewhere` says what is wrong with names that
 * belong to other calls. Throws `Argument`.
 */
export function checkedOptions<Options extends object, const Rows extends RowsOf<Options>>(
  what: string,
  options: Options,
  rows: Rows,
  elsewhere?: Elsewhere,
): Checked<Options, Rows> {
  knownOptions(what, options, Object.keys(rows), elsewhere);
  const values: Record<string, unknown> = {};
  for (const name in rows) {
    const check: Schema = rows[name];
    const value = (options as Readonly<Record<string, unknown>>)[name];
    values[name] = value;
    if (typeof check !== 'function') values[name] = checkedValue(`${what}: ${name}`, value, check);
    else if (value !== undefined) check(`${what}: ${name}`, value);
  }
  return values as Checked<Options, Rows>;
}

type ValueBy<Row, Value> = Row extends { readonly read: (...args: never) => infer Read }
  ? Read
  : IsFilled<Row> extends true
    ? Exclude<Value, undefined>
    : Value;

/** One value, checked by its row, or its default. Throws `Argument`. */
export function checkedValue<Value, const Row extends OptionRow>(
  what: string,
  value: Value,
  of: Row,
): ValueBy<Row, Value> {
  if (of.read) return of.read(what, value) as never;
  if (value === undefined && !of.required)
    return (fallbackOf(of) ?? (of.kind === 'boolean' && of.defaultText === undefined ? false : undefined)) as never;
  if (of.type === undefined) checkParameter(of, value, what);
  of.check?.(what, value);
  return value as ValueBy<Row, Value>;
}

type NumberRow<Kind extends ParameterKind> = { readonly kind: Kind; readonly range: Range };

/** The row of a number from `low` to `high`, without a default unless one is given. */
const numberRow = <Kind extends ParameterKind>(kind: Kind) => {
  function rowOf(low: number, high: number): NumberRow<Kind> & { readonly defaultText: string };
  function rowOf(low: number, high: number, fallback: number): NumberRow<Kind>;
  function rowOf(low: number, high: number, fallback?: number) {
    return {
      kind,
      range: range(low, high, fallback ?? Number.NaN),
      ...(fallback === undefined && { defaultText: '' }),
    };
  }
  return rowOf;
};
const integer = numberRow('integer');
const any: Shape = () => {};

/** Rows of options that their declarations describe. */
export const row = {
  integer,
  number: numberRow('number'),
  /** One of several names, without a default unless one is given. */
  choice: <Name extends string, Default extends Name | undefined = undefined>(
    choices: readonly Name[],
    fallback?: Default,
  ) => ({ kind: 'choice', choices, fallback: fallback as Default }) as const,
  flag: { kind: 'boolean' },
  /** A flag that is true by default. */
  on: { kind: 'boolean', fallback: true },
  text: { kind: 'text' },
  /** Of an option that has to be given. */
  required: <Row extends OptionRow>(of: Row) => ({ ...of, required: true }) as const,
  /** Host threads; 0 leaves their number to the backend. */
  threads: integer(0, 1024, 0),
  signal: ((what, value) =>
    expects(
      typeof (value as Partial<AbortSignal> | null)?.aborted === 'boolean',
      what,
      value,
      'an AbortSignal',
    )) as Shape,
  /** Of a value that is checked where it is used, such as a callback or the options of another call. */
  any,
  /** Of several such values. */
  others: <Name extends string>(...names: Name[]) =>
    Object.fromEntries(names.map((name) => [name, any])) as Readonly<Record<Name, Shape>>,
} as const;
