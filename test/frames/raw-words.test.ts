/** Frames that are corrected as they are read: raw words of a JUNGFRAU, dark frames and gain maps. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenOptions } from 'ewald/data';
import { open, openCodecs } from 'ewald/data';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { npyHeadOf } from '../../src/frames/npy.js';
import { UnlitFrames } from '../../src/frames/raw/pedestal-drift.js';
import { Jungfrau, writeTree } from '../support/jungfrau.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-raw-'));
const of = (name: string): string => join(folder, name);
const sig = [64, 64] as const;
const detector = new Jungfrau(sig, 9500, 7);
let constants = '';

/** Writes frames without a beam, and opens them. */
async function opened(name: string, frames: readonly (Uint16Array | Float32Array)[], options: OpenOptions = {}) {
  const [first = new Uint16Array()] = frames;
  const all = new (first.constructor as Uint16ArrayConstructor)(frames.length * detector.n);
  for (const [i, frame] of frames.entries()) all.set(frame, i * detector.n);
  await writeTree(of(name), { data: { value: all, shape: [frames.length, ...sig] } });
  return open(of(name), { constants, energy: 9500, ...options });
}

beforeAll(async () => {
  constants = await detector.write([of('gains.h5'), of('pedestals.h5')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A frame with a background and pixels in all three stages. */
const lit = (): Float64Array =>
  Float64Array.from({ length: detector.n }, (_, i) =>
    i % 200 === 3 ? 10 ** (4 * detector.uniform()) : i % 3 === 0 ? 1 : 0,
  );

describe('the conversion of the core', () => {
  /** The rule of ewald.h in numbers of JavaScript: differences and products are rounded to float32 each. */
  const expected = (word: number, pedestal: number, factor: number): number => {
    if (word >> 14 === 3 && (word & 0x3fff) === 0 && !Number.isNaN(pedestal)) return 32767;
    const value = Math.fround(Math.fround((word & 0x3fff) - pedestal) * factor);
    if (Number.isNaN(value)) return -32768;
    const [below, part] = [Math.floor(value), value - Math.floor(value)];
    const whole = part === 0.5 ? 2 * Math.round(value / 2) : part < 0.5 ? below : below + 1;
    return Math.max(-32767, Math.min(32767, whole));
  };
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 0x3fff }) },
    fc.integer({ min: 0x4000, max: 0x7fff }),
    fc.integer({ min: 0xc000, max: 0xffff }),
    fc.constant(0xc000),
  );
  const constant = fc.oneof(
    fc.float({ min: 0, max: 16383 }),
    fc.integer({ min: 0, max: 16383 }),
    fc.constant(Number.NaN),
  );
  const scale = fc.oneof(fc.constantFrom(0.5, 0.25, -0.5, 1), fc.float({ min: -4, max: 4 }), fc.float());
  const pixel = fc.tuple(word, constant, constant, constant, scale, scale, scale);

  test.each(['wasm', 'native'] as const)(
    '%s: every bit is that of the rule, and words without constants are found',
    async (backend) => {
      const codecs = await openCodecs({ backend });
      fc.assert(
        fc.property(
          fc.array(pixel, { minLength: 1, maxLength: 200 }),
          fc.boolean(),
          fc.nat(),
          fc.nat(3),
          (drawn, isSmall, at, damage) => {
            // Blocks of words in G0 alone go another way than those with others.
            const pixels = drawn.map((one) =>
              isSmall ? one.with(0, (one[0] as number) & 0x3fff) : one,
            ) as typeof drawn;
            const n = pixels.length;
            const words = Uint16Array.from(pixels, ([value]) => value);
            const of = (first: number) =>
              Float32Array.from({ length: 3 * n }, (_, i) => pixels[i % n]?.[first + Math.floor(i / n)] as number);
            const [pedestals, factors] = [of(1), of(4)];
            if (damage === 0) words[at % n] = 0x8000;
            const stages = damage === 1 ? 5 : 7;
            const wrong = words.findIndex((value) => value >> 14 === 2 || (stages === 5 && value >> 14 === 1));
            const converter = codecs.wordConverter({ pedestals, factors, stages });
            const out = new Int16Array(n);
            const end = converter.convert(words, out);
            converter.release();
            expect(end).toBe(wrong < 0 ? n : wrong);
            for (let i = 0; i < (end === n ? n : 0); i++) {
              const stage = [0, 1, -1, 2][(words[i] as number) >> 14] as number;
              const want = expected(
                words[i] as number,
                pedestals[stage * n + i] as number,
                factors[stage * n + i] as number,
              );
              if (out[i] !== want) throw new Error(`word ${words[i]}, ${pixels[i]}: ${out[i]} instead of ${want}`);
            }
          },
        ),
        { numRuns: 150, seed: 90 },
      );
      await codecs.dispose();
    },
  );
});

describe('raw words of a JUNGFRAU', () => {
  test('every pixel is that of its stage, to a quarter photon, and halves have no side', async () => {
    const photons = Array.from({ length: 4 }, lit);
    const words = photons.map((one) => detector.words(one));
    const dataset = await opened('lit.h5', words);
    expect([dataset.dtype, dataset.meta.unitsPerPhoton, dataset.meta.underload]).toEqual(['i16', 4, -32767]);
    const mask = await dataset.mask?.();
    expect(mask?.reduce((a, b) => a + b, 0)).toBe(1);
    const seen = new Set<number>();
    let [sum, count, worst] = [0, 0, 0];
    for (const [frame, raw] of words.entries()) {
      const values = await dataset.read(frame, 1);
      expect([values[mask?.indexOf(1) ?? 0]]).toEqual([-32768]);
      for (const [i, word] of raw.entries()) {
        if (mask?.[i]) continue;
        const stage = [0, 1, -1, 2][word >> 14] as number;
        seen.add(stage);
        const at = stage * detector.n + i;
        const exact =
          (4 * ((word & 0x3fff) - (detector.pedestals[at] as number))) / ((detector.gains[at] as number) * 9.5);
        const expected = Math.min(exact, 32767);
        worst = Math.max(worst, Math.abs(Number(values[i]) - expected));
        if (stage === 0) [sum, count] = [sum + Number(values[i]) - exact, count + 1];
      }
    }
    // Half a step, and the digits of float32 in offsets of thousands.
    expect(worst).toBeLessThan(0.502);
    expect([...seen].sort()).toEqual([0, 1, 2]);
    // The mean of errors that are uniform, four times their own error.
    expect(Math.abs(sum / count)).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    await dataset.dispose();
  });

  test('halves become even numbers on both sides of 0', async () => {
    const plane = (gain: number): Float32Array => new Float32Array(4 * detector.n).fill(gain);
    const shape = [4, ...sig];
    await writeTree(of('g0.h5'), { gains: { value: plane(8), shape } });
    await writeTree(of('p0.h5'), { gains: { value: plane(1000), shape } });
    const words = new Uint16Array(detector.n).fill(1000);
    for (let i = 0; i <= 20; i++) words[i] = 990 + i;
    const dataset = await opened('halves.h5', [words], { constants: `${of('g0.h5')},${of('p0.h5')}`, energy: 1000 });
    const expected = [-5, -4, -4, -4, -3, -2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5];
    expect([...(await dataset.read(0, 1)).subarray(0, 21)]).toEqual(expected);
    await dataset.dispose();
  });

  test('several frames are read into the memory of the caller, which has their type', async () => {
    const words = [detector.words(lit()), detector.words(lit())];
    const dataset = await opened('two.h5', words);
    const into = new Int16Array(2 * detector.n);
    await dataset.read(0, 2, into);
    expect(into.subarray(detector.n)).toEqual(await dataset.read(1, 1));
    await expect(dataset.read(0, 1, new Uint16Array(detector.n))).rejects.toMatchObject({ tag: 'Shape' });
    await dataset.dispose();
  });

  const blank = () => detector.words(new Float64Array(detector.n));
  const changed = (change: (words: Uint16Array) => void): Uint16Array => {
    const words = blank();
    change(words);
    return words;
  };
  const stale = detector.pedestals.map((value, i) => (i < detector.n ? value - 100 : value));
  const refusals: readonly [string, RegExp, () => Promise<unknown>][] = [
    [
      'constants of other modules',
      /its constants are \[4, 32, 64\], but a frame is \[64, 64\]/,
      async () =>
        opened('a.h5', [blank()], { constants: await detector.write([of('g1.h5'), of('p1.h5')], { sig: [32, 64] }) }),
    ],
    ['a gain code that is none', /gain code 10/, () => opened('b.h5', [changed((words) => (words[9] = 0x8000 | 900))])],
    ['frames that are converted', /have been converted already/, () => opened('c.h5', [new Float32Array(detector.n)])],
    [
      'a stage whose pedestal is 0',
      /gain code 01, but the constants have no stage G1/,
      async () =>
        opened('d.h5', [changed((words) => (words[9] = 0x4000 | 9000))], {
          constants: await detector.write([of('g2.h5'), of('p2.h5')], {
            pedestal: detector.pedestals.map((value, i) => (Math.floor(i / detector.n) === 1 ? 0 : value)),
          }),
        }),
    ],
    [
      'a third stage of two',
      /gain code 11, but the constants have no stage G2/,
      async () =>
        opened('e.h5', [changed((words) => (words[9] = 0xc000 | 9000))], {
          constants: await detector.write([of('g3.h5'), of('p3.h5')], { of: 2 }),
        }),
    ],
    ['no photon energy', /states no photon energy/, () => opened('f.h5', [blank()], { energy: undefined })],
    [
      'a gain that was forced',
      /in G1 or G2 without the light for it/,
      () =>
        opened('g.h5', [
          changed((words) => {
            for (let i = 0; i < detector.n; i++)
              words[i] = 0x4000 | Math.round(detector.pedestals[detector.n + i] as number);
          }),
        ]),
    ],
    [
      'the pedestal of another run',
      /the pedestal is that of another run/,
      async () =>
        opened('h.h5', [blank()], { constants: await detector.write([of('g4.h5'), of('p4.h5')], { pedestal: stale }) }),
    ],
    [
      'files in the other order',
      /the file of gains comes first/,
      () => opened('i.h5', [blank()], { constants: `${of('pedestals.h5')},${of('gains.h5')}` }),
    ],
    [
      'one file',
      /expected two files, gains and pedestals/,
      () => opened('j.h5', [blank()], { constants: of('gains.h5') }),
    ],
    ['an energy alone', /is of raw words/, () => opened('k.h5', [blank()], { constants: undefined })],
  ];
  test.each(refusals)('%s: refused before anything is computed', async (_, message, attempt) => {
    await expect(attempt()).rejects.toThrow(message);
  });

  test('a pedestal that drifts is said at the end', async () => {
    const frames = Array.from({ length: 40 }, (_, i) => {
      const shift = (i / 40) * 0.19;
      return detector.words(new Float64Array(detector.n).fill(shift));
    });
    const dataset = await opened('drift.h5', frames);
    for (let frame = 0; frame < 40; frame++) await dataset.read(frame, 1);
    const { changedFiles } = await import('../../src/frames/dataset.js');
    const found = Object.getOwnPropertySymbols(dataset).find((one) => one.description === changedFiles.description);
    const say = (dataset as unknown as Record<symbol, () => Promise<readonly string[]>>)[found as symbol];
    expect(await say?.()).toEqual([
      expect.stringMatching(/pixels without light have moved from 0\.0\d to 0\.1\d photons/),
    ]);
    await dataset.dispose();
  });
});

describe('frames of an integrating detector', () => {
  test('a dark frame is the mean of its frames, and a gain of 0 is a bad pixel', async () => {
    const raw = Uint16Array.from({ length: detector.n }, (_, i) => 100 + (i % 7));
    const twice = new Uint16Array(2 * detector.n).fill(9).fill(12, detector.n);
    await writeTree(of('dark.h5'), { data: { value: twice, shape: [2, ...sig] } });
    await writeTree(of('map.h5'), {
      data: { value: new Float32Array(detector.n).fill(0.5).fill(0, 3, 4), shape: [1, ...sig] },
    });
    const plain = { constants: undefined, energy: undefined };
    const dataset = await opened('plain.h5', [raw], { ...plain, dark: of('dark.h5'), gainMap: of('map.h5') });
    const values = await dataset.read(0, 1);
    expect([...values.subarray(0, 3)]).toEqual([0, 1, 2].map((i) => (100 + i - 10.5) / 2));
    expect(values[3]).toBeNaN();
    expect([...((await dataset.mask?.()) ?? [])].indexOf(1)).toBe(3);
    await dataset.dispose();
    await expect(opened('plain2.h5', [raw], { ...plain, gainMap: of('dark.h5') })).rejects.toThrow(
      /has 2 frames; expected one/,
    );
    await expect(opened('plain3.h5', [raw], { dark: of('dark.h5') })).rejects.toThrow(/have the pedestals and gains/);
  });

  test('half floats of a dark frame are numbers, and complex numbers are refused', async () => {
    const raw = new Uint16Array(detector.n).fill(100);
    const plain = { constants: undefined, energy: undefined };
    const write = (name: string, dtype: string, words: Uint16Array): void =>
      writeFileSync(of(name), Buffer.concat([npyHeadOf(dtype, sig), new Uint8Array(words.buffer)]));
    // 0x4900 is 10 as a half float.
    write('dark.npy', '<f2', new Uint16Array(detector.n).fill(0x4900));
    const dataset = await opened('half.h5', [raw], { ...plain, dark: of('dark.npy') });
    expect((await dataset.read(0, 1))[0]).toBe(90);
    await dataset.dispose();
    write('complex.npy', '<c8', new Uint16Array(4 * detector.n));
    await expect(opened('half.h5', [raw], { ...plain, dark: of('complex.npy') })).rejects.toThrow(
      /dark.*: .*complex\.npy has complex numbers \(c64\); expected real ones/,
    );
  });

  test('a mask of constants that cannot be read is not taken for none', async () => {
    const pedestals = { gains: { value: detector.pedestals, shape: [4, ...sig] } };
    const mask = { value: ['a', 'text'] };
    await writeTree(of('odd-mask.h5'), { ...pedestals, pixel_mask: mask });
    const blank = detector.words(new Float64Array(detector.n));
    await expect(opened('m.h5', [blank], { constants: `${of('gains.h5')},${of('odd-mask.h5')}` })).rejects.toThrow(
      /pixel_mask|mask/,
    );
    await writeTree(of('no-mask.h5'), pedestals);
    const dataset = await opened('m.h5', [blank], { constants: `${of('gains.h5')},${of('no-mask.h5')}` });
    await dataset.dispose();
  });
});

test('a million frames that nobody asks for leave numbers of the latest alone', () => {
  const unlit = new UnlitFrames();
  for (let frame = 0; frame < 1e6; frame++) unlit.add(frame, frame / 1e7);
  expect(unlit.size).toBe(4096);
  expect([unlit.take(999_999), unlit.take(999_999), unlit.take(0)]).toEqual([0.0999999, undefined, undefined]);
});
