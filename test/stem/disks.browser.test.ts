// @module-tag nightly: Chromium.
/** Diffraction disks, strain and phases in a tab, on its own thread and on its workers. */
import { expect, test } from 'vitest';
import { Context, diskUdf, holographyUdf, ssbUdf } from '../../dist/udf.browser.js';

test('strain of exact disks in Chromium', async () => {
  const [size, radius] = [64, 4];
  const frames = new Uint16Array(2 * size * size);
  for (const [position, scale] of [1, 0.98].entries())
    for (let i = 0; i < 9; i++)
      for (let pixel = 0; pixel < size * size; pixel++) {
        const [dy, dx] = [
          Math.floor(pixel / size) - 32 - 18 * scale * (Math.floor(i / 3) - 1),
          (pixel % size) - 32 - 18 * ((i % 3) - 1),
        ];
        const at = position * size * size + pixel;
        frames[at] = (frames[at] as number) + 1000 * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dy, dx)));
      }
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  const scan = ctx.fromMemory(frames, { navShape: [1, 2], sigShape: [size, size] });
  const options = { diskRadius: radius, numPeaks: 9, reference: [1, 0] };
  const { eyy, exx, disks } = await ctx.run(ctx.createStrainAnalysis(scan, options));
  expect(eyy.data[1]).toBeCloseTo(0.02, 2);
  expect(exx.data[1]).toBeCloseTo(0, 2);
  expect([...(disks.data as Float64Array)]).toEqual([9, 9]);
  await ctx.close();
});

test('disks, side bands, holograms and corrections have the same bits on workers', async () => {
  const frames = Uint16Array.from({ length: 30 * 16 * 18 }, (_, i) => (i * 7919) % 1009);
  const udfs = [
    diskUdf({ peaks: [[7, 8]], pattern: { kind: 'circular', radius: 2 } }),
    ssbUdf({ lamb: 2.5e-12, dpix: 0.6e-10, semiconv: 0.02, semiconvPix: 3 }),
    holographyUdf({ sbPosition: [4, 5], outShape: [6, 8] }),
  ];
  const corrections = { dark: Float32Array.from({ length: 16 * 18 }, (_, i) => i / 7) };
  const bitsOn = async (ctx: Context): Promise<string[]> => {
    const scan = ctx.fromMemory(frames, { navShape: [5, 6], sigShape: [16, 18] });
    const found = [
      ...(await ctx.runUdf(scan, udfs, { numPartitions: 4 })),
      await ctx.runUdf(scan, udfs[0] as (typeof udfs)[number], { numPartitions: 4, corrections }),
    ] as readonly Readonly<Record<string, { readonly data: ArrayLike<number> }>>[];
    await ctx.close();
    return found.flatMap((buffers) => Object.entries(buffers).map(([name, { data }]) => `${name} ${Array.from(data)}`));
  };
  const context = { backend: 'wasm', strict: true } as const;
  const inline = await bitsOn(new Context({ context }));
  expect(inline).toHaveLength(13);
  expect(await bitsOn(await Context.makeWith('workers', { cpus: 2, context }))).toEqual(inline);
});
