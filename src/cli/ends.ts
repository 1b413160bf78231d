/** How commands end: the one place that gives a fault its exit code. README.md has the table. */
import { isEwaldError } from '../entries/index.node.js';
import { fileReason, interruptedCode, messageOf } from '../entries/shell.node.js';

/** Wrong words, or what this machine or a format does not have: nothing was tried. */
const usageTags: readonly string[] = ['Argument', 'Unsupported'];

/** Exit codes; README.md has the faults that belong to each. */
export const exitCode = {
  ok: 0,
  /** Data, files or a check failed, or a part of the result is missing. */
  data: 1,
  usage: 2,
  /** 130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP. */
  get interrupted(): number {
    return interruptedCode();
  },
  /** The code of anything thrown. */
  of(error: unknown): number {
    if (isEwaldError(error, 'Aborted')) return exitCode.interrupted;
    // A function of the user's that throws while it runs is no wrong word of the command.
    const ran = isEwaldError(error) && error.detail.threw === true;
    return isEwaldError(error) && !ran && usageTags.includes(error.tag) ? exitCode.usage : exitCode.data;
  },
} as const;

/** The failure in one paragraph; undefined where there is nothing to say: who interrupts a run knows it. */
export function failureText(error: unknown): string | undefined {
  if (isEwaldError(error, 'Aborted')) return undefined;
  if (isEwaldError(error)) return error.message;
  // Files that are missing or locked are the user's matter, too; only a defect shows where it happened.
  if (error instanceof Error && 'syscall' in error) {
    const { path } = error as NodeJS.ErrnoException;
    return `${path ? `${path}: ` : ''}${fileReason(error)}`;
  }
  const stack = process.env.EWALD_LOG_LEVEL === 'debug' && error instanceof Error ? `\n${error.stack}` : '';
  return `${messageOf(error)}\nThis is a defect of ewald; please report it with the command you typed.${stack}`;
}
