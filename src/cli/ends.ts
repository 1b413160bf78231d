/** How commands end: the only place that assigns exit codes to faults. README.md has the table. */

import { fileReason, interruptedCode, messageOf } from '../entries/command.node.js';
import { isEwaldError } from '../entries/index.node.js';

let stopSignal: Pick<AbortSignal, 'aborted'> | undefined;
/** Remembers the signal of Ctrl-C, by which an interruption is told from a run that somebody else has ended. */
export const endsBy = (signal: Pick<AbortSignal, 'aborted'>): void => {
  stopSignal = signal;
};
/** Whether an error is the user's own interruption; a run that was cancelled elsewhere has failed. */
const isInterruption = (error: unknown): boolean => isEwaldError(error, 'Aborted') && stopSignal?.aborted === true;

/** Errors of wrong words, or of features that this machine or a format lacks; nothing has been attempted. */
const usageTags: readonly string[] = ['Argument', 'Unsupported'];

/** Exit codes; README.md has the outcomes that belong to each. */
export const exitCode = {
  /** Done, and the result can be trusted. */
  ok: 0,
  /** Done, but the user must look at the result, or a part of it is missing; or data, files or a check failed. */
  data: 1,
  /** Refused before any work. */
  usage: 2,
  /** 130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP. */
  get interrupted(): number {
    return interruptedCode();
  },
  /** The exit code for a thrown value. */
  of(error: unknown): number {
    if (isInterruption(error)) return exitCode.interrupted;
    if (isReaderGone(error)) return exitCode.ok;
    // A user's function that throws while it runs does not mean that the command was wrong.
    const ran = isEwaldError(error) && error.detail.threw === true;
    return isEwaldError(error) && !ran && usageTags.includes(error.tag) ? exitCode.usage : exitCode.data;
  },
} as const;

/** Ends a command whose work is done: with 1 if the user must look at the result, as an earlier part may have said. */
export function endDone(isTrusted: boolean, signal?: AbortSignal): void {
  const code = signal?.aborted ? exitCode.interrupted : isTrusted ? exitCode.ok : exitCode.data;
  process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
}

/** Whether the reader of a file that goes to standard output (`-o -`) has left: it has all that it wanted. */
export const isReaderGone = (error: unknown): boolean =>
  isEwaldError(error, 'File') &&
  error.detail.path === 'standard output' &&
  (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE';

/** The failure in one paragraph; undefined for an interruption or a reader that left, of which the user knows. */
export function failureText(error: unknown): string | undefined {
  if (isInterruption(error) || isReaderGone(error)) return undefined;
  if (isEwaldError(error)) return error.message;
  // Missing or locked files are for the user to resolve as well; a stack trace is only shown for defects.
  if (error instanceof Error && 'syscall' in error) {
    const { path } = error as NodeJS.ErrnoException;
    return `${path ? `${path}: ` : ''}${fileReason(error)}`;
  }
  const stack = process.env.EWALD_LOG_LEVEL === 'debug' && error instanceof Error ? `\n${error.stack}` : '';
  return `${messageOf(error)}\nThis is a defect of ewald; please report it with the command you typed.${stack}`;
}
