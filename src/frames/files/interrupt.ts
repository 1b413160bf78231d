/**
 * Ctrl-C, SIGTERM and SIGHUP (a terminal or connection that closes). The first signal asks the command to finish the
 * work in progress, after which no temporary file remains. The second is left to the system, which ends any process at
 * once; temporary files that remain are removed by the next writer of their file. Either way the exit code identifies
 * the signal: 130, 143 or 129.
 */
import { rmSync } from 'node:fs';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';

let code = 130;
/** The exit code of an interrupted run: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP. */
export const interruptedCode = (): number => code;

const temporaries = new Set<string>();
const sweep = (): void => {
  for (const file of temporaries) rmSync(file, { force: true, recursive: true });
};

/** Removes a temporary file or folder if the process ends before the returned function is called. */
export function onExit(file: string): () => void {
  if (temporaries.size === 0) process.on('exit', sweep);
  temporaries.add(file);
  return () => {
    temporaries.delete(file);
    if (temporaries.size === 0) process.removeListener('exit', sweep);
  };
}

/** Exit codes are 128 plus the signal number, as in shells. */
const codes = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

const listeners: [name: (typeof codes)[number][0], listener: () => void][] = [];

let current: PlatformSignal | undefined;
/** The signal of the last `interruptible`; undefined for commands that end at the first Ctrl-C. */
export const interruption = (): PlatformSignal | undefined => current;

/** A signal that fires at the first Ctrl-C, SIGTERM or SIGHUP; the system answers a second one. */
export function interruptible(): PlatformSignal {
  const controller = new AbortController();
  for (const [name, itsCode] of codes) {
    const listener = (): void => {
      code = itsCode;
      process.exitCode = itsCode;
      // The system itself ends the process at the next signal, also one that never returns to its listeners.
      for (const [other, own] of listeners.splice(0)) process.removeListener(other, own);
      controller.abort();
    };
    listeners.push([name, listener]);
    process.on(name, listener);
  }
  current = controller.signal;
  return current;
}

/** Leaves signals to the system, until the returned function is called. */
function unheard(): () => void {
  const before = [...listeners];
  for (const [name, listener] of before) process.removeListener(name, listener);
  return () => {
    for (const [name, listener] of before) process.on(name, listener);
  };
}

/**
 * Runs work that cannot be cancelled (a call into a library, a transform on other threads) with the system's default
 * Ctrl-C: the signal ends the process immediately, and shells see 130, 143 or 129 as usual. Nothing may be half-written
 * during this time.
 */
export async function killable<T>(work: () => T | Promise<T>): Promise<T> {
  // A signal that has arrived, but not at its listener, would be lost with it.
  await new Promise((resolve) => setImmediate(resolve));
  if (current?.aborted) throw new EwaldError('Aborted', 'interrupted before it began');
  const heard = unheard();
  try {
    return await work();
  } finally {
    heard();
  }
}

/**
 * The same for one call that may never return, between work that is told of a signal; one that comes just before the call
 * may be lost.
 */
export function killableCall<T>(call: () => T): T {
  const heard = unheard();
  try {
    return call();
  } finally {
    heard();
  }
}
