#!/usr/bin/env node
// Measures the client of a cluster with thousands of slots: the client and the workers are those of the package, but
// tasks wait on timers and report pretended frames. First in one process and in virtual time, which tells how busy the
// slots are on machines that keep up (benchmarks/cluster/schedule.mjs); then in processes with a nats-server between
// them, which tells what the client computes.
//   npm run bench -- cluster [--workers 125] [--slots 32] [--low 640] [--high 1920] [--frames 8] [--seconds 16]
//     [--deaths 0] [--slow 0]
//   One lost worker of a thousand: --workers 999 --slots 4 --low 500 --high 3000 --seconds 9 --deaths 1
// --low and --high bound the milliseconds of a task of --frames frames; --deaths kills single workers (as many more are
// started) while it runs; --slow makes workers 20 times as slow. All processes share this machine: their busy slots are
// a lower bound, and mean nothing if the pretended workers did not get the cores that they need, about 0.4 ms a task.
// The client's CPU is nearly independent of others. A wrong answer makes the exit code 1.
import { fork, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usual = { workers: 125, slots: 32, low: 640, high: 1920, frames: 8, seconds: 16, deaths: 0, slow: 0 };
const texts = Object.fromEntries(
  Object.entries(usual).map(([name, value]) => [name, { type: 'string', default: `${value}` }]),
);
const { values } = parseArgs({ options: texts });
const given = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
const wrong = Object.keys(given).find((name) => !(given[name] >= 0));
if (wrong !== undefined) {
  process.stderr.write(`bench: --${wrong} is "${values[wrong]}"; expected a number of 0 or more\n`);
  process.exit(2);
}
if (spawnSync('nats-server', ['--version']).status !== 0) {
  process.stdout.write('absent: nats-server\n');
  process.exit(0);
}
const esm = (file) => new URL(`../../build/esm/${file}`, import.meta.url);
if (!existsSync(esm('parallel/nats/joined.js'))) {
  process.stderr.write('bench: build/esm not found; run node scripts/build.mjs first\n');
  process.exit(1);
}
const { connect } = await import(esm('parallel/nats/connect.js'));
const { nodePlace } = await import(esm('entries/place.node.js'));
const { briefRecords } = await import(esm('pipeline/shards/brief.js'));
const { RunSummary } = await import(esm('pipeline/summary.js'));
const { workers, slots, low, high, frames, seconds, deaths, slow } = given;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Seconds until all slots are filled. */
const fillS = 4;

const port = await new Promise((resolve) => {
  const listening = createServer().listen(0, '127.0.0.1', () => {
    const { port } = listening.address();
    listening.close(() => resolve(port));
  });
});
const url = `nats://127.0.0.1:${port}`;
const folder = mkdtempSync(join(tmpdir(), 'ewald-cluster-'));
const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore', cwd: folder });
const children = [];
/** Starts pretended workers in a process. */
async function fleet(name, count, slowOnes) {
  const parts = JSON.stringify({ url, workers: count, slots, slow: slowOnes, name });
  const child = fork(fileURLToPath(new URL('fleet.mjs', import.meta.url)), [parts]);
  children.push(child);
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error(`${name} did not start`)));
  });
  return child;
}
const stateOf = (child) =>
  new Promise((resolve) => {
    child.once('message', resolve);
    child.send('state');
  });

let failed = false;
try {
  const schedule = fileURLToPath(new URL('schedule.mjs', import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, [schedule, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const virtual = JSON.parse(`${stdout}` || '{}');
  failed = status !== 0;
  await pause(1000);
  const per = Math.ceil(workers / 4);
  const fleets = [];
  for (let left = workers; left > 0; left -= per)
    fleets.push(await fleet(`fleet ${fleets.length}`, Math.min(per, left), fleets.length === 0 ? slow : 0));
  const doomed = [];
  for (let i = 0; i < deaths; i++) doomed.push(await fleet(`doomed ${i}`, 1, 0));
  const executor = await connect(nodePlace, url, { workerTimeoutS: 30 });
  const all = slots * (workers + deaths);
  // On a busy machine workers answer late, and the window of a run follows from the number of slots.
  while (executor.slots < all) await executor.workers();
  const until = performance.now() + 1000 * (fillS + seconds);
  let drawn = 0;
  const list = (function* () {
    for (; performance.now() < until; drawn++) {
      const ms = low + (high - low) * Math.random();
      yield { module: 'pipeline', function: 'search', argument: { ms, first: drawn * frames, frames } };
    }
  })();
  const summary = new RunSummary();
  let [next, again, busy, fleetCores] = [0, 0, Number.NaN, Number.NaN];
  let cpu = { us: 0, frames: 0 };
  const measured = (async () => {
    await pause(1000 * fillS);
    const [first, cpuFirst] = [await Promise.all(fleets.map(stateOf)), process.cpuUsage()];
    for (const child of doomed) {
      await pause((500 * seconds) / deaths);
      child.kill('SIGKILL');
    }
    await pause(Math.max(0, until - performance.now() - 500));
    const [last, used] = [await Promise.all(fleets.map(stateOf)), process.cpuUsage(cpuFirst)];
    const ended = first.reduce((sum, one, i) => sum + last[i].done - one.done, 0);
    cpu = { us: used.user + used.system, frames: frames * ended };
    const share = (a, b) => (b.busyMs - a.busyMs) / (b.at - a.at);
    fleetCores = first.reduce((sum, one, i) => sum + (last[i].cpuMs - one.cpuMs) / (last[i].at - one.at), 0);
    busy = first.reduce((sum, one, i) => sum + share(one, last[i]), 0) / (slots * workers);
  })();
  const began = performance.now();
  for await (const { index, value, attempts } of executor.run(list, { retries: 3 })) {
    if (index !== next++) failed = true;
    if (attempts > 1) again++;
    const records = briefRecords(value);
    if (records.length !== frames || records[0].origin.serial !== index * frames) failed = true;
    for (const record of records) summary.add(record);
  }
  const tookS = (performance.now() - began) / 1000;
  await measured;
  if (next !== drawn) failed = true;
  await executor.dispose();
  const rows = [
    ['slots', `${all}`, '4000'],
    ['slots busy, in virtual time', `${(100 * virtual.busy).toFixed(1)} %`, '-'],
    ['slot time repeated for lost workers, in virtual time', `${(100 * virtual.lost).toFixed(3)} %`, '0.05 %'],
    ['slots busy here, from 4 s on', `${(100 * busy).toFixed(1)} %`, '99.6 to 100 %'],
    ["client's CPU a frame", `${(cpu.us / cpu.frames).toFixed(1)} us`, '10 to 11 us'],
    ['cores that the pretended workers got', fleetCores.toFixed(2), '-'],
    ['frames/s', `${Math.round((drawn * frames) / tookS)}`, '25000'],
    ['tasks that were lost with a worker', `${again} of ${drawn}`, '6 of one worker with 4 slots'],
    ['results missing, doubled or wrong', failed ? 'YES' : 'none', 'none'],
  ];
  process.stdout.write(`${cpus().length} x ${cpus()[0]?.model.trim()}, load ${loadavg()[0].toFixed(1)}\n\n`);
  process.stdout.write('| | measured | prototype |\n| --- | --- | --- |\n');
  for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
