// Child processes of the scripts: their output is captured and printed only after a failure, unless the caller asks for
// it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export { which } from './which.mjs';

/** The root folder of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

/**
 * Runs a program to its end. `show` passes its output to the terminal, `minutes` is a time limit, `apart` keeps
 * standard error out of `output`.
 */
export function run(command, args, { cwd = root, env = {}, show = false, minutes = 60, apart = false } = {}) {
  const started = performance.now();
  return new Promise((resolve) => {
    let output = '';
    let errors = '';
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk) => {
      if (apart) errors += chunk;
      else output += chunk;
    });
    const slow = setTimeout(() => {
      output += `${command} did not end within ${minutes} minutes\n`;
      if (show) console.error(`${command} ${args[0] ?? ''} did not end within ${minutes} minutes and is ended`);
      child.kill();
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
    }, minutes * 60_000);
    const done = (code) => {
      clearTimeout(slow);
      resolve({ code, output, errors, seconds: (performance.now() - started) / 1000 });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      done(127);
    });
    child.on('close', (code, signal) => done(signal ? 128 : code));
  });
}

/** The last lines of a log. */
export function tail(text, lines = 60) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
