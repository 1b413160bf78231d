// @module-tag all: Chromium.
/** Executors in a browser: Web Workers with separate contexts, and the same results as on this thread. */
import { expect, test } from 'vitest';
import { Executor } from '../../dist/executors.browser.js';

const source = `
export const square = (x) => x * x;
export const sumOf = async (name, scope) => (await scope.input(name)).reduce((sum, x) => sum + x, 0);
export const hang = () => { for (;;); };`;
const module = `data:text/javascript,${encodeURIComponent(source)}`;

test('tasks on Web Workers, with a shared input and a context', async () => {
  expect(crossOriginIsolated).toBe(true);
  const counts: Record<string, bigint[]> = {};
  for (const make of [() => Executor.inline(), () => Executor.workers({ workers: 2 })]) {
    const executor = await make();
    try {
      const { hash } = await executor.share(Float32Array.of(1, 2, 3));
      const tasks = [
        { module, function: 'square', argument: 7 },
        { module, function: 'sumOf', argument: 'x', inputs: { x: { hash } } },
      ];
      const values: unknown[] = [];
      for await (const { value } of executor.run(tasks)) values.push(value);
      expect(values).toEqual([49, 6]);
      const parts = [0, 1, 2].map((i) => ({
        module: 'pi',
        function: 'count',
        argument: { points: 1e5, first: i * 1e5, seed: 7 },
      }));
      const hits: bigint[] = [];
      for await (const { value } of executor.run(parts)) hits.push(value as bigint);
      counts[executor.kind] = hits;
    } finally {
      await executor.dispose();
    }
  }
  expect(counts.workers).toEqual(counts.inline);
});

test('a Web Worker that never responds is replaced, and a missing script is reported', {
  tags: 'nightly',
}, async () => {
  const executor = await Executor.workers({ workers: 1 });
  try {
    const run = async (name: string) => {
      const values: unknown[] = [];
      const options = { taskTimeoutS: 1, retries: 0 };
      for await (const { value } of executor.run([{ module, function: name, argument: 3 }], options))
        values.push(value);
      return values;
    };
    await expect(run('hang')).rejects.toMatchObject({ tag: 'Lost' });
    expect(await run('square')).toEqual([9]);
  } finally {
    await executor.dispose();
  }
  await expect(Executor.workers({ worker: '/nowhere.js', workers: 1 })).rejects.toMatchObject({ tag: 'Lost' });
});
