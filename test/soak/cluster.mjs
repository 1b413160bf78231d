/** A cluster whose server and workers are repeatedly killed and stopped during runs with large results. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Executor } from '../../dist/executors.node.js';
import { createContext } from '../../dist/index.node.js';
import { Context, stddevUdf, sumUdf } from '../../dist/udf.node.js';
import { trouble } from '../executors/chaos.mjs';

export const name = 'cluster';
export const about =
  'ten seeds of killed and stopped servers and workers; stream, HDF5 and UDFs are those of this thread';
export const minutes = 20;

const port = 24_222;
const url = `nats://127.0.0.1:${port}`;
const large = 2 ** 20;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? undefined
    : new Promise((resolve) => child.once('exit', resolve));

const digest = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Runs the pipeline over the simulated frames of the tests, and gives a hash of its stream and its HDF5. */
async function frameRun(folder, note) {
  const data = process.env.EWALD_TEST_DATA ?? '../shared/data';
  const sim = (file) => resolve(data, 'sim', file);
  if (!existsSync(sim('mono.h5'))) {
    note('absent: simulated frames');
    return undefined;
  }
  return async (name, more) => {
    const [output, hdf5] = ['stream', 'h5'].map((ending) => join(folder, `${name}.${ending}`));
    const context = await createContext({ backend: 'wasm' });
    const given = { inputs: sim('mono.h5'), geometry: sim('mono.geom'), cells: [sim('mono.cell')], briefItems: true };
    for await (const { error } of context.pipeline({ ...given, output, hdf5, commandLine: 'ewald index', ...more }))
      if (error) throw error;
    await context.dispose();
    if (existsSync(`${output}.shards`)) throw new Error('the folder of shards was not removed');
    return digest(readFileSync(output), readFileSync(hdf5));
  };
}

/** Two partitions whose results have 100 MB each. */
async function largeUdf(folder) {
  const file = join(folder, 'large.raw');
  writeFileSync(
    file,
    Uint16Array.from({ length: 4 * 2048 * 2048 }, (_, i) => i % 241),
  );
  const shape = { format: 'raw', dtype: 'u16', sigShape: [2048, 2048], navShape: [4] };
  return async (ctx) => {
    const results = await ctx.runUdf(await ctx.load(file, shape), stddevUdf, { numPartitions: 2 });
    await ctx.close();
    return digest(...Object.values(results).map(({ data }) => new Uint8Array(data.buffer)));
  };
}

export async function run({ scale, note }) {
  if (spawnSync('nats-server', ['--version']).status !== 0) {
    note('absent: nats-server');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-cluster-'));
  const children = new Map();
  const start = (what, command, args) => {
    const env = { ...process.env, EWALD_BACKEND: 'wasm' };
    children.set(what, spawn(command, args, { stdio: 'ignore', env }));
  };
  const starters = {
    server: () => start('server', 'nats-server', ['-a', '127.0.0.1', '-p', `${port}`]),
  };
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const tasks = fileURLToPath(new URL('../executors/tasks.mjs', import.meta.url));
  for (const worker of ['one', 'two'])
    starters[worker] = () =>
      start(worker, process.execPath, [
        cli,
        'worker',
        '--connect',
        url,
        '--jobs=1',
        '--name',
        worker,
        '--shards',
        folder,
        '--module',
        `mine=${tasks}`,
      ]);
  const kill = async (what) => {
    const child = children.get(what);
    child.kill('SIGKILL');
    await ended(child);
  };
  let over = false;
  try {
    starters.server();
    await pause(1);
    const executor = await Executor.connect(url, { modules: ['mine'] });
    starters.one();
    starters.two();
    const member = (what) => [
      what,
      { kill: () => kill(what), start: starters[what], signal: (name) => children.get(what).kill(name) },
    ];
    const members = Object.fromEntries(['server', 'one', 'two'].map(member));
    const pauses = { between: 12, away: 3, stopped: 60 };
    const runOn = await frameRun(folder, note);
    const alone = await runOn?.('alone', {});
    const largeOn = await largeUdf(folder);
    const largeAlone = await largeOn(new Context());
    const file = join(folder, 'scan.raw');
    const frames = Uint16Array.from({ length: 64 * 64 * 64 }, (_, i) => i % 251);
    writeFileSync(file, frames);
    const shape = { format: 'raw', dtype: 'u16', sigShape: [64, 64], navShape: [64] };
    const sumOn = async (ctx) => {
      const { intensity } = await ctx.runUdf(await ctx.load(file, shape), sumUdf, { numPartitions: 16 });
      await ctx.close();
      return intensity.data.join();
    };
    const wanted = await sumOn(new Context());
    const { hash } = await executor.share(new Uint8Array(large).fill(3));
    const seeds = Math.max(1, Math.round(10 * scale));
    for (let seed = 1; seed <= seeds; seed++) {
      over = false;
      const troubled = trouble(members, seed, pauses, () => over);
      const list = Array.from({ length: 60 }, (_, i) =>
        i % 3 === 0
          ? { module: 'mine', function: 'sumOf', argument: 'x', inputs: { x: { hash } } }
          : {
              module: 'mine',
              function: i % 3 === 1 ? 'slowSquare' : 'allocate',
              argument: i % 3 === 1 ? { ms: 500, value: i } : large + i,
            },
      );
      const seen = new Set();
      // Workers are killed more often than in other tests.
      for await (const { index, value } of executor.run(list, { ordered: false, retries: 10 })) {
        if (seen.has(index)) throw new Error(`task ${index} was given twice`);
        seen.add(index);
        const right =
          index % 3 === 0
            ? value === 3 * large
            : index % 3 === 1
              ? value === index ** 2
              : value.length === large + index;
        if (!right) throw new Error(`task ${index} gave ${String(value).slice(0, 100)}`);
      }
      if (seen.size !== list.length) throw new Error(`${seen.size} results of ${list.length} tasks`);
      if ((await sumOn(await Context.connect(url))) !== wanted) throw new Error('the sum of the frames is another one');
      if ((await largeOn(await Context.connect(url))) !== largeAlone) throw new Error('results of 100 MB differ');
      if (runOn && (await runOn(`seed-${seed}`, { executor })) !== alone) throw new Error('stream or HDF5 differ');
      over = true;
      note(`seed ${seed}: ${(await troubled).join(', ') || 'nothing was killed'}`);
    }
    await executor.dispose();
  } finally {
    over = true;
    for (const child of children.values()) {
      child.kill('SIGKILL');
      await ended(child);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
