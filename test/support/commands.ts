/** Runs commands one after another in one child process, for tables of many commands on tiny inputs. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * How a command is disturbed: by Ctrl-C as soon as it listens or has started a file, by a full disk, or by a failing
 * flush.
 */
export interface Disturbance {
  readonly interrupt?: 'listening' | 'begun';
  readonly fault?: 'full' | 'unflushed';
}

export class Commands {
  readonly #child: ChildProcess;
  readonly #cwd: string;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, cwd: string) {
    this.#child = child;
    this.#cwd = cwd;
  }

  static async start(cwd: string): Promise<Commands> {
    const script = fileURLToPath(new URL('./commands.mjs', import.meta.url));
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '' };
    const child = fork(script, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`commands.mjs ended with ${code}`)));
    });
    return new Commands(child, cwd);
  }

  /** Runs a command when the one before has ended, which may be that of a test that did not wait for it. */
  run(argv: readonly string[], disturbance: Disturbance = {}): Promise<Answer> {
    const answer = this.#last.then(
      () =>
        new Promise<Answer>((resolve, reject) => {
          const ended = (code: number | null): void => reject(new Error(`ewald ${argv.join(' ')} ended with ${code}`));
          this.#child.once('exit', ended);
          this.#child.once('message', (message) => {
            this.#child.off('exit', ended);
            resolve(message as Answer);
          });
          this.#child.send({ argv, cwd: this.#cwd, ...disturbance });
        }),
    );
    this.#last = answer.catch(() => {});
    return answer;
  }

  stop(): void {
    this.#child.kill();
  }
}
