// @module-tag nightly: Chromium and a bundler.
/** A page, bundled by Vite, joins a cluster over WebSocket and submits tasks to it, together with a Node worker. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { answerOf } from './site.js';
import { node, root } from './support.js';

const folder = join(root, 'build/test/cluster-page');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = `
import { Executor, joinCluster, listCluster } from '${join(root, 'dist/executors.browser.js')}';
const say = (value) => {
  document.querySelector('output').textContent = JSON.stringify(value);
};
try {
  const url = new URLSearchParams(location.search).get('url');
  const token = 'secret';
  const nats = () => Promise.all([import('@nats-io/nats-core')]);
  const absent = await Executor.connect(url, { token }).catch((error) => error.tag + ' ' + /nats: \\(\\)/.test(error.message));
  const refused = await Executor.connect(url, { token: 'guess', nats }).catch((error) => error.tag);
  const events = [];
  const onEvent = (event) => events.push(event);
  const options = { nats, serverTimeoutS: 1, onEvent };
  const nobody = await Executor.connect('ws://127.0.0.1:59999', options).catch((error) => error.tag);
  const joined = await joinCluster(url, { token, nats, workers: 2, name: 'page' });
  const executor = await Executor.connect(url, { token, nats });
  const names = (await listCluster(url, { token, nats })).map(({ name, platform }) => name + ' ' + platform);
  const run = async (points) => {
    const tasks = Array.from({ length: 24 }, (_, i) => ({
      module: 'pi', function: 'count', argument: { points, first: i * points, seed: 3 },
    }));
    const results = [];
    for await (const { value, worker } of executor.run(tasks)) results.push([Number(value), worker.split(' / ')[0]]);
    return results;
  };
  const results = await run(200000);
  await executor.dispose();
  await joined.leave();
  say({ absent, refused, nobody, waits: events.length, names, hits: results.reduce((sum, [hits]) => sum + hits, 0), workers: [...new Set(results.map(([, name]) => name))].sort() });
} catch (error) {
  say(String(error.message));
}
`;

test.skipIf(!natsPresent)('a page joins a cluster and submits to it', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<output></output><script type="module" src="./main.js"></script>');
  writeFileSync(join(folder, 'main.js'), script);
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const built = await node([vite, 'build', folder, '--outDir', 'dist', '--target', 'es2022', '--logLevel', 'warn']);
  expect(built.code, built.err + built.out).toBe(0);
  const server = await new NatsServer('authorization { token: "secret" }').start();
  const worker = new WorkerProcess(server.url, ['--name', 'node', '--backend', 'wasm'], { EWALD_NATS_TOKEN: 'secret' });
  try {
    await worker.joined();
    const query = `?url=${encodeURIComponent(`ws://127.0.0.1:${server.webSocketPort}`)}`;
    const answer = JSON.parse(await answerOf(join(folder, 'dist'), query));
    const { createContext } = await import(join(root, 'dist/index.node.js'));
    const context = await createContext({ backend: 'wasm' });
    const plan = await context.pi();
    const { hits } = await plan.run({ points: 4_800_000, seed: 3 });
    await context.dispose();
    expect(answer).toEqual({
      absent: 'Load true',
      refused: 'Argument',
      nobody: 'Lost',
      waits: 1,
      names: ['node node', 'page browser'],
      hits: Number(hits),
      workers: ['node', 'page'],
    });
  } finally {
    worker.kill();
    await worker.ended();
    await server.stop();
  }
});
