/** User-defined UDFs in WGSL: compared with their JavaScript, merged by the same merge, refused with a message. */
import { createContext, devices } from 'ewald';
import { auxData, Context, defineUdf, validateUdf } from 'ewald/udf';
import { describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { someOf } from '../support/variants.js';

const present = (await devices({ backend: 'webgpu' })).some(
  ({ backend, available }) => backend === 'webgpu' && available,
);
if (!present && (process.env.EWALD_REQUIRE ?? '').split(',').includes('webgpu'))
  throw new Error('EWALD_REQUIRE names webgpu, but it is absent');

const base = {
  name: 'moments of a frame',
  params: {
    floor: 10,
    double: true,
    gain: auxData(
      Float32Array.from({ length: 20 }, (_, i) => i),
      { kind: 'nav', dtype: 'f32' },
    ),
  },
  buffers: {
    value: { kind: 'nav', dtype: 'f64', extraShape: [2] },
    counts: { kind: 'nav', dtype: 'i16' },
    above: { kind: 'sig', dtype: 'u32' },
    all: { kind: 'single', dtype: 'f32' },
  },
  processFrame({ frame, results, params, aux, position }: never) {
    const { value, counts, above, all } = results as Record<'value' | 'counts' | 'above' | 'all', Float64Array>;
    const { floor, double } = params as { floor: number; double: boolean };
    let [sum, least, count] = [0, Number.POSITIVE_INFINITY, 0];
    for (const [i, v] of (frame as Float32Array).entries()) {
      sum += v;
      least = Math.min(least, v);
      if (v > floor) {
        count--;
        above[i] = (above[i] as number) + 1;
      }
    }
    value[0] = (double ? 2 : 1) * sum * ((aux as { gain: Float32Array }).gain[0] as number);
    value[1] = least + position;
    counts[0] = count;
    all[0] = (all[0] as number) + count;
  },
  processFrameWgsl: `
    fn process_frame(lane: u32) {
      var sum = 0.0;
      var least = 1e30;
      var count = 0;
      for (var i = lane; i < PIXELS; i += LANES) {
        let v = pixel(i);
        sum += v;
        least = min(least, v);
        if (v > params.floor) {
          count -= 1;
          set_above(i, get_above(i) + 1u);
        }
      }
      let all_sum = lanes_sum(sum);
      let all_least = lanes_min(least);
      let all_count = lanes_sum_i32(count);
      if (lane == 0u) {
        set_value(0u, select(1.0, 2.0, params.double > 0.0) * all_sum * get_gain(0u));
        set_value(1u, all_least + f32(position()));
        set_counts(0u, all_count);
        set_all(0u, get_all(0u) + f32(all_count));
      }
    }`,
  merge({ dest, src }: { dest: Record<string, Float64Array>; src: Record<string, Float64Array> }) {
    for (const name of ['value', 'counts']) (dest[name] as Float64Array).set(src[name] as Float64Array);
    for (const name of ['above', 'all'])
      for (const [i, more] of (src[name] as Float64Array).entries()) {
        const to = dest[name] as Float64Array;
        to[i] = (to[i] as number) + more;
      }
  },
} as const;
// biome-ignore lint/suspicious/noExplicitAny: the methods here work for any UDF
const moments = defineUdf(base as any);

test('WGSL without an equivalent in JavaScript is refused before anything runs', async () => {
  const { processFrame: _, ...alone } = base;
  const make = (more: object) => async () => defineUdf({ ...base, ...more } as never);
  await refused(make({ processFrameWgsl: 'fn other() {}' }), 'Argument', 'fn process_frame');
  await refused(
    async () => defineUdf({ ...alone, processTile() {} } as never),
    'Argument',
    'equivalent of processFrame',
  );
});

describe.skipIf(!present)('user-defined WGSL', () => {
  test.each(someOf(['i16', 'f32', 'u8', 'u16', 'u32'] as const, 2))('equals JavaScript, over %s', async (dtype) => {
    const { pass, results, device } = await validateUdf(moments, { dtype });
    expect(device).not.toBe('none');
    expect(
      results.map(({ name }) => name),
      JSON.stringify(results),
    ).toEqual(['value', 'counts', 'above', 'all']);
    expect(pass, JSON.stringify(results)).toBe(true);
  });

  test('WGSL that differs from its JavaScript is reported, with the position', async () => {
    const wrong = defineUdf({
      ...base,
      processFrameWgsl: base.processFrameWgsl.replace('count -= 1', 'count -= 2'),
    } as never);
    const { pass, results } = await validateUdf(wrong);
    expect(pass).toBe(false);
    expect(results.find(({ name }) => name === 'counts')).toMatchObject({ pass: false, bound: 0 });
    expect(results.find(({ name }) => name === 'above')?.pass).toBe(true);
  });

  test('a mistake is named with the line of the snippet', async () => {
    const broken = defineUdf({
      ...base,
      processFrameWgsl: 'fn process_frame(lane: u32) {\n  nonsense(lane);\n}',
    } as never);
    await refused(() => validateUdf(broken), 'Argument', 'moments-of-a-frame:2', 'nonsense');
    const wide = defineUdf({ ...base, buffers: { ...base.buffers, counts: { kind: 'nav', dtype: 'i64' } } } as never);
    await refused(() => validateUdf(wide), 'Argument');
  });

  test('partitions, a region of interest and shifted frames work as usual', async () => {
    const frames = Uint16Array.from({ length: 20 * 63 }, (_, i) => (i * 7919) % 251);
    const found: number[][][] = [];
    for (const context of [{}, { context: { backend: 'webgpu', strict: true, log: { level: 'error' } } }] as const) {
      const ctx = new Context(context);
      const scan = ctx.fromMemory(frames, { navShape: [4, 5], sigShape: [7, 9], syncOffset: 2 });
      const roi = Uint8Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? 0 : 1));
      const results = await ctx.runUdf(scan, moments, { roi, numPartitions: 3 });
      found.push(
        Object.values(results as Record<string, { data: unknown }>).map(({ data }) => [...(data as number[])]),
      );
      await ctx.close();
    }
    expect(found[1]).toEqual(found[0]);
  });
});

describe('ctx.frameFunction refuses immediately', () => {
  const descriptor = {
    name: 'sums',
    source: 'fn process_frame(lane: u32) {}',
    dtype: 'u16',
    width: 4,
    height: 3,
    results: [{ name: 'value', kind: 'nav', type: 'f32', numbers: 2 }],
    params: ['floor'],
    tables: [],
  };
  test.each<[string, unknown, ...string[]]>([
    ['no object', null, 'null'],
    ['a misspelt field', { ...descriptor, widht: 4 }, '"widht"', 'did you mean "width"'],
    ['no source', { ...descriptor, source: '' }, 'source'],
    ['an unknown dtype', { ...descriptor, dtype: 'f64' }, 'dtype is "f64"'],
    ['no width', { ...descriptor, width: undefined }, 'width'],
    ['a name that is invalid in WGSL', { ...descriptor, params: ['a b'] }, '"a b" is not a valid name in WGSL'],
    ['a name twice', { ...descriptor, params: ['value'] }, '"value" is declared twice'],
    ['a result of nothing', { ...descriptor, results: [{ ...descriptor.results[0], numbers: 0 }] }, 'numbers of value'],
    ['no results', { ...descriptor, results: undefined }, 'results is undefined'],
  ])('%s', async (_what, given, ...words) => {
    const context = await createContext({ backend: 'wasm' });
    try {
      await refused(() => context.frameFunction(given as never), 'Argument', 'frameFunction', ...words);
    } finally {
      await context.dispose();
    }
  });

  test.runIf(present)('arrays of the wrong size in a run', async () => {
    const context = await createContext({ backend: 'webgpu' });
    try {
      const planned = await context.frameFunction(descriptor as never);
      const run = {
        frames: new Uint16Array(24),
        count: 2,
        positions: new Uint32Array(2),
        params: new Float32Array(1),
        tables: [],
        results: [new Float32Array(4)],
      };
      for (const [wrong, ...words] of [
        [{ frames: new Uint16Array(23) }, 'frames is a Uint16Array of 23', 'of 24'],
        [{ frames: new Float32Array(24) }, 'frames is a Float32Array', 'Uint16Array'],
        [{ positions: new Uint32Array(1) }, 'positions', 'Uint32Array of 2'],
        [{ params: [1] }, 'params', 'Float32Array of 1'],
        [{ results: [] }, '0 results', 'value'],
        [{ results: [new Float32Array(3)] }, 'value is a Float32Array of 3', 'of 4'],
      ] as const)
        await refused(() => planned.run({ ...run, ...wrong } as never), 'Shape', ...words);
      await planned.run(run as never);
    } finally {
      await context.dispose();
    }
  });
});
