/** Sparse frames are processed without being made dense, with the results of the dense ones. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnyUdf,
  Context,
  comUdf,
  defineUdf,
  logSumUdf,
  masks,
  masksUdf,
  type Scan,
  stddevUdf,
  sumSigUdf,
  sumUdf,
  validateUdf,
} from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { lit as definition } from './sparse-module.mjs';

const [rows, columns, height, width] = [4, 6, 9, 7];
const [count, pixels] = [rows * columns, height * width];
const dense = new Uint16Array(count * pixels);
const [starts, where, values]: [number[], number[], number[]] = [[0], [], []];
for (let frame = 0; frame < count; frame++) {
  // One frame is empty.
  for (let p = 0; p < pixels && frame !== 5; p++)
    if ((frame * 31 + p * 17) % 11 === 0) {
      where.push(p);
      values.push(1 + ((frame + p) % 13));
      dense[frame * pixels + p] = 1 + ((frame + p) % 13);
    }
  starts.push(where.length);
}
// A pixel that is listed twice has the sum of both.
where.push(3, 3);
values.push(2, 5);
starts[count] = where.length;
dense[(count - 1) * pixels + 3] = (dense[(count - 1) * pixels + 3] as number) + 7;

const lit: AnyUdf = defineUdf(definition);
let folder: string;
const contexts: Context[] = [];
const scanOf = (ctx: Context): Promise<Scan> => ctx.load(join(folder, 'scan.toml'));
const memory = (ctx: Context): Scan =>
  ctx.fromMemory(dense, { navShape: [rows, columns], sigShape: [height, width], dtype: 'u16' });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-sparse-'));
  const parts = { indptr: ['<u4', Uint32Array.from(starts)], indices: ['<u4', Uint32Array.from(where)] } as const;
  let toml = `[params]\nfiletype = "raw_csr"\nnav_shape = [${rows}, ${columns}]\nsig_shape = [${height}, ${width}]\n`;
  toml += '[raw_csr]\n';
  for (const [name, [type, array]] of Object.entries({ ...parts, data: ['<u2', Uint16Array.from(values)] as const })) {
    await writeFile(join(folder, `${name}.raw`), array);
    toml += `${name}_file = "${name}.raw"\n${name}_dtype = "${type}"\n`;
  }
  await writeFile(join(folder, 'scan.toml'), toml);
});
afterAll(async () => {
  for (const ctx of contexts) await ctx.close();
  await rm(folder, { recursive: true });
});
async function opened(kind: Parameters<typeof Context.makeWith>[0]): Promise<Context> {
  const ctx = await Context.makeWith(kind, { ...(kind === 'workers' && { cpus: 2 }), context: { backend: 'wasm' } });
  contexts.push(ctx);
  return ctx;
}

const size = { width, height, cy: 4, cx: 3 };
const ramp = Float32Array.from({ length: pixels }, (_, p) => (p % 5) - 1.5);
const few = new Float64Array(pixels);
few.set([0.5, 2.5], 30);
const udfs: Record<string, AnyUdf> = {
  sum: sumUdf(),
  sumsig: sumSigUdf(),
  stddev: stddevUdf(),
  com: comUdf({ r: 3 } as never),
  masks: masksUdf({
    masks: [masks.circular({ ...size, r: 2 }), ramp, few, masks.ring({ ...size, ri: 1, ro: 3 })],
  } as never),
  lit: lit,
};
type Found = Record<string, { readonly data: Float64Array }>;

/** Dense reads of a scan, to show that there are none. */
function countReads(scan: Scan): () => number {
  const { dataset } = scan;
  const read = dataset.read.bind(dataset);
  let reads = 0;
  Object.assign(dataset, {
    read: (...args: Parameters<typeof read>) => {
      reads++;
      return read(...args);
    },
  });
  return () => reads;
}

describe.each(['inline', 'workers'] as const)('on %s', (kind) => {
  test.each(Object.entries(udfs))('%s has the results of dense frames', async (_, udf) => {
    const ctx = contexts.find(({ executor }) => (executor?.kind ?? 'inline') === kind) ?? (await opened(kind));
    const scan = await scanOf(ctx);
    const reads = countReads(scan);
    const roi = Uint8Array.from({ length: count }, (_, i) => (i % 4 === 1 ? 0 : 1));
    for (const options of [{}, { roi }, { numPartitions: 5 }]) {
      const found = (await ctx.runUdf(scan, udf, options)) as unknown as Found;
      const wanted = (await ctx.runUdf(memory(ctx), udf, options)) as unknown as Found;
      for (const [name, { data }] of Object.entries(wanted))
        for (const [i, value] of data.entries())
          if (Number.isNaN(value)) expect(found[name]?.data[i]).toBeNaN();
          else expect(found[name]?.data[i], `${name} ${i}`).toBeCloseTo(value, 4);
    }
    expect(reads()).toBe(0);
    await scan.dispose();
  });
});

describe('a run', () => {
  test('of large frames has the sums of all of a partition', async () => {
    // Dense frames of this size are read in pieces: sums were those of the last one.
    const [frames, side] = [64, 512];
    const toml = `[params]\nfiletype = "raw_csr"\nnav_shape = [${frames}]\nsig_shape = [${side}, ${side}]\n[raw_csr]\n`;
    const files = {
      indptr: ['<u4', Uint32Array.from({ length: frames + 1 }, (_, i) => i)],
      indices: ['<u4', new Uint32Array(frames).fill(77)],
      data: ['<u2', Uint16Array.from({ length: frames }, (_, i) => i + 1)],
    } as const;
    for (const [name, [, array]] of Object.entries(files)) await writeFile(join(folder, `large-${name}.raw`), array);
    const of = Object.entries(files).map(
      ([name, [type]]) => `${name}_file = "large-${name}.raw"\n${name}_dtype = "${type}"\n`,
    );
    await writeFile(join(folder, 'large.toml'), toml + of.join(''));
    const ctx = await opened('inline');
    const scan = await ctx.load(join(folder, 'large.toml'));
    const [sum, deviations] = (await ctx.runUdf(scan, [sumUdf(), stddevUdf()])) as unknown as [Found, Found];
    expect(sum.intensity?.data[77]).toBe((frames * (frames + 1)) / 2);
    expect(deviations.var?.data[77]).toBeCloseTo((frames ** 2 - 1) / 12, 9);
    await scan.dispose();
  });

  test('sees dense frames if one of its functions, or corrections, need them', async () => {
    const ctx = await opened('inline');
    const scan = await scanOf(ctx);
    const reads = countReads(scan);
    const [both] = (await ctx.runUdf(scan, [lit, logSumUdf()])) as unknown as [Found];
    expect(reads()).toBeGreaterThan(0);
    const alone = (await ctx.runUdf(scan, lit)) as unknown as Found;
    expect(both.lit?.data).toEqual(alone.lit?.data);
    const before = reads();
    const corrections = { gain: new Float32Array(pixels).fill(2) };
    const { intensity } = await ctx.runUdf(scan, sumUdf(), { corrections });
    expect(reads()).toBeGreaterThan(before);
    expect(intensity.data[3]).toBe(2 * dense.reduce((sum, value, i) => sum + (i % pixels === 3 ? value : 0), 0));
  });

  test('names the frame that is damaged, and the function that throws', async () => {
    const ctx = await opened('inline');
    const bad = join(folder, 'bad.raw');
    await writeFile(
      bad,
      Uint32Array.from(where, (p, k) => (k === starts[7] ? pixels : p)),
    );
    const toml = (await readFile(join(folder, 'scan.toml'), 'utf8')).replace('indices.raw', 'bad.raw');
    await writeFile(join(folder, 'bad.toml'), toml);
    const damaged = await ctx.load(join(folder, 'bad.toml'));
    await refused(() => ctx.runUdf(damaged, sumUdf()), 'Format', 'frame 7 is damaged', `pixel ${pixels} of ${pixels}`);
    const throwing = defineUdf({
      ...definition,
      processSparse: () => {
        throw new Error('no');
      },
    });
    await refused(async () => ctx.runUdf(await scanOf(ctx), throwing), 'Argument', 'threw in frames 0 to', 'no');
  });
});

describe('validateUdf', () => {
  test('compares processSparse with the method for dense frames', async () => {
    const good = await validateUdf(lit);
    expect(good.pass).toBe(true);
    expect(good.results.map(({ name, by }) => [name, by])).toEqual([
      ['lit', 'sparse'],
      ['total', 'sparse'],
    ]);
    const forgetting = defineUdf({
      ...definition,
      processSparse: ({ count, results }: { count: number; results: { lit: Uint32Array } }) => {
        for (let i = 0; i < count; i++) results.lit[i] = 1;
      },
    });
    expect((await validateUdf(forgetting)).pass).toBe(false);
  });

  test('a function without a method for dense frames is refused when it is defined', async () => {
    const { processFrame: _, ...sparse } = definition;
    await refused(
      () => Promise.resolve(defineUdf(sparse as never)),
      'Argument',
      'would process a frame of a dense scan',
    );
  });
});
