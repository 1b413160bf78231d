/** Initial states of results, positions without a frame, and methods that return promises. */
import { Context, defineUdf, type ResultBuffer, type UdfContextOptions } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { least } from './module.mjs';

type Numbers = Record<string, ResultBuffer<'f64'>>;
/** Eight frames of 2 × 2 pixels, with no number below 5. */
const frames = Uint16Array.from({ length: 32 }, (_, i) => 5 + ((i * 7) % 32));
const whole = { sigShape: [2, 2], navShape: [8] } as const;
const leastOf = (positions: readonly number[]): number[] =>
  [0, 1, 2, 3].map((p) => Math.min(...positions.map((f) => frames[4 * f + p] as number)));
const all = [0, 1, 2, 3, 4, 5, 6, 7];

const contexts: { kind: string; ctx: Context }[] = [];
beforeAll(async () => {
  const context: UdfContextOptions = { context: { backend: 'wasm' } };
  for (const kind of ['inline', 'workers', 'delayed'] as const)
    contexts.push({ kind, ctx: await Context.makeWith(kind, { ...context, ...(kind === 'workers' && { cpus: 1 }) }) });
});
afterAll(async () => {
  for (const { ctx } of contexts) await ctx.close();
});

describe('preprocess', () => {
  test('sets the state of the whole results before the first partition is merged, on every executor', async () => {
    for (const { kind, ctx } of contexts) {
      const run = await ctx.runUdf(ctx.fromMemory(frames, whole), least, { numPartitions: 3 });
      const { pixel, seen, lowest } = run as Numbers;
      expect([...(pixel?.data ?? [])], kind).toEqual(leastOf(all));
      expect([...(lowest?.data ?? [])], kind).toEqual([Math.min(...leastOf(all))]);
      expect([...(seen?.data ?? [])], kind).toEqual(all.map((f) => 100 + f));
    }
  });

  test('keeps its state at positions without a frame, which no merge processes', async () => {
    for (const { kind, ctx } of contexts) {
      const scan = ctx.fromMemory(frames, { ...whole, syncOffset: -3 });
      const { pixel, seen } = (await ctx.runUdf(scan, least, { numPartitions: 2 })) as Numbers;
      expect([...(pixel?.data ?? [])], kind).toEqual(leastOf([0, 1, 2, 3, 4]));
      expect([...(seen?.data ?? [])], kind).toEqual([-1, -1, -1, 103, 104, 105, 106, 107]);
      expect([...(seen?.rawValidMask ?? [])], kind).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
    }
  });

  test('sees the whole run as the partition -1, with task data, parameters and auxiliary data of its size', async () => {
    const calls: string[] = [];
    const udf = defineUdf({
      name: 'told',
      params: { start: 3 },
      buffers: { value: { kind: 'nav', dtype: 'f64' } },
      getTaskData: ({ meta }) => meta.positions.length,
      preprocess({ results, params, task, meta }) {
        calls.push(`${meta.partition.index} ${meta.partition.count} ${[...meta.positions].join('')} ${task}`);
        results.value.fill(params.start);
      },
      processFrame: () => undefined,
    });
    const { ctx } = contexts[0] as (typeof contexts)[0];
    const roi = [0, 1, 1, 0, 1, 0, 0, 1];
    const { value } = await ctx.runUdf(ctx.fromMemory(frames, whole), udf, { roi, numPartitions: 2 });
    expect(calls).toEqual(['-1 4 1247 4', '0 2 12 2', '1 2 47 2']);
    expect([...value.rawData]).toEqual([3, 3, 3, 3]);
  });

  test('that throws is reported with the names of the UDF and the method', async () => {
    const { ctx } = contexts[0] as (typeof contexts)[0];
    const udf = defineUdf({
      name: 'brittle',
      buffers: { value: { kind: 'nav', dtype: 'f64' } },
      preprocess() {
        throw new Error('no state');
      },
      processFrame: () => undefined,
    });
    await refused(
      () => ctx.runUdf(ctx.fromMemory(frames, whole), udf),
      'Argument',
      'brittle',
      'preprocess',
      'no state',
    );
  });
});

describe('a method that returns a promise is refused by its name', () => {
  const later = () => Promise.resolve() as never;
  const base = { name: 'late', buffers: { value: { kind: 'nav', dtype: 'f64' } } } as const;
  const plain = { ...base, processFrame: () => undefined };
  const cases = {
    buffers: { ...plain, buffers: later },
    getTaskData: { ...plain, getTaskData: later },
    preprocess: { ...plain, preprocess: later },
    processFrame: { ...base, processFrame: later },
    processTile: { ...base, processTile: later },
    processPartition: { ...base, processPartition: later },
    postprocess: { ...plain, postprocess: later },
    merge: { ...plain, merge: later },
    mergeAll: { ...plain, mergeAll: later },
    getResults: { ...plain, getResults: later },
  } as const;
  test.each(Object.entries(cases))('%s', async (method, definition) => {
    const { ctx } = contexts[0] as (typeof contexts)[0];
    const run = async () => ctx.runUdf(ctx.fromMemory(frames, whole), defineUdf(definition as never));
    await refused(run, 'Argument', 'late', `${method} returned a promise`);
  });

  test('as is the promise of a function mapped over frames', async () => {
    const { ctx } = contexts[0] as (typeof contexts)[0];
    const map = () => ctx.map(ctx.fromMemory(frames, whole), later as () => number);
    await refused(map, 'Argument', 'the function returned a promise');
  });

  test('as are async functions and generators, when they are defined', async () => {
    const made = (processFrame: unknown) => async () => defineUdf({ ...base, processFrame } as never);
    await refused(
      made(async () => undefined),
      'Argument',
      'late',
      'processFrame is an async function',
    );
    await refused(
      made(function* () {}),
      'Argument',
      'late',
      'processFrame is a generator',
    );
    const merge = async () => undefined;
    await refused(async () => defineUdf({ ...plain, merge } as never), 'Argument', 'merge is an async function');
  });
});

test.each([[5], [undefined], [new Float64Array(8)], [{ value: 5 }]])(
  'getResults that returns %o is refused',
  async (returned) => {
    const { ctx } = contexts[0] as (typeof contexts)[0];
    const buffers = { value: { kind: 'nav', dtype: 'f64' } } as const;
    const udf = defineUdf({ name: 'odd', buffers, processFrame: () => undefined, getResults: () => returned as never });
    const run = async () => ctx.runUdf(ctx.fromMemory(frames, whole), udf);
    const tag = typeof returned === 'object' && !ArrayBuffer.isView(returned) ? 'Shape' : 'Argument';
    await refused(run, tag, 'the UDF odd: getResults returns', 'expected');
  },
);

test('buffers with mistakes are refused when they are defined', async () => {
  const made = (value: object) => async () =>
    defineUdf({ name: 'wrong', buffers: { value }, processFrame: () => undefined } as never);
  await refused(made({ kind: 'navigation', dtype: 'f64' }), 'Argument', 'value of the UDF wrong: kind', 'nav');
  await refused(made({ kind: 'nav', dtype: 'float' }), 'Argument', 'value of the UDF wrong: dtype', 'f64');
  await refused(made({ kind: 'nav', dtype: 'f64', extrashape: [2] }), 'Argument', 'did you mean "extraShape"');
  const empty = { name: 'wrong', buffers: {}, processFrame: () => undefined };
  await refused(async () => defineUdf(empty), 'Argument', 'declares no buffers');
});
