/**
 * Shared by all commands: exit codes, colour on terminals only, tables, progress, Ctrl-C, and clean standard output for
 * `--json`.
 */

import {
  columnGroups,
  counted,
  exact,
  formatFirstFrames,
  framesWithPeaks,
  parseBackend,
  progressLine,
  rateText,
  wrapped,
} from '../entries/command.node.js';
import {
  type BackendName,
  type Progress as CallProgress,
  type createContext,
  type devices,
  EwaldError,
} from '../entries/index.node.js';
import { endDone, endsBy, exitCode, failureText } from './ends.js';
import { visible, visibleJson, visibleLines } from './visible.js';

export { counted, endDone, endsBy, exitCode, formatFirstFrames, framesWithPeaks, rateText };

/** The services that commands receive from the program. */
export interface CliDeps {
  readonly createContext: typeof createContext;
  readonly devices: typeof devices;
  /** Fires at the first Ctrl-C, SIGTERM or SIGHUP; the command then prints finished results and returns. */
  readonly signal: AbortSignal;
}

// Open MPI gives each rank a terminal of its own, whatever reads what mpirun prints.
const isOfUser = (): boolean => process.env.OMPI_COMM_WORLD_SIZE === undefined;
const colourful = (): boolean =>
  Boolean(process.stdout.isTTY) && isOfUser() && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
// Colours are marked by a random word and become escape sequences last, so that text from files cannot forge them.
const word = Math.random().toString(36).slice(2);
const mark = new RegExp(`<${word}:(\\d+)>`, 'g');
const paint = (code: number) => (text: string) => (colourful() ? `<${word}:${code}>${text}<${word}:0>` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

/** The text as sent to a terminal: control characters made visible, our own colours as escape sequences. */
const finished = (text: string): string => visibleLines(text).replace(mark, '\u001b[$1m');

let isHeard = true;
/** Whether standard output has a reader; false once it has closed the pipe, as `head` does. */
export const hasReader = (): boolean => isHeard;

function write(text: string): void {
  process.stdout.write(text, (error) => {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') isHeard = false;
  });
}

/** Writes a line to standard output; terminal control sequences are made visible. */
export function print(line = ''): void {
  write(`${finished(line)}\n`);
}

/** Writes a line to standard error, for remarks that are not results. */
export function note(line: string): void {
  process.stderr.write(`${finished(line)}\n`);
}

/** Writes a warning to standard error. */
export const warn = (text: string): void => note(`${yellow('warning:')} ${text}`);

/** Writes one JSON document as a line to standard output; bigints beyond 2⁵³ become strings. */
export function printJson(value: unknown): void {
  const json = JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? exact(v) : v));
  write(`${visibleJson(json)}\n`);
}

/** Refuses two forms of one output. Throws `Argument`. */
export function refuseBoth({ json, csv }: { readonly json?: boolean; readonly csv?: boolean }): void {
  if (json && csv) throw new EwaldError('Argument', '--json and --csv print the same results; give one of them');
}

// Visible width, without colours.
const width = (text: string): number => visibleLines(text.replace(mark, '')).length;

/** Columns of a terminal; programs that read the output expect whole lines. */
const terminal = (): number =>
  process.stdout.isTTY && isOfUser() ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;

/** Prose in lines of the terminal, which would break words; further lines are indented. */
export const wrapText = (text: string, indent = 0): string =>
  wrapped(text, terminal() - indent).join(`\n${' '.repeat(indent)}`);

/** Lays rows out in columns; columns named in `right` are aligned right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((title, i) => rows.reduce((most, row) => Math.max(most, width(row[i] ?? '')), width(title)));
  const line = (row: readonly string[], group: readonly number[]): string =>
    group
      .map((i) => {
        const text = row[i] ?? '';
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(text)));
        return right.includes(i) ? gap + text : text + gap;
      })
      .join('  ')
      .trimEnd();
  const [first = 0, ...others] = widths;
  if (first + 2 + Math.max(0, ...others) > terminal())
    return rows
      .map((row) => row.map((text, i) => `${i === 0 ? '' : '    '}${wrapText(text, 4)}`).join('\n'))
      .join('\n');
  return columnGroups(widths, terminal())
    .map((group) => [bold(line(head, group)), ...rows.map((row) => line(row, group))].join('\n'))
    .join('\n\n');
}

/** A progress line on standard error, shown only on a terminal and only after a second. */
export class Progress {
  readonly #what: string;
  readonly #started = performance.now();
  #shown = false;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(what: string) {
    this.#what = what;
  }

  /** Reports the progress of a call. */
  readonly report = ({ done, total = Number.NaN, stage }: CallProgress): void => this.share(done / total, stage);

  /** Reports the share that is done, 0 … 1; a detail that takes time is only made where it is shown. */
  share(done: number, detail: string | (() => string) = ''): void {
    this.#tell(done, detail);
    if (!process.stderr.isTTY || performance.now() - this.#started < 1000) return;
    this.#shown = true;
    // The last column stays free: some terminals begin a new line when it is filled.
    const columns = (process.stderr.columns || 80) - 1;
    const text = visible(typeof detail === 'string' ? detail : detail());
    process.stderr.write(`\r\u001b[K${progressLine(this.#what, done, text, columns)}`);
  }

  /** Tells the server whose page has started this run. */
  #tell(share: number, detail: string | (() => string)): void {
    const isDue = performance.now() - this.#toldMs >= toldEveryMs || share === 1;
    if (process.env.EWALD_PROGRESS !== 'ipc' || !process.connected || !isDue) return;
    this.#toldMs = performance.now();
    // A server that has ended is not told, which is no failure of the run.
    process.send?.({ share, words: typeof detail === 'string' ? detail : detail() }, () => undefined);
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
  }
}

/** Time between two messages to the server that has started a run, ms. */
const toldEveryMs = 250;

/** Reports an error on standard error, in one paragraph, and returns the exit code for it. */
export function fail(error: unknown): number {
  const text = failureText(error);
  if (text !== undefined) note(`${red('ewald:')} ${text}`);
  return exitCode.of(error);
}

/** The context options for `--backend`. Throws `Argument` for an unknown name. */
export const backendOption = (name: string | undefined): { backend?: BackendName } =>
  name === undefined ? {} : { backend: parseBackend(name, '--backend') };
