/** Server and workers are killed and stopped at random during a run: each result arrives once, as on this thread. */
import { createHash } from 'node:crypto';
import { Executor } from 'ewald/executors';
import { describe, expect, test } from 'vitest';
import { encode } from '../../src/parallel/codec.js';
import { run as soak } from '../soak/cluster.mjs';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { answers, chaosTasks, trouble } from './chaos.mjs';

const module = new URL('./tasks.mjs', import.meta.url);
const hash = (value: unknown): string => createHash('sha256').update(encode(value)).digest('hex');
/** More than fits into a piece. */
const large = 700_000;

/** A worker that can be killed and started again. */
class Revived {
  #process: WorkerProcess | undefined;
  constructor(readonly url: string) {}

  async start(): Promise<void> {
    this.#process = new WorkerProcess(this.url, ['--module', `mine=${module.pathname}`]);
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  async kill(): Promise<void> {
    this.#process?.kill();
    await this.#process?.ended();
  }
}

/** Compares runs of `count` tasks with one on this thread, until all that is planned has happened. */
async function survive(seed: number, count: number, plan: Parameters<typeof trouble>[2]): Promise<void> {
  const inline = await Executor.inline({ context: { backend: 'wasm' }, modules: { mine: module } });
  const wanted = await answers(inline, await chaosTasks(inline, count, large), hash);
  await inline.dispose();
  const server = await new NatsServer().start();
  const members = { server, one: new Revived(server.url), two: new Revived(server.url) };
  await Promise.all([members.one.start(), members.two.start()]);
  const executor = await Executor.connect(server.url, { modules: ['mine'] });
  let [hasHappened, hasFailed] = [false, false];
  const troubled = trouble(members, seed, plan, () => hasFailed).finally(() => {
    hasHappened = true;
  });
  try {
    while (!hasHappened)
      expect(await answers(executor, await chaosTasks(executor, count, large), hash)).toEqual(wanted);
  } catch (error) {
    hasFailed = true;
    throw error;
  } finally {
    await troubled;
    await executor.dispose();
    await Promise.all([members.one.kill(), members.two.kill()]);
    await server.stop();
  }
}

describe.skipIf(!natsPresent)('chaos', () => {
  test('of some seconds', { tags: 'nightly', timeout: 300_000 }, () =>
    survive(1, 60, { kills: 3, stops: 1, between: 1, away: 1, stopped: 3 }),
  );

  // Ten seeds at full length are in `npm run soak -- cluster`.
  test('with clients that are killed and a server that is away', { tags: 'nightly', timeout: 900_000 }, () =>
    soak({ scale: 0.05, seeds: [1] }),
  );
});
