/** What has two possible orders is stated beside its numbers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToFiles } from 'ewald/shell';
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';

const ctx = new Context({ context: { backend: 'wasm' } });
const folder = mkdtempSync(join(tmpdir(), 'ewald-orders-'));
afterAll(async () => {
  await ctx.close();
  rmSync(folder, { recursive: true });
});

test('the file beside a field says that its vectors are (y, x)', async () => {
  const frames = Float32Array.from({ length: 4 * 64 }, (_, i) => 1 + (i % 9));
  const scan = ctx.fromMemory(frames, { navShape: [2, 2], sigShape: [8, 8] });
  await runToFiles(ctx, scan, { analyses: [ctx.createComAnalysis(scan)], output: join(folder, 'com.npy') });
  const { results } = JSON.parse(readFileSync(join(folder, 'com.npy.json'), 'utf8'));
  expect(JSON.stringify(results)).toContain('shift of the centre of mass as (y, x), in pixels');
});
