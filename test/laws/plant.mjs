#!/usr/bin/env node
// Plants the forty faults of planted.mjs, each in a copy of dist/, and says which law finds it: `node test/laws/plant.mjs
// [WORDS OF A FAULT…] [--seconds 10] [--seed N] [--only]`. The inputs are those of `npm test`; with --seconds each law draws
// for as long as that, as in a night. The law that is known to find a fault is asked first, and with --only no other one. A
// law that does not hold without the fault, by the same input, has not found it.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fixedSeed } from './law.mjs';
import { planted } from './planted.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, only: { type: 'boolean' } },
});

/** The place of a text in dist/, whatever its line breaks: [file, its text, the expression]. */
function placeOf(folder, find) {
  const expression = new RegExp(find.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'));
  const holding = readdirSync(folder)
    .filter((file) => file.endsWith('.js') && !/^(?:worker\.browser|chunk-page-)/.test(file))
    .map((file) => [join(folder, file), readFileSync(join(folder, file), 'utf8')])
    .filter(([, text]) => expression.test(text));
  const [[file, text] = []] = holding;
  if (holding.length !== 1 || text.split(expression).length !== 2) return undefined;
  return { file, text, expression };
}

/** Draws the laws against a folder. */
function drawn(folder, law) {
  const how = ['--dist', folder, '--seed', values.seed ?? String(fixedSeed), ...(law ? ['--first', law] : [])];
  if (values.seconds) how.push('--seconds', values.seconds);
  return run(values.only && law ? [law, ...how] : how);
}

/** Whether the law that a failure names does not hold for the package as it is either, by the same input. */
async function isWrongItself(said) {
  const [, law, seed, path] = /again: node \S+ '(.+)' --seed (\d+) --path ([\d:]+)/.exec(said) ?? [];
  if (!law) return false;
  const { code } = await run([law, '--seed', seed, '--path', path, '--dist', join(root, 'dist')]);
  return code !== 0;
}

/** Runs laws in a process of its own, which a fault may hang or crash. */
function run(words) {
  const child = spawn(process.execPath, [join(root, 'test/laws/run.mjs'), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20 * 60_000,
  });
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })));
}

const place = mkdtempSync(join(tmpdir(), 'ewald-planted-'));
const folder = join(place, 'dist');
cpSync(join(root, 'dist'), folder, { recursive: true });
symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'dir');
process.once('exit', () => rmSync(place, { recursive: true, force: true }));
const chosen = planted.filter(({ fault }) => positionals.every((word) => fault.includes(word)));
let [found, wrong] = [0, 0];
for (const { fault, find, replace, law } of chosen) {
  const at = placeOf(folder, find);
  if (!at) {
    wrong++;
    console.log(`| ${fault} | DOES NOT FIT: its text is not in dist/ exactly once | |`);
    continue;
  }
  writeFileSync(
    at.file,
    at.text.replace(at.expression, () => replace),
  );
  const started = performance.now();
  const { code, signal, said } = await drawn(folder, law);
  writeFileSync(at.file, at.text);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const isWrong = code === 1 && (await isWrongItself(said));
  const isFound = !isWrong && (code === 1 || signal !== null);
  if (isFound) found++;
  const [line = ''] = said.split('\n');
  const text = isFound ? line.slice(0, 160) || `ended by ${signal}` : code === 0 ? 'not found' : said;
  console.log(
    `| ${fault} | ${isWrong ? `not found, since this law does not hold itself: ${line}` : text} | ${seconds} |`,
  );
}
console.log(`${found} of ${chosen.length} faults are found`);
process.exitCode = wrong > 0 ? 2 : 0;
