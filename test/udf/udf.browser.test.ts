// @module-tag all: Chromium.
/** ewald/udf in a tab: a File from disk, centres of mass and user-defined WGSL on WebGPU, without a server. */
import { describe, expect, test } from 'vitest';
import { Context, comUdf, defineUdf, validateUdf } from '../../dist/udf.browser.js';

const absent = (await navigator.gpu?.requestAdapter()) ? undefined : 'no adapter';
if (absent && (import.meta.env.EWALD_REQUIRE ?? '').split(',').includes('webgpu'))
  throw new Error(`EWALD_REQUIRE names webgpu, but it is absent: ${absent}`);
const webgpu = { context: { backend: 'webgpu', strict: true, log: { level: 'error' } } } as const;

/** A .npy file of 4 × 5 frames of 16 × 12 with one bright pixel, whose position is the centre of mass. */
function scanFile(): { file: File; places: { y: number; x: number }[] } {
  const header = "{'descr': '<u2', 'fortran_order': False, 'shape': (4, 5, 16, 12), }";
  const text = `${header.padEnd(117)}\n`;
  const head = new Uint8Array(10 + text.length);
  head.set([0x93, 78, 85, 77, 80, 89, 1, 0, text.length & 255, text.length >> 8]);
  head.set(new TextEncoder().encode(text), 10);
  const frames = new Uint16Array(20 * 192);
  const places = Array.from({ length: 20 }, (_, i) => ({ y: (i * 3) % 16, x: (i * 5) % 12 }));
  for (const [i, { y, x }] of places.entries()) frames[i * 192 + y * 12 + x] = 1000 + i;
  return { file: new File([head, frames], 'scan.npy'), places };
}

const brightest = defineUdf({
  name: 'brightest',
  buffers: { value: { kind: 'nav', dtype: 'f32' } },
  processFrame({ frame, results }) {
    results.value[0] = (frame as Uint16Array).reduce((a, b) => Math.max(a, b));
  },
  processFrameWgsl: `
    fn process_frame(lane: u32) {
      var most = 0.0;
      for (var i = lane; i < PIXELS; i += LANES) { most = max(most, pixel(i)); }
      let all = lanes_max(most);
      if (lane == 0u) { set_value(0u, all); }
    }`,
});

/**
 * A module compiled from C: for each frame of u16, p[0] times the sum of its pixels into the first result.
 *
 *     int process(const unsigned short *f, int n, int first, double **r) {
 *       for (int i = 0; i < n; i++) {
 *         double s = 0;
 *         for (int k = 0; k < pixels; k++) s += f[i * pixels + k];
 *         r[0][i] = s * *p;
 *       }
 *       return 0;
 *     }
 */
const sums =
  'AGFzbQEAAAABDQJgBH9/f38Bf2AAAX8DBAMBAAAFAwEAAQcjBAZtZW1vcnkCAARoZWFwAAAFc2V0dXAAAQdwcm9jZXNzAAIKwwEDBQBBkBALGgBB' +
  'hAggAzYCAEGACCAAIAFsNgIAIAJBAkcLnwECBX8BfCABQQAgAUEAShshBUGACCgCACIBQQAgAUEAShshBiABQQF0IQdBhAgoAgAhCANAIAQgBUcE' +
  'QEQAAAAAAAAAACEJIAAhAiAGIQEDQCABBEAgAUEBayEBIAkgAi8BALigIQkgAkECaiECDAEFIAMoAgAgBEEDdGogCSAIKwMAojkDACAAIAdqIQAg' +
  'BEEBaiEEDAMLAAsACwtBAAs=';

describe('a UDF in WebAssembly in Chromium', () => {
  test('has the results of its twin in JavaScript', async () => {
    const udf = defineUdf({
      name: 'sums',
      params: { factor: 3 },
      buffers: { sum: { kind: 'nav', dtype: 'f64' } },
      wasm: Uint8Array.from(atob(sums), (letter) => letter.charCodeAt(0)),
      processFrame({ frame, results, params }) {
        results.sum[0] = params.factor * (frame as Uint16Array).reduce((a, b) => a + b, 0);
      },
    });
    const ctx = new Context();
    const { sum } = await ctx.runUdf(await ctx.load(scanFile().file), udf, { numPartitions: 3 });
    expect([...sum.data]).toEqual(Array.from({ length: 20 }, (_, i) => 3 * (1000 + i)));
    await ctx.close();
    const { pass, results } = await validateUdf(udf, { dtype: 'u16' });
    expect(pass, JSON.stringify(results)).toBe(true);
  });
});

describe('sparse frames and files in Chromium', () => {
  const lit = defineUdf({
    name: 'lit',
    buffers: { lit: { kind: 'nav', dtype: 'u32' } },
    processFrame: ({ frame, results }) => {
      for (const value of frame) if (value > 0) results.lit[0]++;
    },
    processSparse: ({ starts, count, results }) => {
      for (let i = 0; i < count; i++) results.lit[i] = (starts[i + 1] as number) - (starts[i] as number);
    },
  });

  test('processSparse has the results of its twin for dense frames', async () => {
    const { pass, results } = await validateUdf(lit);
    expect([pass, results.map(({ by }) => by)]).toEqual([true, ['sparse']]);
  });

  test('files that grow and files to record are refused', async () => {
    const ctx = new Context({ context: { backend: 'wasm' } });
    const scan = await ctx.load(scanFile().file);
    await expect(ctx.runUdf(scan, lit, { record: 'scan.npy' })).rejects.toThrow('a browser cannot write files');
    const following = ctx.load('scan.raw', { follow: true, navShape: [2, 2] });
    await expect(following).rejects.toThrow('browsers do not see files grow');
    await ctx.close();
  });
});

describe.skipIf(absent)('ewald/udf on WebGPU in Chromium', () => {
  test('a File from disk: centres of mass and user-defined WGSL', async () => {
    const { file, places } = scanFile();
    const ctx = new Context(webgpu);
    const scan = await ctx.load(file);
    const [com, bright] = await ctx.runUdf(scan, [comUdf(), brightest]);
    expect([...com.rawCom.data]).toEqual(places.flatMap(({ y, x }) => [y, x]));
    expect([...bright.value.data]).toEqual(places.map((_, i) => 1000 + i));
    await ctx.close();
  });

  test('its WGSL equals its JavaScript', async () => {
    const { pass, results } = await validateUdf(brightest);
    expect(pass, JSON.stringify(results)).toBe(true);
  });
});
