/** Scans that stay in memory, and virtual detectors that are moved over them. */
import { memoryDataset } from 'ewald/data';
import { Context, masks, masksUdf, residentScan, VirtualDetector } from 'ewald/udf';
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

  test('is what an analysis of the same scan gives', async () => {
    const ctx = new Context({ context: { backend: 'wasm' } });
    try {
      const scan = ctx.fromMemory(counts, { navShape: [rows, columns], sigShape: [height, width] });
      const disk = masks.circular({ ...size, cx: 8, cy: 7, r: 4 });
      const { intensity } = await ctx.runUdf(scan, masksUdf.withParams({ masks: [disk] }));
      const detector = new VirtualDetector(await residentScan(datasetOf(counts)));
      expect([...detector.set(disk)]).toEqual(Array.from(intensity.data as ArrayLike<number>));
    } finally {
      await ctx.dispose();
    }
  });

  test('refuses masks of another size and what is no scan', async () => {
    const detector = new VirtualDetector(await residentScan(datasetOf(counts)));
    expect(() => detector.set(new Uint8Array(3))).toThrow(/expects 288 numbers/);
    expect(() => detector.set(undefined as never)).toThrow(/expects 288 numbers/);
    expect(() => new VirtualDetector({} as never)).toThrow(/expects await residentScan/);
  });
});

describe('a resident scan', () => {
  test('gives frames, their sum, and the progress of reading', async () => {
    const shares: number[] = [];
    const scan = await residentScan(datasetOf(counts), { onProgress: (share) => shares.push(share) });
    expect([scan.navigation, scan.positions, scan.width, scan.height]).toEqual([
      [rows, columns],
      positions,
      width,
      height,
    ]);
    expect(scan.frame(31)).toEqual(counts.slice(31 * height * width, 32 * height * width));
    const total = new Float64Array(height * width);
    for (const [i, value] of counts.entries()) total[i % total.length] = (total[i % total.length] as number) + value;
    expect(scan.sum).toEqual(total);
    expect(shares.at(-1)).toBe(1);
    expect(() => scan.frame(positions)).toThrow(/position/);
  });

  test('refuses what does not fit, before anything is read', async () => {
    const bytes = counts.byteLength;
    await expect(residentScan(datasetOf(counts), { maxBytes: bytes - 1 })).rejects.toThrow(
      new RegExp(`takes ${bytes} bytes in memory, and maxBytes is ${bytes - 1}`),
    );
    await expect(residentScan(counts as never)).rejects.toThrow(/open dataset/);
    await expect(residentScan(datasetOf(counts), { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    await expect(residentScan(datasetOf(counts), { limit: 1 } as never)).rejects.toThrow(/limit/);
  });
});
