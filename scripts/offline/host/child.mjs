// Child processes with a time limit. Each has a process group of its own, so that what it has started ends with it.
import { spawn } from 'node:child_process';

const running = new Set();
let over = false;
const most = 24 * 2 ** 20;

const send = (child, signal) => {
  try {
    process.kill(-child.pid, signal);
  } catch {}
};

/** Ends all children and starts no more, for an end from outside. */
export function endAll() {
  over = true;
  for (const child of running) send(child, 'SIGKILL');
}

/**
 * Runs a program to its end. At the limit it gets SIGINT when `gentle` (ewald then prints what is finished), else
 * SIGTERM, and five seconds later SIGKILL. Gives { code, signal, out, err, seconds, late }; code is null where there is
 * none.
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
    // Whatever the program has left behind would hold the pipes open.
    child.on('exit', () => setTimeout(() => send(child, 'SIGKILL'), 1000).unref());
    child.on('close', done);
  });
}

/** How a child ended, in words. */
export function endOf({ code, signal, late, seconds }) {
  if (late) return `ended at its limit after ${seconds.toFixed(0)} s`;
  return signal ? `ended by ${signal}` : `exit code ${code}`;
}

/** The lines of a text that say most: the one that names an error, or else the last ones. */
export function lastLines(text, lines = 3) {
  const all = text.trim().split('\n');
  const error = all.find((line) => /\b\w*Error\b|^ewald: /.test(line));
  return (error ?? all.slice(-lines).join(' | ')).trim().slice(-600);
}
