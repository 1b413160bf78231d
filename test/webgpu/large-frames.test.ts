/**
 * Frames of 18 Mpixel, those of the largest detectors in use, on a device of default limits: what a frame needs is
 * larger than a binding and is divided.
 */
import { type Context, createContext } from 'ewald';
import { Corrections } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layoutOf } from '../../src/udf/kernels/webgpu/shaders.js';
import { bandsOf, bandWordsOf } from '../../src/udf/kernels/webgpu/steps.js';
import { whyAbsent } from './support.js';

const absent = await whyAbsent();
const [width, height] = [4148, 4362];
const pixels = width * height;
const defaultBinding = 2 ** 27;

test('planes are divided into bands that fit and together cover a frame', () => {
  for (const dtype of ['u8', 'u16', 'f32'] as const)
    for (const planeWords of [2, 4, 5])
      for (const side of [1, 100, 4000, 5000]) {
        const layout = layoutOf(dtype, side, side);
        const bands = bandsOf(layout, planeWords, defaultBinding);
        const words = bandWordsOf(layout, bands);
        expect(4 * planeWords * words * layout.perWord).toBeLessThanOrEqual(defaultBinding);
        expect(words * bands).toBeGreaterThanOrEqual(layout.frameWords);
        expect(words * (bands - 1)).toBeLessThan(layout.frameWords);
        if (bands > 1) expect((4 * words) % 256).toBe(0);
      }
});

describe.skipIf(absent)(`18 Mpixel on WebGPU${absent ? `: absent, ${absent}` : ''}`, () => {
  let context: Context;
  const frame = Uint16Array.from({ length: pixels }, (_, i) => (Math.imul(i, 40503) >>> 8) & 0xffff);
  beforeAll(async () => {
    context = await createContext({ backend: 'webgpu', strict: true, log: { level: 'error' } });
  });
  afterAll(async () => {
    await context?.dispose();
  });

  test('sums of frames and moments of pixels', { tags: 'nightly' }, async () => {
    const rows = Uint32Array.from({ length: 2 * height }, (_, i) => width * ((i + 1) >> 1));
    const pass = await context.framePass({
      width,
      height,
      dtype: 'u16',
      steps: [{ kind: 'sumOf', spans: rows }, { kind: 'moments' }],
    });
    const { nav, sig } = await pass.run(frame, 1);
    await pass.dispose();
    const wanted = [frame.reduce((sum, v) => sum + v, 0)];
    expect([...nav]).toEqual(wanted);
    let wrong = 0;
    for (let p = 0; p < pixels; p++) {
      const v = frame[p] as number;
      if (sig[p] !== v || sig[pixels + p] !== v * v) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test('corrections of every pixel', { tags: 'nightly' }, async () => {
    const dark = Float64Array.from({ length: pixels }, (_, i) => i % 7);
    const gain = Float32Array.from({ length: pixels }, (_, i) => 1 + (i % 3));
    const correction = await context.frameCorrection({
      corrections: new Corrections({ length: pixels, dark, gain }),
      dtype: 'u16',
    });
    const out = await correction.run(frame, 1, new Float32Array(pixels));
    await correction.dispose();
    let wrong = 0;
    for (let p = 0; p < pixels; p++) if (out[p] !== ((frame[p] as number) - (p % 7)) * (1 + (p % 3))) wrong++;
    expect(wrong).toBe(0);
  });

  test('peaks in each corner', { tags: 'nightly' }, async () => {
    const quiet = Uint16Array.from({ length: pixels }, (_, i) => 10 + (Math.imul(i, 40503) & 3));
    const places = [
      [20, 30],
      [width - 25, 35],
      [width - 33, height - 41],
      [40, height - 22],
    ] as const;
    for (const [x, y] of places)
      for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) quiet[(y + dy) * width + x + dx] = 500;
    const search = await context.peaks({ width, height, dtype: 'u16' });
    const peaks = await search.run(quiet, { threshold: 100, minSnr: 5, minPixCount: 2 });
    await search.dispose();
    expect(Array.from({ length: peaks.count }, (_, i) => [(peaks.fs[i] ?? 0) - 0.5, (peaks.ss[i] ?? 0) - 0.5])).toEqual(
      places,
    );
  });
});
