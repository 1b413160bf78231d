/**
 * Estimates from the first frames: gain and spot size, compared with simulated frames whose values are known in
 * float64.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';
import { describeFrames, factsOf, flagsOf, gainDoubt, guessedParameters, radiiOfSpots } from '../../src/peaks/guess.js';
import { ringsAround } from '../../src/peaks/rings.js';
import { type FrameSimulation, FrameSimulator } from '../../src/simulate/frames.js';
import { someOf } from '../support/variants.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

const size = 512;
const centre = [256, 250] as const;

/** Statistics of simulated photons, each of `gain` units, on a pedestal with readout noise. */
async function factsOfSimulated(
  more: Partial<FrameSimulation>,
  {
    gain = 1,
    pedestal = 0,
    noise = 0,
    stated = undefined as number | undefined,
    slope = (_: number): number => 0,
  } = {},
) {
  const simulator = new FrameSimulator({
    cell: [
      [79, 0, 0],
      [0, 79, 0],
      [0, 0, 38],
    ],
    detectorPx: [size, size],
    centrePx: centre,
    pixelMm: 0.15,
    badPixels: 0,
    seed: 4,
    // The spot width is `spotPx` alone.
    bandwidth: 0,
    mosaicityRad: 0.0001,
    ...more,
  } as FrameSimulation);
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const frames = [0, 1].map((i) =>
    Float32Array.from(simulator.frame(i).counts, (n, at) => {
      const more = slope(at);
      const extra = more > 0 ? Math.max(0, Math.round(more + Math.sqrt(more) * normal())) : 0;
      return gain * (n + extra) + pedestal + (noise > 0 ? noise * normal() : 0);
    }),
  );
  const rings = ringsAround(size, size, centre, { minRadius: 20, maxRadius: 0 }, undefined);
  const finder = await context.peaks({ width: size, height: size, dtype: 'f32', rings });
  try {
    return await factsOf(finder, rings, size, frames, undefined, stated);
  } finally {
    await finder.dispose();
  }
}

describe('gain', () => {
  test.for([
    [1, 0, 0],
    [25, 1000, 15],
    [0.2, -3, 0.1],
  ])(
    '%f units a photon on a pedestal of %f with noise %f',
    { tags: 'all' },
    async ([gain = 1, pedestal = 0, noise = 0]) => {
      const { gain: found } = await factsOfSimulated({ background: 20 }, { gain, pedestal, noise });
      // Rings include a polarised background, which varies slightly within a ring.
      expect((found ?? 0) / gain).toBeGreaterThan(0.92);
      expect((found ?? 0) / gain).toBeLessThan(1.12);
    },
  );
});

describe('a gain that the geometry states', () => {
  const crowd = {
    cell: [
      [160, 0, 0],
      [0, 170, 0],
      [0, 0, 180],
    ],
    mosaicityRad: 0.002,
    crystals: 2,
  } as const;

  test('is not estimated, also where peaks crowd the rings, whose SNR is then lowered', { tags: 'all' }, async () => {
    const facts = await factsOfSimulated(crowd, { stated: 1 });
    expect(facts.estimatedGain).toBeGreaterThan(2);
    expect(facts.gain).toBe(1);
    expect(guessedParameters('dispersion', facts).gain).toBe(1);
    const { minSnr = 0 } = guessedParameters('peakfinder8', facts);
    expect(minSnr).toBeGreaterThanOrEqual(3);
    expect(minSnr).toBeLessThan(4);
    expect(gainDoubt(facts)).toContain('crowded with peaks');
  });

  test('is not doubted where a gradient crosses the detector', { tags: 'all' }, async () => {
    const slope = (i: number): number => ((i % size) + Math.floor(i / size)) / 6;
    const facts = await factsOfSimulated({ background: 10 }, { stated: 1, slope });
    expect(gainDoubt(facts)).toBeUndefined();
    expect(facts.estimatedGain).toBeLessThan(1.6);
    // Of the mean, and not of the bright side.
    expect(facts.threshold).toBeLessThan(150);
  });

  test('is compared with the estimate', { tags: 'all' }, async () => {
    const right = await factsOfSimulated({ background: 20 }, { gain: 8, stated: 8 });
    expect(gainDoubt(right)).toBeUndefined();
    expect(guessedParameters('peakfinder8', right).minSnr).toBe(4.5);
    const wrong = await factsOfSimulated({ background: 20 }, { stated: 30 });
    expect(gainDoubt(wrong)).toContain('the geometry states 30 units per photon');
    expect(wrong.gain).toBe(30);
    // A detector whose units are called photons: not a crowd, so the search stays as it is.
    const units = await factsOfSimulated({ background: 20 }, { gain: 20, stated: 1 });
    expect(gainDoubt(units)).toContain('the number is wrong');
    // Nothing is stated: sigmas are those of one unit per photon.
    const unstated = await factsOfSimulated({ background: 20 }, { gain: 10 });
    expect(gainDoubt(unstated, false)).toMatch(
      /^nothing states how many units a photon is; .* varies as with (9|10|11)/,
    );
    expect(gainDoubt(await factsOfSimulated({ background: 20 }, {}), false)).toBeUndefined();
    expect(guessedParameters('peakfinder8', units).minSnr).toBe(4.5);
  });
});

describe('spot size', () => {
  test.for(someOf([1.5, 0.7, 2.2]))('spots of %f pixels sigma', async (spotPx) => {
    const facts = await factsOfSimulated({ spotPx, strength: 8000, background: 3 });
    // A pixel integrates over its own width, which adds its variance of 1/12.
    const true_ = Math.sqrt(spotPx ** 2 + 1 / 12);
    expect((facts.spotPx ?? 0) / true_).toBeGreaterThan(0.88);
    expect((facts.spotPx ?? 0) / true_).toBeLessThan(1.12);
    const [inner] = radiiOfSpots(facts);
    // Three sigmas and one pixel.
    expect(inner).toBe(Math.ceil(3 * (facts.spotPx ?? 0) + 1));
    expect(guessedParameters('peakfinder8', facts)).toMatchObject({
      localBgRadius: inner,
      minPixCount: Math.max(2, Math.floor(2 * (facts.spotPx ?? 0) ** 2)),
    });
  });

  test('a gain does not change it', { tags: 'all' }, async () => {
    const [plain, scaled] = [
      await factsOfSimulated({ strength: 4000 }),
      await factsOfSimulated({ strength: 4000 }, { gain: 8 }),
    ];
    expect(scaled.spotPx).toBeCloseTo(plain.spotPx ?? 0, 1);
  });
});

test('frames without spots or background give no estimate, and CrystFEL’s parameters are kept', async () => {
  const blank = await factsOfSimulated({ blank: 1, background: 0 });
  expect(blank).toMatchObject({ gain: undefined, spotPx: undefined });
  expect(describeFrames(blank)).toBe('');
  expect(radiiOfSpots(blank)).toEqual([4, 5, 7]);
  expect(flagsOf('peakfinder8', guessedParameters('peakfinder8', blank))).toBe(
    `--threshold=${blank.threshold} --min-snr=4.5 --min-pix-count=2 --max-pix-count=200 --local-bg-radius=4`,
  );
});

test('dispersion uses the gain, and zaef uses a gradient that noise rarely reaches', async () => {
  const facts = await factsOfSimulated({ background: 20 }, { gain: 7.5 });
  expect(guessedParameters('dispersion', facts)).toMatchObject({ gain: facts.gain, threshold: 0 });
  const { minSquaredGradient = 0 } = guessedParameters('zaef', facts);
  expect(minSquaredGradient / facts.variance).toBeCloseTo(36, -1);
});
