/** `using` and `await using` of what holds files or runs, on every Node that is named; errors that were posted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, EwaldError, isEwaldError } from 'ewald';
import { type Dataset, open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { formatNpy } from '../../src/frames/npy.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-using-'));
const file = join(folder, 'scan.npy');
writeFileSync(file, formatNpy({ shape: [2, 2, 8, 8], data: new Float64Array(256), complex: false }));
afterAll(() => rmSync(folder, { recursive: true }));

test('a dataset and a scan end with the block that opened them', async () => {
  const held: Pick<Dataset, 'read'>[] = [];
  await using ctx = new Context({ context: { backend: 'wasm' } });
  {
    await using dataset = await open(file);
    await using loaded = await ctx.load(file);
    held.push(dataset, (loaded as unknown as { readonly dataset: Dataset }).dataset);
    await dataset.read(0, 1);
  }
  {
    using dataset = await open(file);
    held.push(dataset);
  }
  for (const ended of held) await expect(ended.read(0, 1)).rejects.toThrow();
});

test('a run ends with the block that began it', async () => {
  await using context = await createContext({ backend: 'wasm' });
  await using executor = await Executor.inline();
  const pushed = context.pipeline({ inputs: 'pushed' });
  const runs = [
    context.pipeline({ inputs: file }),
    executor.run([{ module: 'x', function: 'y', argument: 1 }]),
    pushed,
  ] as AsyncGenerator<unknown>[];
  for (const run of runs) {
    {
      await using _ = run;
    }
    await expect(run.next()).resolves.toEqual({ done: true, value: undefined });
  }
});

test('an error that was posted keeps its tag, and an error of another program has none', async () => {
  const error = new EwaldError('Shape', 'it is 3, expected 4', { cause: new EwaldError('File', 'it is gone') });
  const { port1, port2 } = new MessageChannel();
  const posted = new Promise<unknown>((resolve) => {
    port2.onmessage = ({ data }) => resolve(data);
  });
  port1.postMessage(error);
  for (const found of [structuredClone(error), await posted]) {
    expect([isEwaldError(found, 'File'), isEwaldError(found, 'Shape')]).toEqual([false, true]);
    expect(found).toBeInstanceOf(EwaldError);
    expect(found).toMatchObject({ tag: 'Shape', name: 'EwaldError', message: error.message, detail: {} });
    expect(isEwaldError((found as Error).cause, 'File')).toBe(true);
  }
  port1.close();
  for (const other of [new Error('EwaldError [Shape]: x'), new TypeError('EwaldError [Shape]'), { name: 'EwaldError' }])
    expect(isEwaldError(structuredClone(other))).toBe(false);
});
