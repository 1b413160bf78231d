/**
 * What every command shares: exit codes, colour only on a terminal, tables, progress, Ctrl-C, and clean standard output
 * for `--json`.
 */

import { EwaldError, isEwaldError, messageOf } from '../errors.js';
import type { createContext, devices } from '../node.js';

/** 0 done, 1 the data or a check failed, 2 wrong usage, 130 ended by Ctrl-C. */
export const exitCode = { ok: 0, data: 1, usage: 2, interrupted: 130 } as const;

/** What commands get from the program. */
export interface CliDeps {
  readonly createContext: typeof createContext;
  readonly devices: typeof devices;
  /** Fires at the first Ctrl-C; the command then prints what is finished and returns. */
  readonly signal: AbortSignal;
}

const colourful = (): boolean => Boolean(process.stdout.isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
const paint = (code: number) => (text: string) => (colourful() ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

/** Writes a line to standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes one JSON document as a line to standard output; bigints beyond 2⁵³ become strings. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? exact(v) : v)));
}

/** A bigint as a number where that is exact, as a string where it is not. */
export const exact = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);

// Visible width: colour codes take none.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const width = (text: string): number => text.replace(/\u001b\[\d+m/g, '').length;

/** Lays rows out in columns; columns named in `right` are aligned right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => {
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(text)));
        return right.includes(i) ? gap + text : text + gap;
      })
      .join('  ')
      .trimEnd();
  return [bold(line(head)), ...rows.map(line)].join('\n');
}

/** A progress line on standard error, shown only on a terminal and only after a second. */
export class Progress {
  readonly #what: string;
  readonly #started = performance.now();
  #shown = false;

  constructor(what: string) {
    this.#what = what;
  }

  /** Tells the fraction done, 0 … 1. */
  readonly report = (done: number, detail = ''): void => {
    if (!process.stderr.isTTY || performance.now() - this.#started < 1000) return;
    this.#shown = true;
    const bar = '█'.repeat(Math.round(done * 24)).padEnd(24, '░');
    process.stderr.write(`\r\u001b[K${this.#what} ${bar} ${(done * 100).toFixed(0)} % ${detail}`);
  };

  end(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
  }
}

/** A signal for Ctrl-C: the first one asks the command to finish, the second ends the process. */
export function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode.interrupted);
      process.exitCode = exitCode.interrupted;
      controller.abort();
    });
  }
  return controller.signal;
}

const usageTags = ['Argument', 'Unsupported'];

/** Tells an error on standard error, in one paragraph, and the exit code for it. */
export function fail(error: unknown): number {
  if (isEwaldError(error, 'Aborted')) return exitCode.interrupted;
  if (isEwaldError(error)) {
    process.stderr.write(`${red('ewald:')} ${error.message}\n`);
    return usageTags.includes(error.tag) ? exitCode.usage : exitCode.data;
  }
  // Files that are missing or locked are the user's matter too; only a defect shows where it happened.
  if (error instanceof Error && 'syscall' in error) {
    process.stderr.write(`${red('ewald:')} ${error.message}\n`);
    return exitCode.data;
  }
  process.stderr.write(
    `${red('ewald:')} ${messageOf(error)}\nThis is a defect of ewald; please report it with the command you typed.\n`,
  );
  if (process.env.EWALD_LOG_LEVEL === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCode.data;
}

/** A count written by a person: 1000, 1e9, 2.5e6, 1_000_000. */
export function parseCount(text: string, what: string): bigint {
  const clean = text.replace(/_/g, '');
  if (/^\d+$/.test(clean)) return BigInt(clean);
  const match = /^(\d+)(?:\.(\d+))?[eE]\+?(\d{1,2})$/.exec(clean);
  const [, whole = '', fraction = '', power = '0'] = match ?? [];
  if (!match || fraction.length > Number(power))
    throw new EwaldError('Argument', `${what} is "${text}"; needed is a whole number such as 1000000 or 1e6`);
  return BigInt(whole + fraction) * 10n ** BigInt(Number(power) - fraction.length);
}

/** A number written by a person. */
export function parseNumber(text: string, what: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new EwaldError('Argument', `${what} is "${text}"; needed is a number`);
  return value;
}
