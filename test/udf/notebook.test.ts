/** Results in notebooks, by the rules of Jupyter's and Deno's kernels: what they call, and what they take. */
import { inflateSync } from 'node:zlib';
import { formatNpy } from 'ewald';
import { Context } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What Deno's kernel does with the value of a cell: a method of this name is called and its promise awaited. */
async function asInNotebook(value: object): Promise<Record<string, string>> {
  const method = (value as Record<symbol, () => unknown>)[Symbol.for('Jupyter.display')];
  expect(typeof method).toBe('function');
  const bundle = (await method?.call(value)) as Record<string, string>;
  // A bundle is sent as JSON; texts stay texts, and pictures are base64 without spaces.
  expect(JSON.parse(JSON.stringify(bundle))).toEqual(bundle);
  for (const [type, content] of Object.entries(bundle)) {
    expect(type).toMatch(/^(text\/plain|text\/html|image\/png)$/);
    expect(typeof content).toBe('string');
    if (type === 'image/png') expect(Buffer.from(content, 'base64').toString('base64')).toBe(content);
  }
  expect(bundle['text/plain']).not.toBe('');
  // Notebooks that are not trusted run no scripts, and nothing is to be fetched.
  expect(bundle['text/html'] ?? '').not.toMatch(/<script|src="(?!data:)|href=/);
  return bundle;
}

/** Width, height and pixels of a PNG in colours whose rows are not filtered, or by one filter each. */
function pngOf(text: string): { readonly width: number; readonly height: number; readonly bytes: number } {
  const file = Buffer.from(text, 'base64');
  expect(file.subarray(1, 4).toString()).toBe('PNG');
  const length = file.readUInt32BE(file.indexOf('IDAT') - 4);
  const data = file.subarray(file.indexOf('IDAT') + 4).subarray(0, length);
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20), bytes: inflateSync(data).length };
}

let ctx: Context;
beforeAll(() => {
  ctx = new Context();
});
afterAll(() => ctx.close());

test('an analysis shows its images with their limits, a result of a function its own', async () => {
  const data = Float32Array.from({ length: 3 * 4 * 25 }, (_, i) => (i % 25) * (1 + Math.floor(i / 25)));
  const scan = await ctx.load(formatNpy({ shape: [3, 4, 5, 5], data, complex: false }));
  const results = await ctx.run(ctx.createSumSigAnalysis(scan));
  const bundle = await asInNotebook(results);
  // Sums of 0 to 24, times 1 to 12.
  expect(bundle['text/plain']).toBe('intensity  3 × 4 f64  300 … 3600 counts');
  expect(pngOf(bundle['image/png'] ?? '')).toEqual({ width: 4, height: 3, bytes: 3 * (1 + 16) });
  expect(bundle['text/html']?.match(/<img/g)).toHaveLength(1);
  const centres = await asInNotebook(await ctx.run(ctx.createComAnalysis(scan)));
  expect(centres['text/plain']).toContain('field  3 × 4 f64 px, the hue is the direction');
  const channels = centres['text/plain']?.split('\n').length;
  expect(centres['text/html']?.match(/<figure/g)).toHaveLength(channels as number);
  // Its numbers are as before: what shows them is no member that is copied or compared.
  expect(Object.keys(results)).toEqual(['channels', 'notes', 'intensity']);
  expect(structuredClone({ ...results })).toEqual({ ...results });
  const { udf } = ctx.createSumSigAnalysis(scan);
  const { intensity } = (await ctx.runUdf(scan, udf)) as unknown as Record<string, object>;
  expect((await asInNotebook(intensity as object))['text/plain']).toMatch(/^intensity {2}3 × 4 \w+ {2}300 … 3600$/);
});
