/**
 * The options of a call, checked once, where they come in: from one row for each follow its check, its default, its
 * place among the known names and its type behind the door. A call's declaration says what its options mean.
 */
import { expects } from './arguments.js';
import { knownOptions, type OfRun } from './options.js';
import { checkParameter, fallbackOf, type OptionRow, type ParameterKind } from './parameters.js';
import { type Range, range } from './range.js';
import type { Shape } from './shapes.js';

/** A row, or the shape of a value that is no number, name or truth. */
type Door = OptionRow | Shape;

/** Whether an option always has a value behind the door: it is required, or has a default. */
type IsFilled<Row> = Row extends { readonly required: true }
  ? true
  : Row extends { readonly usual: string }
    ? false
    : Row extends { readonly kind: 'boolean' } | { readonly range: Range } | { readonly fallback: string }
      ? true
      : false;

/** A row for each option of a declaration. */
export type RowsOf<Options> = { readonly [Name in keyof Options]-?: Door };

/** Options behind the door. */
export type Checked<Options, Rows> = {
  readonly [Name in keyof Options]-?: IsFilled<Rows[Name & keyof Rows]> extends true
    ? Exclude<Options[Name], undefined>
    : Options[Name];
};

/** The options of a call: checked by their rows, with their defaults. Throws `Argument`. */
export function options<Options extends object, const Rows extends RowsOf<Options>>(
  what: string,
  given: Options,
  rows: Rows,
  ofRun?: OfRun,
): Checked<Options, Rows> {
  knownOptions(what, given, Object.keys(rows), ofRun);
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(rows as Readonly<Record<string, Door>>)) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    const said = `${what}: ${name}`;
    values[name] = value;
    if (typeof row === 'function') {
      if (value !== undefined) row(said, value);
    } else if (value !== undefined || row.required) {
      if (row.type === undefined) checkParameter(row, value, said);
    } else values[name] = fallbackOf(row) ?? (row.kind === 'boolean' && row.usual === undefined ? false : undefined);
  }
  return values as Checked<Options, Rows>;
}

type NumberRow<Kind extends ParameterKind> = { readonly kind: Kind; readonly range: Range };

/** Rows of numbers from `low` to `high`, without a default unless one is given. */
const numberRow = <Kind extends ParameterKind>(kind: Kind) => {
  function row(low: number, high: number): NumberRow<Kind> & { readonly usual: string };
  function row(low: number, high: number, fallback: number): NumberRow<Kind>;
  function row(low: number, high: number, fallback?: number) {
    return { kind, range: range(low, high, fallback ?? Number.NaN), ...(fallback === undefined && { usual: '' }) };
  }
  return row;
};
export const integerRow = numberRow('integer');
export const realRow = numberRow('number');

/** One of several names; without a default unless one is given. */
export const choiceRow = <Name extends string, Default extends Name | undefined = undefined>(
  choices: readonly Name[],
  fallback?: Default,
) => ({ kind: 'choice', choices, fallback: fallback as Default }) as const;

/** True or false. */
export const truthRow = { kind: 'boolean' } as const;
export const textRow = { kind: 'text' } as const;

/** The row of an option that has to be given. */
export const required = <Row extends OptionRow>(row: Row) => ({ ...row, required: true }) as const;

/** Host threads, of which 0 leaves the number to the backend. */
export const threadsRow = integerRow(0, 1024, 0);

/** A value that is checked where it is used, such as a callback or the options of another call. */
export const anything: Shape = () => {};

export const signalRow: Shape = (what, value) =>
  expects(typeof (value as Partial<AbortSignal> | null)?.aborted === 'boolean', what, value, 'an AbortSignal');
