/** Former names work, with one warning per process that says the present one. */
import { createContext } from 'ewald';
import { detect, formatsOf, memoryDataset } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { Context, comUdf, residentScan, sumUdf } from 'ewald/udf';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renamed, withFormer } from '../../src/base/renamed.js';

const warnings: string[] = [];
beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void warnings.push(text));
});
afterEach(() => {
  warnings.length = 0;
  vi.restoreAllMocks();
});
const frames = memoryDataset(new Uint16Array(4 * 16).fill(3), { navShape: [2, 2], sigShape: [4, 4] });

describe('options', () => {
  test('are read by their former names, in their present unit', () => {
    const names = { waitMs: ['waitS', 1e-3], old: 'fresh' } as const;
    expect(renamed('f', { waitMs: 250, old: 'x', kept: 1 }, names)).toEqual({ waitS: 0.25, fresh: 'x', kept: 1 });
    expect(warnings).toEqual([
      'ewald warn: f: waitMs is called waitS; the former name works in 0.2 only',
      'ewald warn: f: old is called fresh; the former name works in 0.2 only',
    ]);
    renamed('f', { waitMs: 1 }, names);
    expect(warnings).toHaveLength(2);
  });

  test.for<unknown>([{ kept: 1 }, undefined, null, 7, [], new Date(0)])(
    'without a former name are passed on: %s',
    (given) => {
      expect(renamed('f', given, { old: 'fresh', toString: 'text' })).toBe(given);
      expect(warnings).toEqual([]);
    },
  );

  test('given by both names are refused', () => {
    expect(() => renamed('f', { old: 1, fresh: 2 }, { old: 'fresh' })).toThrow('f: fresh was given twice');
  });

  test('of runs: edges of a cell, progress, timeouts', async () => {
    await using context = await createContext({ backend: 'wasm' });
    const run = (options: object) => context.pipeline({ inputs: 'absent.h5', ...options }).next();
    await expect(run({ max: 2 })).rejects.toThrow('pipeline: maxLengthA is 2; expected a number from 3 to 1000');
    await expect(run({ min: 'x' })).rejects.toThrow('pipeline: minLengthA is "x"');
    await using ctx = new Context({ context: { backend: 'wasm' } });
    const scan = ctx.fromMemory(new Uint16Array(64), { navShape: [2, 2], sigShape: [4, 4] });
    const seen: number[] = [];
    const progress = ({ done, total }: { done: number; total: number }): void => void seen.push(done / total);
    await ctx.runUdf(scan, sumUdf(), { progress, numPartitions: 2 } as never);
    expect(seen).toEqual([0.5, 1]);
    await expect(ctx.runUdf(scan, sumUdf(), { taskSeconds: 'x' } as never)).rejects.toThrow('taskTimeoutS is "x"');
    expect(warnings.join('\n')).toMatch(
      /max is called maxLengthA[\s\S]*progress is called onProgress[\s\S]*taskTimeoutS/,
    );
  });
});

describe('members', () => {
  test('are read by their former names, which are not listed', () => {
    const thing = withFormer('thing', { size: 3, read: () => 'read' }, { length: 'size', load: 'read' }) as never as {
      length: number;
      load(): string;
    };
    expect([thing.length, thing.load()]).toEqual([3, 'read']);
    expect(JSON.stringify(thing)).toBe('{"size":3}');
    expect(warnings).toHaveLength(2);
  });

  test('of datasets, resident scans and executors', async () => {
    const shape = frames.shape as unknown as { readonly navigation: unknown; readonly signal: unknown };
    expect([shape.navigation, shape.signal]).toEqual([
      [2, 2],
      [4, 4],
    ]);
    expect({ ...shape }).toEqual({ nav: [2, 2], sig: [4, 4] });
    const scan = (await residentScan(frames)) as unknown as { readonly navigation: readonly number[] };
    expect(scan.navigation).toEqual([2, 2]);
    await using executor = await Executor.inline();
    expect(await (executor as unknown as { detect(): Promise<unknown[]> }).detect()).toHaveLength(1);
    expect(warnings.map((text) => text.split(';')[0])).toEqual([
      'ewald warn: dataset.shape: navigation is called nav',
      'ewald warn: dataset.shape: signal is called sig',
      'ewald warn: ResidentScan: navigation is called nav',
      'ewald warn: executor: detect is called workers',
    ]);
  });
});

test('functions are called, and run without a call with a warning', async () => {
  expect(await detect(new Uint8Array(8))).toEqual(await formatsOf(new Uint8Array(8)));
  await using ctx = new Context({ context: { backend: 'wasm' } });
  const scan = ctx.fromMemory(new Uint16Array(64).fill(3), { navShape: [2, 2], sigShape: [4, 4] });
  const [called, { intensity }] = await ctx.runUdf(scan, [sumUdf(), sumUdf]);
  expect([...intensity.data]).toEqual([...called.intensity.data]);
  expect(comUdf.withParams({ cx: 1 }).params).toEqual(comUdf({ cx: 1 }).params);
  expect(() => comUdf({ cz: 1 } as never)).toThrow('the UDF com has no option "cz"');
  expect(warnings.map((text) => text.split(';')[0])).toEqual([
    'ewald warn: ewald/data: detect is called formatsOf',
    'ewald warn: ewald/udf: sumUdf is called sumUdf()',
    'ewald warn: ewald/udf: comUdf is called comUdf()',
  ]);
});
