#!/usr/bin/env node
// Measures the overhead of an executor for each task, and the speedup of two workers on a thousand tasks:
//   npm run bench -- parallel [--markdown FILE]
// --markdown writes the page benchmarks/results/parallel.md. On a busy machine, look at the fastest round. A missed
// aim does not fail the run; a wrong answer does.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPage } from '../lib/page.mjs';

const { values: options } = parseArgs({ options: { markdown: { type: 'string' } } });
const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (path) => join(root, path);
if (!existsSync(file('dist/executors.node.js'))) {
  process.stderr.write('bench: dist/executors.node.js not found; run node scripts/build.mjs first\n');
  process.exit(1);
}
const { Executor, spmd } = await import(file('dist/executors.node.js'));
const module = new URL('./tasks.mjs', import.meta.url).href;
const program = new URL('../../test/parallel/communicator/program.mjs', import.meta.url).href;
const rounds = 5;
let wrong = 0;

const nats = spawnSync('nats-server', ['--version'], { encoding: 'utf8' });
const page = startPage({
  title: 'Executors: measured',
  command: 'node benchmarks/parallel/run.mjs --markdown benchmarks/results/parallel.md',
  builds: [nats.status === 0 ? `NATS: ${(nats.stdout || nats.stderr).trim()}` : 'NATS: nats-server is not installed'],
});
const line = (what, values, unit, aim, most = true) => page.line({ what, values, unit, aim, most });

/** Seconds that a run of `count` tasks takes. */
async function timed(executor, count, name, argument) {
  const tasks = Array.from({ length: count }, (_, i) => ({ module, function: name, argument: argument ?? i }));
  const began = performance.now();
  let next = 0;
  for await (const { value } of executor.run(tasks)) if (value !== (argument ?? next++)) wrong++;
  return (performance.now() - began) / 1000;
}

async function overhead(executor, count, aim, unit, scale) {
  await timed(executor, Math.min(count, 500), 'nothing');
  const each = [];
  for (let round = 0; round < rounds; round++) each.push((scale * (await timed(executor, count, 'nothing'))) / count);
  line(`${executor.kind}: a task that does nothing, ${unit}`, each, unit, aim);
}

const inline = await Executor.inline();
await overhead(inline, 5000, undefined, 'us', 1e6);
await inline.dispose();

const speeds = {};
for (const count of [1, 2]) {
  const workers = await Executor.workers({ workers: count });
  if (count === 2) await overhead(workers, 5000, 50, 'us', 1e6);
  speeds[count] = [];
  for (let round = 0; round < 3; round++) speeds[count].push(await timed(workers, 1000, 'wait', 5));
  await workers.dispose();
}
line(
  'workers: 1000 tasks of 5 ms, two over one, x',
  speeds[1].map((one, i) => one / speeds[2][i]),
  'x',
  1.9,
  false,
);

for (const [bytes, count, what] of [
  [8, 1000, '8 bytes'],
  [2 ** 16, 1000, '64 KiB'],
  [2 ** 24, 20, '16 MiB'],
]) {
  const argument = { bytes, rounds: count };
  const trips = [];
  for (let round = 0; round < 3; round++)
    trips.push((await spmd({ module: program, function: 'pingPong', argument }, { ranks: 2 }))[0]);
  line(`threads: ${what} there and back, us`, trips, 'us');
}

if (nats.status === 0) {
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
  const address = ['-a', '127.0.0.1', '-p', String(port)];
  const server = spawn('nats-server', address, { stdio: 'ignore' });
  const url = `nats://127.0.0.1:${port}`;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const args = [file('dist/cli.js'), 'worker', '--connect', url, '--jobs', '1', '--allow-modules'];
  const joined = [0, 1].map(() => spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  try {
    await Promise.all(joined.map(({ stdout }) => new Promise((resolve) => stdout.once('data', resolve))));
    const connected = await Executor.connect(url);
    await overhead(connected, 2000, 1, 'ms', 1e3);
    await connected.dispose();
  } finally {
    for (const child of [...joined, server]) child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
if (wrong > 0) console.log(`\n${wrong} wrong answers`);
else page.write(options.markdown);
process.exitCode = wrong > 0 ? 1 : 0;
