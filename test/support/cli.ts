/** Runs the built command line as a user would, in a separate process. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Standard output, unmodified. */
  readonly bytes: Uint8Array;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null;
}

/** Runs `ewald ARGS`; `input` is its stdin. */
export function ewald(
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    /** Sends SIGINT (or `signal`) when this matches what is on standard error. */
    interruptAt?: RegExp;
    /** Sends it once this is true; it is polled every few milliseconds. */
    interruptWhen?: () => boolean;
    signal?: NodeJS.Signals;
    /** Sends it once more every second: one that comes just before a call that never returns may be lost. */
    insists?: boolean;
    cwd?: string;
    input?: string | Uint8Array;
  } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      env: { ...process.env, NO_COLOR: '', FORCE_COLOR: '', ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    // A command that ends before it has read all input is not a failure of the test.
    child.stdin?.on('error', () => {}).end(options.input);
    const chunks: Uint8Array[] = [];
    let err = '';
    child.stdout?.on('data', (chunk) => {
      chunks.push(chunk);
    });
    let isInterrupted = false;
    child.stderr?.on('data', (chunk) => {
      err += chunk;
      if (isInterrupted || !options.interruptAt?.test(err)) return;
      isInterrupted = true;
      child.kill(options.signal ?? 'SIGINT');
      if (!options.insists) return;
      const again = setInterval(() => child.kill(options.signal ?? 'SIGINT'), 1000);
      child.on('close', () => clearInterval(again));
    });
    const watch =
      options.interruptWhen &&
      setInterval(() => {
        if (!options.interruptWhen?.()) return;
        clearInterval(watch);
        child.kill(options.signal ?? 'SIGINT');
      }, 5);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      const bytes = Buffer.concat(chunks);
      resolve({ code, out: bytes.toString(), err, bytes, signal });
    });
  });
}

let together: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `ewald ARGS` in a process that all commands of a test file share, one after the other: for tests of what a
 * command prints and writes. Tests of signals, input, environment and exit use `ewald`.
 */
export function ewaldTogether(
  args: readonly string[],
  { cwd = process.cwd() }: { cwd?: string } = {},
): Promise<Pick<Run, 'code' | 'out' | 'err'>> {
  const run = last.then(async () => {
    if (!together) {
      const env = { ...process.env, NO_COLOR: '', FORCE_COLOR: '' };
      together = fork(fileURLToPath(new URL('many-commands.mjs', import.meta.url)), { env, execArgv: [] });
      await once(together, 'message');
      // The process ends when its channel closes, at the end of the test file.
      together.unref();
      together.channel?.unref();
    }
    const child = together;
    const answer = await new Promise<Pick<Run, 'code' | 'out' | 'err'> & { failed?: string }>((resolve, reject) => {
      const ended = (code: number | null): void => {
        together = undefined;
        reject(new Error(`the process of the commands ended with ${code}`));
      };
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message as never);
      });
      child.send({ args, cwd });
    });
    if (answer.failed) throw new Error(`ewald ${args.join(' ')}: ${answer.failed}`);
    return answer;
  });
  last = run.catch(() => undefined);
  return run;
}

/** A command that says when it has begun to compute, and is interrupted then. */
export const interruptedAtWork = { env: { EWALD_LOG_LEVEL: 'debug' }, interruptAt: /: available/ } as const;
