/** Workers with separate devices: a specification of devices, GPUs together with cores, user-defined WGSL on each. */
import { devices } from 'ewald';
import { Executor } from 'ewald/executors';
import { Context, clusterSpec, executorFor, type ResultBuffer, stddevUdf, sumSigUdf } from 'ewald/udf';
import { describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { twins, which } from './gpu-module.mjs';

const available = async (backend: 'webgpu' | 'cuda-emulated') =>
  (await devices({ backend }).catch(() => [])).some((one) => one.backend === backend && one.available);
const kinds = ['webgpu', 'cuda-emulated'] as const;
const present = { webgpu: await available('webgpu'), 'cuda-emulated': await available('cuda-emulated') };
for (const kind of kinds)
  if (!present[kind] && (process.env.EWALD_REQUIRE ?? '').split(',').includes(kind))
    throw new Error(`EWALD_REQUIRE names ${kind}, but it is absent`);

const shape = { navShape: [4, 6], sigShape: [9, 11] } as const;
const frames = Uint16Array.from({ length: 24 * 99 }, (_, i) => (i * 7919) % 1009);
const place = { module: new URL('./gpu-module.mjs', import.meta.url), function: 'place' };

test('a spec has one worker per device, and none for removed devices', () => {
  const all = { cpus: [0, 1], cudas: [1], webgpus: ['A'], hasNative: true };
  expect(clusterSpec({ ...all, name: 'head' })).toEqual({
    'head-cpu-0': { context: { backend: 'native' } },
    'head-cpu-1': { context: { backend: 'native' } },
    'head-cuda-1-0': { context: { backend: 'cuda', device: 1 } },
    'head-webgpu-0': { context: { backend: 'webgpu', device: 'A' } },
  });
  expect(Object.keys(clusterSpec({ ...all, cpus: [], cudas: [], hasNative: false }))).toEqual(['default-webgpu-0']);
  expect(() => clusterSpec({ cpus: [] })).toThrow('no device left');
});

describe.each(kinds)('workers on %s', (backend) => {
  test.skipIf(!present[backend])(
    'beside other workers: each computes on its own device, and they agree',
    { tags: 'all' },
    async () => {
      const gpu = { backend, strict: true, log: { level: 'error' } } as const;
      const spec = { ...clusterSpec({ cpus: [0], hasNative: false }), gpu: { context: gpu } };
      const executor = await executorFor(spec, Executor.workers);
      const seen = new Set<unknown>();
      for await (const { value } of executor.run(Array.from({ length: 4 }, () => place))) seen.add(value);
      expect([...seen].sort()).toEqual([`${backend} 1,2,3,4`, 'wasm 1,2,3,4'].sort());
      const [on, here] = [new Context({ executor }), new Context({ context: { backend: 'wasm' } })];
      const results = await Promise.all(
        [on, here].map((ctx) =>
          ctx.runUdf(ctx.fromMemory(frames, shape), [sumSigUdf(), stddevUdf()], { numPartitions: 6 }),
        ),
      );
      for (const name of ['std', 'sum'] as const)
        expect(results[0]?.[1][name].data).toEqual(results[1]?.[1][name].data);
      expect(results[0]?.[0].intensity.data).toEqual(results[1]?.[0].intensity.data);
      for (const ctx of [on, here]) await ctx.close();
      await executor.dispose();
    },
  );

  test.skipIf(!present[backend])('by makeWith: the GPUs that are present, and no others', { tags: 'all' }, async () => {
    const context = { backend, log: { level: 'error' } } as const;
    const ctx = await Context.makeWith('workers', { cpus: 1, gpus: 1, context });
    const { intensity } = await ctx.runUdf(ctx.fromMemory(frames, shape), sumSigUdf(), { numPartitions: 4 });
    expect(intensity.data[23]).toBe(frames.subarray(23 * 99).reduce((a, b) => a + b, 0));
    await ctx.close();
    await refused(
      () => Context.makeWith('workers', { cpus: 1, gpus: [0, 64], context }),
      'Unsupported',
      'GPU 64',
      'has 1',
    );
  });
});

describe.skipIf(!present.webgpu)('user-defined WGSL on two workers', () => {
  const context = { backend: 'webgpu', log: { level: 'error' } } as const;
  const options = { numPartitions: 5 };

  test('runs there, on a separate device for each, with the results of this thread', { tags: 'all' }, async () => {
    const ctx = await Context.makeWith('workers', { cpus: 0, gpus: [0, 0], context });
    const scan = ctx.fromMemory(frames, shape);
    const told = (await ctx.runUdf(scan, which, options)) as { language: ResultBuffer<'u8'> };
    expect([...told.language.data]).toEqual(Array.from({ length: 24 }, () => 2));
    const inline = new Context({ context });
    const plain = new Context({ context: { backend: 'wasm' } });
    const all = await Promise.all(
      [ctx, inline, plain].map((one) =>
        one.runUdf(one.fromMemory(frames, shape), { ...twins, params: { factor: 3 } }, options),
      ),
    );
    for (const name of ['value', 'tower']) {
      expect(all[0]?.[name]?.data).toEqual(all[2]?.[name]?.data);
      expect(all[1]?.[name]?.data).toEqual(all[2]?.[name]?.data);
    }
    // The JavaScript version ran there.
    const here = await plain.runUdf(plain.fromMemory(frames, shape), which, options);
    expect([...(here as { language: ResultBuffer<'u8'> }).language.data]).toEqual(Array.from({ length: 24 }, () => 1));
    for (const one of [ctx, inline, plain]) await one.close();
  });
});

test('impossible workers are refused', async () => {
  await refused(() => Context.makeWith('inline', { gpus: 1 }), 'Argument', 'inline has no option gpus');
  await refused(() => Context.makeWith('workers', { gpus: [-1] }), 'Argument', 'gpus is -1');
  await refused(() => Executor.workers({ contexts: [] }), 'Argument', 'contexts is empty');
  await refused(() => Executor.workers({ contexts: [{}], workers: 2 }), 'Argument', 'omit workers and context');
});
