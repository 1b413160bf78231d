/** Scans that stay in memory, and virtual detectors that are moved over them. */
import { memoryDataset } from 'ewald/data';
import {
  type Channel,
  Context,
  comUdf,
  fourierMagnitude,
  masks,
  masksUdf,
  residentBytes,
  residentScan,
  sumUdf,
  VirtualCom,
  VirtualDetector,
} from 'ewald/udf';
import { describe, expect, test } from 'vitest';

const [rows, columns, height, width] = [8, 9, 16, 18] as const;
const positions = rows * columns;
let seed = 5;
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const counts = Uint16Array.from({ length: positions * height * width }, () => Math.floor(65536 * random() ** 4));
const reals = Float32Array.from(counts, (value) => value / 7 - 1000);
const datasetOf = (data: Uint16Array | Float32Array) =>
  memoryDataset(data, { navShape: [rows, columns], sigShape: [height, width] });

/** The sum over a mask, computed from the frames. */
function summed(data: ArrayLike<number>, mask: ArrayLike<number>): Float64Array {
  const pixels = height * width;
  return Float64Array.from({ length: positions }, (_, i) => {
    let sum = 0;
    for (let p = 0; p < pixels; p++) if (mask[p]) sum += data[i * pixels + p] as number;
    return sum;
  });
}

const size = { width, height };
const kinds = {
  disk: (cx: number, cy: number) => masks.circular({ ...size, cx, cy, r: 5 }),
  ring: (cx: number, cy: number) => masks.ring({ ...size, cx, cy, ri: 3, ro: 6 }),
  rectangle: (cx: number, cy: number) => masks.rectangular({ ...size, x: cx, y: cy, w: 4, h: 3 }),
  point: (cx: number, cy: number) => masks.point({ ...size, cx: Math.max(0, cx), cy: Math.max(0, cy) }),
};

describe('a virtual detector', () => {
  test('that leaves a pixel that is NaN or infinite has the sums of the others', async () => {
    const broken = reals.slice();
    for (const [at, value] of [
      [3, Number.NaN],
      [40, Number.POSITIVE_INFINITY],
      [71, Number.NaN],
    ] as const)
      broken[at * height * width + 8 * width + 8] = value;
    const scan = await residentScan(datasetOf(broken));
    const [detector, com] = [new VirtualDetector(scan), new VirtualCom(scan)] as const;
    for (const [x, y] of [
      [8, 8],
      [13, 8],
      [9, 8],
      [8, 13],
    ] as const)
      for (const mask of [kinds.disk(x, y), kinds.ring(x, y)]) {
        const wanted = summed(broken, mask);
        const found = detector.set(mask);
        const isNear = (a: number, b: number): boolean =>
          Object.is(a, b) || Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));
        expect(wanted.findIndex((sum, i) => !isNear(found[i] as number, sum))).toBe(-1);
        const { magnitude } = com.set(mask, { regression: -1 });
        expect(wanted.findIndex((sum, i) => Number.isFinite(sum) !== Number.isFinite(magnitude[i]))).toBe(-1);
      }
  });

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])('a %s has the exact sums after every drag', async (kind) => {
    const scan = await residentScan(datasetOf(counts));
    const detector = new VirtualDetector(scan);
    let [x, y] = [8, 8];
    for (let drag = 0; drag < 50; drag++) {
      x = Math.max(0, Math.min(width - 1, x + Math.round(4 * random() - 2)));
      y = Math.max(0, Math.min(height - 1, y + Math.round(4 * random() - 2)));
      const mask = kinds[kind](x, y);
      expect(detector.set(mask)).toEqual(summed(counts, mask));
    }
  });

  test('floating-point sums do not drift', async () => {
    const detector = new VirtualDetector(await residentScan(datasetOf(reals)));
    for (let drag = 0; drag < 1000; drag++) detector.set(kinds.disk(4 + (drag % 9), 5 + (drag % 7)));
    const expected = summed(reals, kinds.disk(4 + (999 % 9), 5 + (999 % 7)));
    for (const [i, value] of detector.image.entries())
      expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-9 * Math.abs(expected[i] as number) + 1e-6);
  });

  test('equals an analysis of the same scan', async () => {
    const ctx = new Context({ context: { backend: 'wasm' } });
    try {
      const scan = ctx.fromMemory(counts, { navShape: [rows, columns], sigShape: [height, width] });
      const disk = masks.circular({ ...size, cx: 8, cy: 7, r: 4 });
      const { intensity } = await ctx.runUdf(scan, masksUdf({ masks: [disk] }));
      const detector = new VirtualDetector(await residentScan(datasetOf(counts)));
      expect([...detector.set(disk)]).toEqual(Array.from(intensity.data as ArrayLike<number>));
    } finally {
      await ctx.dispose();
    }
  });

  test('refuses masks of another size and objects that are not a scan', async () => {
    const detector = new VirtualDetector(await residentScan(datasetOf(counts)));
    expect(() => detector.set(new Uint8Array(3))).toThrow(/expects 288 numbers/);
    expect(() => detector.set(undefined as never)).toThrow(/expects 288 numbers/);
    expect(() => new VirtualDetector({} as never)).toThrow(/expects await residentScan/);
  });
});

/** Runs a function with a context on WebAssembly and the scan of counts. */
async function withScan<T>(use: (ctx: Context, scan: ReturnType<Context['fromMemory']>) => Promise<T>): Promise<T> {
  const ctx = new Context({ context: { backend: 'wasm' } });
  try {
    return await use(ctx, ctx.fromMemory(counts, { navShape: [rows, columns], sigShape: [height, width] }));
  } finally {
    await ctx.dispose();
  }
}

describe('a moving centre of mass', () => {
  test.each([{ scanRotation: 30, flipY: true, regression: 1 }, { cx: 7.5, cy: 6.25, regression: 0 }, {}] as const)(
    'has the numbers of comUdf after drags: %o',
    async (options) => {
      const com = new VirtualCom(await residentScan(datasetOf(counts)));
      const [r, end] = [5, { cx: 9, cy: 7 }];
      for (let drag = 0; drag < 40; drag++) com.set(kinds.disk(4 + (drag % 9), 5 + (drag % 7)), options);
      const images = com.set(masks.circular({ ...size, ...end, r }), { ...end, ...options });
      const centre = { ...end, ...options };
      const expected = await withScan((ctx, scan) =>
        // The mask of comUdf lies around its reference.
        ctx.runUdf(scan, comUdf({ ...centre, r: centre.cx === end.cx ? r : 100 })),
      );
      const found = centre.cx === end.cx ? images : com.set(new Uint8Array(height * width).fill(1), centre);
      for (const name of ['rawCom', 'field', 'magnitude', 'divergence', 'curl', 'regression'] as const)
        expect(Array.from(found[name]), name).toEqual(Array.from(expected[name].data as ArrayLike<number>));
    },
  );

  test('refuses masks of another size, unknown options and trends', async () => {
    const com = new VirtualCom(await residentScan(datasetOf(counts)));
    const mask = new Uint8Array(height * width);
    expect(() => com.set(new Uint8Array(3))).toThrow(/expects 288 numbers/);
    expect(() => com.set(mask, { rotation: 3 } as never)).toThrow(/rotation/);
    expect(() => com.set(mask, { regression: 2 as never })).toThrow(/regression is 2/);
    expect(() => new VirtualCom({} as never)).toThrow(/expects await residentScan/);
  });
});

test('the absolute Fourier transform of an image has frequency 0 in the middle', () => {
  const [h, w] = [5, 6];
  const image = Float64Array.from({ length: h * w }, random);
  const expected = Array.from({ length: h * w }, (_, k) => {
    const [v, u] = [Math.floor(k / w) - Math.floor(h / 2), (k % w) - Math.floor(w / 2)];
    let [re, im] = [0, 0];
    for (const [i, value] of image.entries()) {
      const angle = -2 * Math.PI * ((v * Math.floor(i / w)) / h + (u * (i % w)) / w);
      re += value * Math.cos(angle);
      im += value * Math.sin(angle);
    }
    return Math.hypot(re, im);
  });
  const found = fourierMagnitude(image, [h, w]);
  for (const [k, value] of expected.entries()) expect(found[k]).toBeCloseTo(value, 10);
  expect(() => fourierMagnitude(image, [h, h])).toThrow(/30 numbers, the shape is \[5,5\]/);
});

describe('a resident scan', () => {
  test('sums the frames of a region as sumUdf does', async () => {
    const scan = await residentScan(datasetOf(counts));
    const region = masks.rectangular({ width: columns, height: rows, x: 2, y: 1, w: 4, h: 5 });
    const { intensity } = await withScan((ctx, whole) => ctx.runUdf(whole, sumUdf(), { roi: region }));
    expect(Array.from(scan.sumOver(region))).toEqual(Array.from(intensity.data as ArrayLike<number>));
    expect(scan.sumOver(new Uint8Array(positions).fill(1))).toEqual(scan.sum);
    expect(() => scan.sumOver(region.subarray(1))).toThrow(/expects 72 numbers/);
  });

  test.each([
    ['u16', 3, counts],
    ['f32', 2, reals],
  ] as const)('of %s sums squares of %i × %i pixels, and takes the bytes that it states', async (_, bin, data) => {
    const dataset = datasetOf(data);
    const scan = await residentScan(dataset, { bin });
    const [h, w] = [Math.floor(height / bin), Math.floor(width / bin)];
    expect([scan.height, scan.width, scan.bin]).toEqual([h, w, bin]);
    expect(scan.planes.byteLength).toBe(residentBytes(dataset, bin));
    const expected = Array.from({ length: positions * h * w }, (_, k) => {
      const [position, y, x] = [Math.floor(k / (h * w)), Math.floor(k / w) % h, k % w];
      let sum = 0;
      for (let v = 0; v < bin; v++)
        for (let u = 0; u < bin; u++) sum += data[(position * height + y * bin + v) * width + x * bin + u] as number;
      return data instanceof Float32Array ? Math.fround(sum) : sum;
    });
    const found = Array.from({ length: positions }, (_, i) => Array.from(scan.frame(i))).flat();
    expect(found).toEqual(expected);
  });

  test('returns frames and their sum, and reports the progress of reading', async () => {
    const shares: number[] = [];
    const scan = await residentScan(datasetOf(counts), { onProgress: ({ done }) => shares.push(done) });
    expect([scan.nav, scan.positions, scan.width, scan.height]).toEqual([[rows, columns], positions, width, height]);
    expect(scan.frame(31)).toEqual(counts.slice(31 * height * width, 32 * height * width));
    const total = new Float64Array(height * width);
    for (const [i, value] of counts.entries()) total[i % total.length] = (total[i % total.length] as number) + value;
    expect(scan.sum).toEqual(total);
    expect(shares.at(-1)).toBe(1);
    expect(() => scan.frame(positions)).toThrow(/position/);
  });

  test('refuses scans that are too large before anything is read', async () => {
    const bytes = counts.byteLength;
    await expect(residentScan(datasetOf(counts), { maxBytes: bytes - 1 })).rejects.toThrow(
      new RegExp(`takes ${bytes} bytes in memory, and maxBytes is ${bytes - 1}; .*bin`),
    );
    await expect(residentScan(datasetOf(counts), { bin: 17 })).rejects.toThrow(/bin is 17; frames of .* 18 × 16/);
    await expect(residentScan(counts as never)).rejects.toThrow(/open dataset/);
    await expect(residentScan(datasetOf(counts), { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    await expect(residentScan(datasetOf(counts), { limit: 1 } as never)).rejects.toThrow(/limit/);
  });
});

describe('runs over a resident scan', () => {
  /** A context and a scan of counts that counts its reads. */
  async function watched(data: Uint16Array | Float32Array) {
    const ctx = new Context({ context: { backend: 'wasm' } });
    let reads = 0;
    const dataset = datasetOf(data);
    const scan = await ctx.load({
      shape: dataset.shape,
      dtype: dataset.dtype,
      read: (first, count, into) => {
        reads++;
        return dataset.read(first, count, into);
      },
    });
    return { ctx, scan, reads: () => reads };
  }

  const analyses = (ctx: Context, scan: Parameters<Context['createSumAnalysis']>[0]) => [
    ctx.createSumAnalysis(scan),
    ctx.createDiskAnalysis(scan, { r: 4 }),
    ctx.createRingAnalysis(scan, { ri: 2, ro: 5 }),
    ctx.createPointAnalysis(scan, { x: 3, y: 5 }),
    ctx.createComAnalysis(scan, { maskRadius: 6, regression: 1, flipY: true }),
    ctx.createIcomAnalysis(scan),
    ctx.createSsbAnalysis(scan, { voltage: 300, dpix: 0.05, semiconv: 25, semiconvPix: 4 }),
  ];

  test('have the results of its frames, and read none of them', async () => {
    const { ctx, scan, reads } = await watched(counts);
    const wanted: (readonly Channel[])[] = [];
    for (const analysis of analyses(ctx, scan)) wanted.push((await ctx.run(analysis)).channels);
    const resident = await scan.resident();
    expect(await scan.resident()).toBe(resident);
    const before = reads();
    for (const [i, analysis] of analyses(ctx, scan).entries())
      for (const [k, { key, data }] of (await ctx.run(analysis)).channels.entries()) {
        const from = Array.from(wanted[i]?.[k]?.data as Float64Array);
        // Single side band is in float32, and the order of its sums differs.
        const bound = analysis.name === 'ssb' ? 1e-4 * Math.max(...from.map(Math.abs)) : 0;
        for (const [n, value] of Array.from(data).entries())
          expect(Math.abs(value - (from[n] as number)), `${analysis.name} ${key} ${n}`).toBeLessThanOrEqual(bound);
      }
    // A detector that moves, and several masks in one run.
    const disks = [3, 5, 8].map((cx) => masks.circular({ ...size, cx, cy: 8, r: 4 }));
    const { intensity } = await ctx.runUdf(scan, masksUdf({ masks: disks }));
    for (const [k, disk] of disks.entries())
      expect(Array.from(summed(counts, disk))).toEqual(
        Array.from({ length: positions }, (_, i) => intensity.data[i * disks.length + k]),
      );
    expect(reads()).toBe(before);
    await ctx.close();
  });

  test('read frames for a region, corrections, weights, and functions of the user', async () => {
    const { ctx, scan, reads } = await watched(counts);
    await scan.resident();
    const gain = new Float32Array(width * height).fill(2);
    const ramp = Float32Array.from({ length: width * height }, (_, p) => p);
    const count = async (run: () => Promise<unknown>) => {
      const before = reads();
      await run();
      return reads() - before;
    };
    const disk = () => ctx.createDiskAnalysis(scan);
    expect(await count(() => ctx.run(disk(), { roi: { at: [0, 1] } }))).toBeGreaterThan(0);
    expect(await count(() => ctx.run(disk(), { corrections: { gain } }))).toBeGreaterThan(0);
    expect(await count(() => ctx.runUdf(scan, masksUdf({ masks: [ramp] })))).toBeGreaterThan(0);
    expect(await count(() => ctx.map(scan, (frame: ArrayLike<number>) => frame[0] as number))).toBeGreaterThan(0);
    expect(await count(() => ctx.run(disk()))).toBe(0);
    await ctx.close();
  });

  test('of reals forget an infinity that has left the mask', async () => {
    const infinite = reals.slice();
    infinite[5 * width + 5] = Number.POSITIVE_INFINITY;
    const { ctx, scan } = await watched(infinite);
    await scan.resident();
    const at = async (cx: number, cy: number) =>
      (await ctx.run(ctx.createDiskAnalysis(scan, { cx, cy, r: 3 }))).intensity.data[0];
    expect(await at(8, 5)).toBe(Number.POSITIVE_INFINITY);
    expect(await at(9, 5)).toBeCloseTo(
      summed(infinite, masks.circular({ ...size, cx: 9, cy: 5, r: 3 }))[0] as number,
      2,
    );
    await ctx.close();
  });
});
