/** Cluster analysis compared with its definition. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import { Context, pixelsUdf, type Scan } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterProblem, clustersOf } from '../../src/validate/oracle/udf/cluster.js';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';
import { goldenFrames, navShape, sigShape } from '../udf/golden.js';

const [, columns] = navShape;
const frames = goldenFrames();
let ctx: Context;
let scan: Scan;
let folder: string;
beforeAll(async () => {
  ctx = new Context({ context: { backend: 'wasm' } });
  scan = ctx.fromMemory(frames, { sigShape, navShape });
  folder = await mkdtemp(join(tmpdir(), 'ewald-cluster-'));
  await writeFile(join(folder, 'scan.raw'), frames);
});
afterAll(async () => {
  await ctx.close();
  await rm(folder, { recursive: true });
});

/** The labels of these frames by the definition. */
const oracle = (wish: Omit<ClusterProblem, 'data' | 'nav' | 'sig'>): number[] =>
  clustersOf({ ...wish, data: frames, nav: navShape, sig: sigShape });

test.each([
  ['six of all', {}, { nPeaks: 500, minDistance: 1, clusters: 6 }],
  ['few pixels, far apart', { nPeaks: 3, minDistance: 2 }, { nPeaks: 3, minDistance: 2, clusters: 6 }],
  [
    'on a ring',
    { cx: 4, cy: 3, ri: 1, ro: 3.5 },
    {
      nPeaks: 500,
      minDistance: 1,
      clusters: 6,
      inside: (y: number, x: number) => Math.hypot(y - 3, x - 4) <= 3.5 && Math.hypot(y - 3, x - 4) > 1,
    },
  ],
] as const)('labels: %s', async (_, options, wish) => {
  const { labels } = await ctx.run(ctx.createClusterAnalysis(scan, { ...options, clusters: 6 }));
  expect(labels.shape).toEqual(navShape);
  const wanted = oracle(wish);
  expect(new Set(wanted).size).toBe(6);
  expect([...(labels.data as Float64Array)]).toEqual(wanted);
});

test('a pixel that is NaN or infinite in some frame is ignored', async () => {
  const broken = Float32Array.from(frames);
  const quiet = frames.slice();
  for (const [pixel, value] of [
    [33, Number.NaN],
    [57, Number.POSITIVE_INFINITY],
  ] as const) {
    broken[4 * 80 + pixel] = value;
    for (let f = 0; f < 30; f++) quiet[f * 80 + pixel] = 0;
  }
  const of = ctx.fromMemory(broken, { sigShape, navShape });
  const { labels } = await ctx.run(ctx.createClusterAnalysis(of, { clusters: 6 }));
  const wish = { nPeaks: 500, minDistance: 1, clusters: 6, nav: navShape, sig: sigShape };
  expect([...(labels.data as Float64Array)]).toEqual(clustersOf({ ...wish, data: quiet }));
});

test('of a region: positions outside it have no label, and parts that do not touch cannot be joined', async () => {
  const roi = Uint8Array.from({ length: 30 }, (_, i) => (i % columns < 3 ? 1 : 0));
  const analysis = ctx.createClusterAnalysis(scan, { clusters: 4 });
  const { labels } = await ctx.run(analysis, { roi });
  const wanted = oracle({ nPeaks: 500, minDistance: 1, clusters: 4, there: (i) => roi[i] === 1 });
  expect([...(labels.data as Float64Array)]).toEqual(wanted);
  const apart = Uint8Array.from({ length: 30 }, (_, i) => (i % columns !== 2 ? 1 : 0));
  await refused(
    () => ctx.run(ctx.createClusterAnalysis(scan, { clusters: 1 }), { roi: apart }),
    'Argument',
    '2 disconnected regions',
    '1 clusters',
  );
});

test('areas of different frames are recovered, on workers and in one pass with other UDFs', async () => {
  // Three areas of 12 × 12 positions, each with a different spot; counts fluctuate.
  const area = (i: number): number => (i % 12 < 5 ? 0 : Math.floor(i / 12) < 7 ? 1 : 2);
  const spots = [3 * 16 + 4, 8 * 16 + 11, 12 * 16 + 5];
  const data = new Uint8Array(144 * 256);
  for (let i = 0; i < data.length; i++) data[i] = 5 + ((Math.imul(i, 2654435761) >>> 16) % 3);
  for (let i = 0; i < 144; i++) data[i * 256 + (spots[area(i)] as number)] = 200 + (i % 7);
  const workers = await Context.makeWith('workers', { cpus: 2, context: { backend: 'wasm' } });
  const areas = workers.fromMemory(data, { sigShape: [16, 16], navShape: [12, 12] });
  const analyses = [workers.createSumAnalysis(areas), workers.createClusterAnalysis(areas, { clusters: 3, nPeaks: 3 })];
  const [sum, cluster] = await workers.runAll(analyses, { numPartitions: 4 });
  await workers.close();
  expect(Array.from(cluster?.labels?.data ?? [])).toEqual(Array.from({ length: 144 }, (_, i) => area(i) + 1));
  expect(sum?.intensity?.data[0]).toBe(
    Array.from({ length: 144 }, (_, i) => data[i * 256] as number).reduce((a, b) => a + b, 0),
  );
});

test('ewald run cluster', { tags: 'all' }, async () => {
  const file = [
    join(folder, 'scan.raw'),
    '--format',
    'raw',
    '--dtype',
    'u16',
    '--sig-shape',
    '8,10',
    '--nav-shape',
    '6,5',
  ];
  const run = (...args: string[]) => ewald(['run', ...args], { env: { EWALD_BACKEND: 'wasm' }, cwd: folder });
  const { code, err } = await run('cluster', ...file, '--clusters', '5', '--n-peaks', '4', '-o', 'labels.npy');
  expect([code, err]).toEqual([0, '']);
  const { shape, data } = readNpy(await readFile(join(folder, 'labels.npy')), 'labels.npy');
  expect([shape, [...data]]).toEqual([[6, 5], oracle({ nPeaks: 4, minDistance: 1, clusters: 5 })]);
  const wrong = await run('cluster', ...file, '--clusters', '0');
  expect([wrong.code, wrong.out]).toEqual([2, '']);
  expect(wrong.err).toContain('--clusters');
});

test('invalid requests are refused', async () => {
  const create = (options: object) => async () => ctx.createClusterAnalysis(scan, options);
  await refused(create({ peak: 3 }), 'Argument', '"peak"');
  await refused(create({ clusters: 0 }), 'Argument', 'clusters');
  await refused(create({ minDistance: 0.5 }), 'Argument', 'minDistance');
  await refused(create({ ri: 3, ro: 2 }), 'Argument', 'ri is 3');
  const flat = ctx.fromMemory(new Uint8Array(800).fill(7), { sigShape, navShape: [10] });
  await refused(() => ctx.run(ctx.createClusterAnalysis(flat)), 'Argument', 'no pixel varies');
  await refused(() => ctx.runUdf(scan, pixelsUdf()), 'Argument', 'there is no pixel');
  await refused(() => ctx.runUdf(scan, pixelsUdf({ pixels: [80] })), 'Argument', 'pixel 0 is 80', '0 to 79');
});
