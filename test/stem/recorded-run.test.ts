/** What the files of results say of the frames that were used: the part of the scan, and what was done to each frame. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { runToFiles } from 'ewald/shell';
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ewald-recorded-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a region and corrections are stated beside .npy, in .h5 and in the page, and absent without them', async () => {
  const ctx = await Context.makeWith('inline');
  const data = Float32Array.from({ length: 6 * 9 * 64 }, (_, i) => i % 7);
  const input = join(folder, 'scan.npy');
  writeFileSync(input, formatNpy({ shape: [6, 9, 8, 8], data, complex: false }));
  const scan = await ctx.load(input);
  const flat = new Float64Array(64).fill(1);
  const excludedPixels = [
    [1, 1],
    [5, 6],
  ] as const;
  const corrections = { dark: flat, gain: flat.map(() => 2), excludedPixels };
  const roi = { shape: [6, 9], entries: Array.from({ length: 10 }, (_, i) => [1, i % 9] as const).slice(0, 7) };
  const part = { region: { positions: 7, of: 54 }, corrections: { dark: true, gain: true, excludedPixels: 2 } };
  const analyses = [ctx.createSumAnalysis(scan)];
  for (const [name, options, stated] of [
    ['part', { roi, corrections }, part],
    ['whole', {}, {}],
  ] as const) {
    const at = (ending: string): string => join(folder, `${name}${ending}`);
    await runToFiles(ctx, scan, { ...options, analyses, output: at('.npy'), html: at('.html') });
    await runToFiles(ctx, scan, { ...options, analyses, output: at('.h5') });
    const beside = JSON.parse(readFileSync(at('.npy.json'), 'utf8'));
    const page = JSON.parse(/id="stored">([\s\S]*?)<\/script>/.exec(readFileSync(at('.html'), 'utf8'))?.[1] ?? '');
    for (const { region, corrections: done } of [beside, page.about])
      expect({ ...(region && { region }), ...(done && { corrections: done }) }).toEqual(stated);
    const text = readFileSync(at('.h5')).toString('latin1');
    expect(text.includes('"region":{"positions":7,"of":54}')).toBe(name === 'part');
  }
  const another = ctx.fromMemory(data, { navShape: [6, 9], sigShape: [8, 8] });
  // Masks and a calibration of one scan were applied to the other.
  await expect(runToFiles(ctx, another, { analyses, output: join(folder, 'other.npy') })).rejects.toThrow(
    /the analysis sum is of .*scan\.npy, and the scan is .*; make it of this scan/,
  );
  await ctx.close();
});
