/** A cluster whose server and workers are repeatedly killed and stopped during runs with large results. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Executor } from '../../dist/executors.node.js';
import { Context, sumUdf } from '../../dist/udf.node.js';
import { trouble } from '../executors/chaos.mjs';

export const name = 'cluster';
export const about = 'server and workers killed and stopped every few seconds, nothing lost, nothing doubled';
export const minutes = 20;

const port = 24_222;
const url = `nats://127.0.0.1:${port}`;
const large = 2 ** 20;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? undefined
    : new Promise((resolve) => child.once('exit', resolve));

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
    const troubled = trouble(members, Date.now(), pauses, () => over);
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
    const until = Date.now() + 60_000 * minutes * scale;
    let rounds = 0;
    while (Date.now() < until) {
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
      rounds++;
    }
    over = true;
    const done = await troubled;
    await executor.dispose();
    note(`${rounds} rounds of 60 tasks and a UDF; ${done.length} times a member was killed or stopped`);
  } finally {
    over = true;
    for (const child of children.values()) {
      child.kill('SIGKILL');
      await ended(child);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
