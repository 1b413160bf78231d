/** Single side band, holography and integrated centres of mass: values of the packages, and closed forms. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext } from 'ewald';
import {
  Context,
  electronWavelength,
  estimateSideband,
  holographyUdf,
  integrateField,
  ResidentScan,
  residentSsb,
  type SsbImages,
  ssbUdf,
} from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { dataFolder, dataRequired } from '../support/data.js';

type Numbers = ArrayLike<number>;
const largest = (have: Numbers, want: Numbers): number =>
  Array.from(want).reduce((most, value, i) => Math.max(most, Math.abs(value - (have[i] as number))), 0);
const size = (values: Numbers): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const generator = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};
const contexts: { close?(): Promise<void>; dispose(): Promise<void> }[] = [];
afterAll(async () => {
  for (const ctx of contexts) await ctx.dispose();
});
const opened = <C extends { dispose(): Promise<void> }>(ctx: C): C => {
  contexts.push(ctx);
  return ctx;
};

test.runIf(dataRequired)('the data is there', () => expect(dataFolder).toBeDefined());

describe.skipIf(!dataFolder)(`values of ptychography40${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  if (dataFolder === undefined) {
    test('are not there', () => undefined);
    return;
  }
  const set = JSON.parse(readFileSync(join(dataFolder, 'udf-next/ssb.json'), 'utf8'));
  const { nav, sig, ...geometry } = set.parameters;
  const next = generator(7);
  const frames = Uint16Array.from({ length: nav[0] * nav[1] * sig[0] * sig[1] }, () => Math.floor(1000 * next()));
  const close = ({ fourier, complex }: { fourier: Numbers; complex: Numbers }) => {
    expect(largest(fourier, set.fourier) / size(set.fourier)).toBeLessThan(1e-6);
    expect(largest(complex, set.complex) / size(set.complex)).toBeLessThan(1e-6);
  };

  test.each(['wasm', 'native', 'JavaScript', 'workers'])('while frames arrive, on %s', async (place) => {
    const context = { backend: place === 'native' ? ('native' as const) : ('wasm' as const), strict: true };
    const ctx = opened(
      place === 'workers' ? await Context.makeWith('workers', { cpus: 1, context }) : new Context({ context }),
    );
    const data = place === 'JavaScript' ? Float64Array.from(frames) : frames;
    const scan = ctx.fromMemory(data, { navShape: nav, sigShape: sig });
    const found = (await ctx.runUdf(scan, ssbUdf(geometry), { numPartitions: 3 })) as Record<string, { data: Numbers }>;
    const data_ = (name: string): Numbers => (found[name] as { data: Numbers }).data;
    close({ fourier: data_('fourier'), complex: data_('complex') });
  });

  test.each(['wasm', 'native'] as const)('from a resident scan, on %s', async (backend) => {
    const ctx = opened(await createContext({ backend, strict: true }));
    const pixels = sig[0] * sig[1];
    const planes = new Uint16Array(frames.length);
    for (const [i, value] of frames.entries()) planes[(i % pixels) * nav[0] * nav[1] + Math.floor(i / pixels)] = value;
    const ssb = residentSsb(new ResidentScan(nav, sig, planes), ctx);
    // A geometry before it leaves nothing behind.
    const other: SsbImages = await ssb.set({ ...geometry, scanRotation: 30, semiconvPix: 7 });
    expect(largest(other.fourier, set.fourier) / size(set.fourier)).toBeGreaterThan(0.01);
    close(await ssb.set(geometry));
    await ssb.dispose();
  });
});

describe.skipIf(!dataFolder)(`values of LiberTEM-holo${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  if (dataFolder === undefined) {
    test('are not there', () => undefined);
    return;
  }
  const set = JSON.parse(readFileSync(join(dataFolder, 'udf-next/holography.json'), 'utf8'));
  const hologram = Float64Array.from({ length: 64 * 64 }, (_, i) => {
    const [y, x] = [Math.floor(i / 64), i % 64];
    const amplitude = 1 - 0.2 * Math.exp(-((y - 30) ** 2 + (x - 36) ** 2) / 150);
    const phase = 2 * Math.exp(-((y - 34) ** 2 + (x - 30) ** 2) / 200);
    const wave = Math.cos((2 * Math.PI * (11 * y + 6 * x)) / 64 - phase);
    return 500 * (1 + amplitude ** 2 + 1.6 * amplitude * wave);
  });

  test.each(['JavaScript', 'wasm', 'native'])('on %s', async (place) => {
    const backend = place === 'native' ? 'native' : 'wasm';
    const ctx = opened(new Context({ context: { backend, strict: true } }));
    const data = place === 'JavaScript' ? hologram : Float32Array.from(hologram);
    const scan = ctx.fromMemory(data, { navShape: [1], sigShape: [64, 64] });
    for (const { sbPosition, outShape, aperture: kind, radius, order, stride, wave, sumAbs } of set.cases) {
      const aperture = kind === 'disk' ? { kind, radius } : { kind, radius, order };
      const options = { sbPosition, outShape, aperture };
      const found = ((await ctx.runUdf(scan, holographyUdf(options))) as unknown as { wave: { data: Numbers } }).wave
        .data;
      const [rows, columns] = outShape;
      const some: number[] = [];
      for (let y = 0; y < rows; y += stride)
        for (let x = 0; x < columns; x += stride)
          for (const k of [0, 1]) some.push(found[2 * (y * columns + x) + k] as number);
      const what = `${sbPosition} ${outShape} ${kind}`;
      // Values are rounded to 1e-5; waves are stored as float32.
      expect(largest(some, wave) / size(wave), what).toBeLessThan(1e-6);
      let sum = 0;
      for (let i = 0; i < found.length; i += 2) sum += Math.hypot(found[i] as number, found[i + 1] as number);
      expect(sum / sumAbs, what).toBeCloseTo(1, 6);
    }
    const half = await ctx.runUdf(scan, holographyUdf({ sbPosition: [11, 6], outShape: [32, 32], normalised: true }));
    expect(size((half as unknown as { wave: { data: Numbers } }).wave.data)).toBeLessThan(420);
  });

  test('the side band is found', () => {
    const { sbPosition, sbSize } = estimateSideband(hologram, [64, 64]);
    expect(sbPosition).toEqual([11, 6]);
    expect(sbSize).toBeCloseTo(Math.hypot(11, 6) / 2, 12);
    expect(estimateSideband(hologram, [64, 64], 'upper').sbPosition).toEqual([53, 58]);
  });
});

test('wavelengths of electrons', () => {
  expect(electronWavelength(300e3) * 1e12).toBeCloseTo(1.9687, 4);
  expect(electronWavelength(200e3) * 1e12).toBeCloseTo(2.5079, 4);
});

describe('integrated fields', () => {
  const [rows, columns] = [48, 64];
  const all = (of: (y: number, x: number) => number): Float64Array =>
    Float64Array.from({ length: rows * columns }, (_, i) => of(Math.floor(i / columns), i % columns));
  const rms = (have: Numbers, want: Float64Array): number => {
    const mean = want.reduce((sum, value) => sum + value, 0) / want.length;
    return Math.sqrt(
      want.reduce((sum, value, i) => sum + ((have[i] as number) - (value - mean)) ** 2, 0) / want.length,
    );
  };

  test('a Gaussian from its exact gradients', () => {
    const bell = (y: number, x: number): number => Math.exp(-((y - 22) ** 2 + (x - 33) ** 2) / 18);
    const [gy, gx] = [all((y, x) => (-(y - 22) / 9) * bell(y, x)), all((y, x) => (-(x - 33) / 9) * bell(y, x))];
    for (const mirrored of [true, false])
      expect(rms(integrateField(gy, gx, [rows, columns], { mirrored }), all(bell))).toBeLessThan(1e-6);
  });

  test('a ramp, which is not periodic, only if it is mirrored', () => {
    const [gy, gx] = [all(() => 0), all(() => 0.1)];
    const ramp = all((_, x) => 0.1 * x);
    expect(rms(integrateField(gy, gx, [rows, columns]), ramp)).toBeLessThan(0.01);
    expect(rms(integrateField(gy, gx, [rows, columns], { mirrored: false }), ramp)).toBeGreaterThan(1.5);
  });
});

describe('bad input', () => {
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  afterAll(() => ctx.close());
  const scan = ctx.fromMemory(new Float32Array(16 * 64), { navShape: [4, 4], sigShape: [8, 8] });
  const geometry = { lamb: 2e-12, dpix: 1e-10, semiconv: 0.02, semiconvPix: 3 };
  const refused = (work: () => unknown) => expect(async () => await work()).rejects;

  test('is refused in words', async () => {
    await refused(() => ssbUdf({ ...geometry, voltage: 3e5 })).toThrow(/either lamb/);
    await refused(() => ssbUdf({ ...geometry, semiconv: Number.NaN })).toThrow(/semiconv is NaN/);
    await refused(() => ssbUdf({ ...geometry, dpix: 3e-20 })).toThrow(/dpix is 3e-20; expected .*, in m/);
    await refused(() => ctx.runUdf(scan, ssbUdf({ ...geometry, cy: 100 }))).toThrow(/has no pixel in frames of 8 × 8/);
    await refused(() => ctx.runUdf(scan, holographyUdf({ sbPosition: [2, 2], outShape: [16, 4] }))).toThrow(
      /outShape is 16 × 4, larger than the frames/,
    );
    const aperture = [1, 2, 3];
    await refused(() => ctx.runUdf(scan, holographyUdf({ sbPosition: [2, 2], aperture }))).toThrow(/has 3 numbers/);
    const bare = { kind: 'disk' } as never;
    await refused(() => holographyUdf({ sbPosition: [2, 2], outShape: [4, 4], aperture: bare })).toThrow(
      /radius of the aperture is undefined; expected a number/,
    );
    await refused(() => ctx.createSsbAnalysis(scan, { voltage: 300 })).toThrow(
      /dpix, semiconv, semiconvPix are required/,
    );
    await refused(() => integrateField([1, 2], [1], [1, 2])).toThrow(/x 1, the shape/);
    const line = ctx.fromMemory(new Float32Array(4 * 64), { navShape: [4], sigShape: [8, 8] });
    await refused(() => ctx.runUdf(line, ssbUdf(geometry))).toThrow(/a scan and frames of two axes/);
    // Steps so small that no disks overlap, and so large that all do.
    for (const [dpix, shift] of [
      [1e-12, '75'],
      [1e-6, '0.0000750'],
    ] as const)
      await refused(() => ctx.runUdf(scan, ssbUdf({ ...geometry, dpix }))).toThrow(
        `the object would be flat: the lowest frequency shifts the disk by ${shift}`,
      );
    await expect(ctx.runUdf(scan, ssbUdf(geometry))).resolves.toBeDefined();
    await refused(() => ctx.createIcomAnalysis(line)).toThrow(/a scan of two axes/);
  });
});
