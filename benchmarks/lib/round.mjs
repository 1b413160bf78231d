// One run of a benchmark for the report of all benchmarks.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { missedAim } from './lines.mjs';

/**
 * Runs a program of Node and returns the lines that it recorded. `problem` says why they cannot be used: the program
 * failed, or recorded nothing. A program that reached its end and only missed an aim keeps its lines.
 *   args    the program with its arguments
 *   folder  receives the lines, NAME.jsonl, and the output, NAME.ROUND.log
 */
export async function runRound({ args, folder, name, round, cwd }) {
  const file = join(folder, `${name}.jsonl`);
  rmSync(file, { force: true });
  const log = openSync(join(folder, `${name}.${round}.log`), 'w');
  const env = { ...process.env, EWALD_BENCH_LINES: file };
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', log, log], env });
  const code = await new Promise((done) => child.on('close', (status, signal) => done(status ?? signal)));
  closeSync(log);
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [];
  const ended = code === 0 || code === missedAim;
  if (ended && found.length > 0) return { lines: found.map((line) => JSON.parse(line)) };
  return { lines: [], problem: `${found.length} lines, ended with ${code}` };
}
