/** Reuse of the memory of partitions, and results that stay where they were made. */
import { Context, defineUdf, sumUdf, validateUdf } from 'ewald/udf';
import { describe, expect, test } from 'vitest';
import { SpareFrames } from '../../src/udf/execution/memory.js';
import { remembering } from './module.mjs';

test('memory is reused if it is large enough, and never given out twice at once', () => {
  const spare = new SpareFrames();
  const first = spare.take('u16', 100);
  expect(first).toBeInstanceOf(Uint16Array);
  spare.give(first);
  const smaller = spare.take('u16', 60);
  expect([smaller.length, smaller.buffer === first.buffer]).toEqual([60, true]);
  expect(spare.take('u16', 60).buffer).not.toBe(first.buffer);
  spare.give(smaller);
  expect(spare.take('u16', 101).buffer).not.toBe(first.buffer);
  expect(spare.take('u16', 100).buffer).toBe(first.buffer);
  const pairs = spare.take('c64', 5);
  expect(pairs).toHaveLength(10);
});

interface Detached {
  readonly detached: { readonly data: Uint8Array };
}
/** Three megabytes of frames: three partitions. */
const [frames, side] = [96, 128];
const pixels = side * side;
const data = Uint16Array.from({ length: frames * pixels }, (_, i) => i % 65521);
const raw = { format: 'raw', dtype: 'u16', navShape: [frames], sigShape: [side, side] } as const;
const sumOf = (p: number): number => {
  let sum = 0;
  for (let i = 0; i < frames; i++) sum += data[i * pixels + p] as number;
  return sum;
};

test.each([
  ['as they are', {}],
  ['converted', { dtype: 'f32' }],
  ['corrected', { corrections: { dark: new Float32Array(pixels).fill(1) } }],
] as const)('partitions use the memory of earlier ones for frames %s, whatever the UDF', async (_, given) => {
  const seen = new Set<ArrayBufferLike>();
  const { corrections, dtype } = given as { corrections?: object; dtype?: 'f32' };
  const looking = defineUdf({
    name: 'looking',
    ...(dtype && { dtype }),
    buffers: () => ({ first: { kind: 'nav', dtype: 'f64' } }),
    processFrame({ frame, results }) {
      seen.add(frame.buffer);
      results.first[0] = frame[0] as number;
    },
  });
  const ctx = new Context();
  try {
    const scan = await ctx.load(new Uint8Array(data.buffer), raw);
    const options = { ...(corrections && { corrections }), numPartitions: 12 };
    const [{ first }, { intensity }] = await ctx.runUdf(scan, [looking, sumUdf()], options);
    // A partition in use, its copy in another dtype, and one that is read ahead.
    expect(seen.size).toBeLessThanOrEqual(3);
    const off = corrections ? 1 : 0;
    expect([...first.data]).toEqual(Array.from({ length: frames }, (_, i) => (data[i * pixels] as number) - off));
    expect(intensity.data[7]).toBe(sumOf(7) - off * frames);
  } finally {
    await ctx.close();
  }
});

test('results that a worker has sent are not detached there: detaching slows every typed array of its thread', async () => {
  const ctx = await Context.makeWith('workers', { cpus: 1, context: { backend: 'wasm' } });
  try {
    const scan = ctx.fromMemory(data, { navShape: [frames], sigShape: [side, side] });
    const { detached } = (await ctx.runUdf(scan, remembering, { numPartitions: 4 })) as unknown as Detached;
    expect([...new Set(detached.data)]).toEqual([0]);
  } finally {
    await ctx.close();
  }
});

describe('validateUdf finds functions that keep frames beyond their call', () => {
  const buffers = { value: { kind: 'nav', dtype: 'f64' }, number: { kind: 'nav', dtype: 'f64' } } as const;
  const first = (kept: ArrayLike<number>[]): number => (kept[0] as ArrayLike<number>)[0] as number;
  test.each(['processFrame', 'processTile', 'processPartition'] as const)('in %s', async (method) => {
    const make = (copy: boolean) =>
      defineUdf({
        name: 'keeper',
        buffers,
        tiling: { depth: 2 },
        getTaskData: () => [],
        // biome-ignore lint/suspicious/noExplicitAny: a scope of any of the three methods
        [method]({ frame, tile, frames, results, task: kept }: any) {
          const seen = frame ?? tile ?? frames;
          kept.push(copy ? seen.slice() : seen);
          results.value.fill(first(kept.slice(-2)));
          results.number.fill(1);
        },
        // biome-ignore lint/suspicious/noExplicitAny: the same
        postprocess: ({ results, task: kept }: any) => {
          results.value[0] = first(kept);
        },
      } as never);
    // Even copies of earlier frames are not the same in every partition.
    const mergeFaults = [expect.stringMatching(/^the result value depends on the number of partitions/)];
    expect(await validateUdf(make(true))).toMatchObject({ device: 'none', results: [], keepsFrames: [], mergeFaults });
    expect(await validateUdf(make(false))).toMatchObject({ pass: false, keepsFrames: ['value'] });
  });

  test('lists methods that write into their frames, and results that are written outside', async () => {
    const buffers = { value: { kind: 'nav', dtype: 'f32', extraShape: [4] }, total: { kind: 'single', dtype: 'f64' } };
    const reportOf = (methods: object) =>
      validateUdf(defineUdf({ name: 'tested', buffers, merge, ...methods } as never));
    const merge = ({ dest, src }: Record<'dest' | 'src', Record<'value' | 'total', Float64Array>>): void => {
      dest.value = src.value;
      dest.total = src.total;
    };
    type Scope = { frame: Float64Array; tile: Float64Array; results: { value: Float64Array; total: unknown } };
    const right = await reportOf({
      processFrame({ frame, results }: Scope) {
        results.value.set(frame.subarray(0, 4));
        results.value.subarray(1, 3)[1] = Math.max(...results.value);
        for (let i = 0; i < results.value.length; i++) results.value[i] = 2 * (results.value[i] as number);
        results.total = 7;
      },
    });
    expect(right).toMatchObject({ pass: true, writesFrames: [], writesOutside: [] });
    for (const index of [4, -1, 0.5, Number.NaN]) {
      const report = await reportOf({
        processFrame({ results }: Scope) {
          results.value[0] = 1;
          results.value[index] = 1;
        },
      });
      expect(report, `index ${index}`).toMatchObject({ pass: false, writesFrames: [], writesOutside: ['value'] });
    }
    const merging = await reportOf({
      processTile: ({ tile }: Scope) => void tile.fill(0),
      merge: ({ dest }: { dest: Record<string, Float64Array> }) => {
        (dest.total as Float64Array).subarray(0, 1)[1] = 1;
      },
    });
    expect(merging).toMatchObject({ pass: false, writesFrames: ['processTile'], writesOutside: ['total'] });
  });
});
