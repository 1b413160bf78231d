/** A script that defines its functions itself starts workers, which import it: they must not start more workers. */
import { Executor } from 'ewald/executors';
import { expect, test } from 'vitest';

test('a module that starts workers when a worker imports it is refused, with what to do', async () => {
  const executor = await Executor.workers({ workers: 1 });
  const module = new URL('./starts-workers.mjs', import.meta.url).href;
  try {
    const run = (async () => {
      for await (const _ of executor.run([{ module, function: 'square', argument: 3 }]));
    })();
    await expect(run).rejects.toMatchObject({
      tag: 'Load',
      message: expect.stringMatching(/starts-workers\.mjs .*would start more workers in each: put the function into a/),
    });
  } finally {
    await executor.dispose();
  }
  // This thread is no worker.
  await (await Executor.workers({ workers: 1 })).dispose();
});
