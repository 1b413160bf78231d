// Runs child processes with a time limit. Each has a separate process group, so that the processes it starts end with
// it.
import { spawn } from 'node:child_process';

const running = new Set();
let over = false;
const most = 24 * 2 ** 20;

const send = (child, signal) => {
  try {
    process.kill(-child.pid, signal);
  } catch {}
};

/** Kills all children and starts no more, when the run is stopped from outside. */
export function endAll() {
  over = true;
  for (const child of running) send(child, 'SIGKILL');
}

/**
 * Runs a program to its end. At the limit it receives SIGINT when `gentle` (ewald then prints the finished results),
 * otherwise SIGTERM, and five seconds later SIGKILL. Returns { code, signal, out, err, seconds, late }; code is null if
 * there is no exit code.
 */
export function runChild(command, args, { seconds, env, cwd, gentle = false }) {
  const started = performance.now();
  return new Promise((resolve) => {
    if (over) return resolve({ code: null, signal: 'an end from outside', out: '', err: '', late: false, seconds: 0 });
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    let out = '';
    let err = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (out.length < most) out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err = (err + text).slice(-(2 ** 18));
    });
    const limit = setTimeout(() => {
      late = true;
      send(child, gentle ? 'SIGINT' : 'SIGTERM');
    }, seconds * 1000);
    const end = setTimeout(() => send(child, 'SIGKILL'), seconds * 1000 + 5000);
    const done = (code, signal) => {
      clearTimeout(limit);
      clearTimeout(end);
      running.delete(child);
      resolve({ code, signal, out, err, late, seconds: (performance.now() - started) / 1000 });
    };
    child.on('error', (error) => {
      err += error.message;
      done(127, null);
    });
    // Processes that the program left behind would keep the pipes open.
    child.on('exit', () => setTimeout(() => send(child, 'SIGKILL'), 1000).unref());
    child.on('close', done);
  });
}

/** Describes how a child ended. */
export function endOf({ code, signal, late, seconds }) {
  if (late) return `ended at its limit after ${seconds.toFixed(0)} s`;
  return signal ? `ended by ${signal}` : `exit code ${code}`;
}

/** The most informative lines of a text: the line with an error, or otherwise the last lines. */
export function lastLines(text, lines = 3) {
  const all = text.trim().split('\n');
  const error = all.find((line) => /\b\w*Error\b|^ewald: /.test(line));
  return (error ?? all.slice(-lines).join(' | ')).trim().slice(-600);
}
