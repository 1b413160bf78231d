/** Bragg vector maps: disks of every frame on their lattice, about the direct beam, in the unit of the calibration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import { type Calibration, Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

const [side, n, radius, cy, cx, e1, e2] = [4, 64, 3, 30.4, 33.7, 0.03, -0.02];
/** The lattice of each half of the scan; the second is not in the first, and has fewer disks in the sum. */
const crystals = [
  { a: [0, 14.2], b: [13.1, 0] },
  { a: [9.8, 9.1], b: [-9.3, 10.2] },
] as const;
const scale = { value: 0.4, error: 0, rings: [] };
const descan = { order: 1, span: 4, errors: [] } as const;
const calibration = {
  format: 'ewald calibration',
  version: 1,
  file: 'made',
  shape: [side, side, n, n],
  centre: { cy, cx, errors: [0, 0] },
  disk: { radius, error: 0, edge: 0.3 },
  ellipse: { e1, e2, errors: [0, 0], ellipticity: 0.07, angle: 0 },
  descan: {
    ...descan,
    coefficients: [
      [0, 0],
      [1.5, 0],
      [0, -2],
    ],
  },
  rotation: { refused: 'not measured' },
  scale,
  badPixels: { hot: [], dead: [], gap: [], invalid: [] },
  stop: [],
  notes: [],
} satisfies Calibration;

/** Frames with the disks of a lattice, through the distortion, moved by the descan. */
function framesOf(): Uint16Array {
  const frames = new Uint16Array(side * side * n * n);
  for (let position = 0; position < side * side; position++) {
    const [row, column] = [Math.floor(position / side), position % side];
    const [u, v] = [(2 * row) / (side - 1) - 1, (2 * column) / (side - 1) - 1];
    const { a, b } = crystals[row < side / 2 ? 0 : 1] as (typeof crystals)[number];
    for (let i = -1; i <= 1; i++)
      for (let j = -1; j <= 1; j++) {
        const [qy, qx] = [i * a[0] + j * b[0], i * a[1] + j * b[1]];
        const [py, px] = [cy + 1.5 * u + qy + e2 * qx - e1 * qy, cx - 2 * v + qx + e1 * qx + e2 * qy];
        for (let y = 0; y < n; y++)
          for (let x = 0; x < n; x++) {
            const at = (position * n + y) * n + x;
            const lit = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(y - py, x - px)));
            frames[at] = (frames[at] as number) + Math.round(60 * lit);
          }
      }
  }
  return frames;
}
const scan = ctx.fromMemory(framesOf(), { navShape: [side, side], sigShape: [n, n] });

/** The middle of what a map has within 2 pixels of a point, and its sum. */
function near(map: ArrayLike<number>, y: number, x: number): [sum: number, y: number, x: number] {
  let [sum, sy, sx] = [0, 0, 0];
  for (let i = 0; i < map.length; i++) {
    const [dy, dx] = [Math.floor(i / n) - n / 2 - y, (i % n) - n / 2 - x];
    if (Math.hypot(dy, dx) > 2.5) continue;
    sum += map[i] as number;
    sy += (map[i] as number) * dy;
    sx += (map[i] as number) * dx;
  }
  return [sum, sy / sum, sx / sum];
}

test('the disks of both crystals are on their lattices, and none elsewhere', async () => {
  const options = { pattern: 'circular', minHeight: 0.4, numPeaks: 9 } as const;
  const { map, disks, notes } = await ctx.run(ctx.createBraggAnalysis(scan, { ...options, calibration }));
  expect([map.shape, notes, Array.from(disks.data)]).toEqual([[n, n], [], Array.from({ length: 16 }, () => 9)]);
  let inside = 0;
  for (const { a, b } of crystals)
    for (let i = -1; i <= 1; i++)
      for (let j = -1; j <= 1; j++) {
        const [sum, y, x] = near(map.data, i * a[0] + j * b[0], i * a[1] + j * b[1]);
        inside += i === 0 && j === 0 ? sum / 2 : sum;
        expect(Math.hypot(y, x), `(${i}, ${j})`).toBeLessThan(0.15);
      }
  expect(inside / Array.from(map.data).reduce((total, value) => total + value, 0)).toBeGreaterThan(0.99);
  // Without descan and ellipse, the same disks are spread and displaced.
  const raw = await ctx.run(ctx.createBraggAnalysis(scan, { ...options, cy, cx, diskRadius: radius }));
  const [, y, x] = near(raw.map.data, 13.1, 14.2);
  expect(Math.hypot(y, x)).toBeGreaterThan(0.3);
});

test('a disk that the edge of the frame cuts is not on the map, since its middle is not known', async () => {
  const [size, radius] = [48, 4];
  const frame = (x: number): Float32Array =>
    Float32Array.from({ length: size * size }, (_, p) => {
      const lit = (cx: number): number =>
        Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(Math.floor(p / size) - 24, (p % size) - cx)));
      return 60 * (lit(24) + lit(x));
    });
  for (const [x, count] of [
    [42, 2],
    [47, 1],
    [49, 1],
  ] as const) {
    const one = ctx.fromMemory(frame(x), { navShape: [1], sigShape: [size, size] });
    const options = { pattern: 'circular', diskRadius: radius, minHeight: 0.2, numPeaks: 5 } as const;
    const { disks } = await ctx.run(ctx.createBraggAnalysis(one, { ...options, cy: 24, cx: 24 }));
    expect(disks.data[0], String(x)).toBe(count);
  }
});

test('axes have the unit of the calibration', async () => {
  const { map, qx } = await ctx.run(ctx.createBraggAnalysis(scan, { calibration, sampling: 2 }));
  expect([map.shape, qx.data[n], qx.data[n + 2], qx.desc]).toEqual([[128, 128], 0, 0.4, 'axis along x, nm⁻¹']);
  expect(map.desc).toContain('pixels of 0.2000 nm⁻¹');
  const axis = { unit: 'nm⁻¹', first: expect.closeTo(-12.8, 9), step: 0.2 };
  expect(map.axes).toEqual(['qy', 'qx'].map((name) => ({ name, ...axis })));
});

test('the command writes the same map', { tags: 'all' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-bragg-'));
  const ewald = (...words: string[]) => ewaldTogether(words, { cwd: folder });
  try {
    await ctx.exportDataset(scan, join(folder, 'scan.npy'));
    writeFileSync(join(folder, 'scan.cal.json'), JSON.stringify(calibration));
    const words = ['run', 'bragg', 'scan.npy', '--nav-shape', '4,4', '--num-peaks', '9', '--channel', 'map'];
    expect(await ewald(...words, '--calibration', 'scan.cal.json', '-o', 'map.npy')).toMatchObject({
      code: 0,
      err: '',
    });
    const { shape, data } = readNpy(readFileSync(join(folder, 'map.npy')), 'map.npy');
    const { map } = await ctx.run(ctx.createBraggAnalysis(scan, { calibration, numPeaks: 9 }));
    expect([shape, Array.from(data)]).toEqual([[n, n], Array.from(map.data)]);
    const { analyses } = JSON.parse(readFileSync(join(folder, 'map.npy.json'), 'utf8'));
    expect(analyses[0].calibration).toEqual(JSON.parse(JSON.stringify(calibration)));
    const refused = await ewald(...words, '-o', 'none.npy');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('radius')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
