/** The centre of the beam in single frames of electrons: found, with honest errors, and carried into streams. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { StreamChunk } from '../../src/crystal/stream/stream.js';
import type { PeakList } from '../../src/peaks/peak-list.js';
import type { FrameCentre } from '../../src/pipeline/centre/centred-beam.js';
import { FrameCentres } from '../../src/pipeline/centre/frame-centre.js';
import { pairsCentre } from '../../src/pipeline/centre/pairs.js';
import { placedPixels } from '../../src/pipeline/geometry/background-centre.js';
import { beamOfChunk } from '../../src/pipeline/streams/beam-of-chunk.js';
import { centreOfChunk, centreText, withoutCentre } from '../../src/pipeline/streams/centre-line.js';
import { detectorOf, drawn, frameAt, modulesOf, pixelOfFrames, spotsOf } from '../support/centred-frames.js';
import { ewaldTogether } from '../support/cli.js';

const noPeaks = { count: 0, fs: [], ss: [], panel: [] } as unknown as PeakList;
const rms = (numbers: readonly number[]): number =>
  Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);
/** Errors of centres in pixels, and in their standard errors. */
interface Off {
  readonly px: number[];
  readonly z: number[];
}

/** Centres of frames that are drawn, by what they are found. */
function centresOf(how: 'direct' | 'background', frames: number, options: Parameters<typeof frameAt>[2] = {}): Off {
  const random = drawn(7);
  const lists = spotsOf(10, 2, 2 * frames, 3);
  const off: Off = { px: [], z: [] };
  for (let n = 0; n < frames; n++) {
    const stop = [256 + 3 * random.normal(), 256 + 3 * random.normal()] as const;
    const detector = detectorOf(how === 'direct' ? undefined : stop);
    const at = [4 * random.normal(), 4 * random.normal()] as const;
    const frame = frameAt(at, 100 + n, { ...options, spots: lists[n % lists.length] ?? [] });
    const found = new FrameCentres(detector).find(frame, noPeaks, detector.beam, how) as FrameCentre;
    for (const axis of [0, 1] as const) {
      const px = found.offM[axis] / pixelOfFrames - at[axis];
      off.px.push(px);
      off.z.push(px / (found.errorM[axis] / pixelOfFrames));
    }
  }
  return off;
}

test.each([
  { spurious: 0, images: 60, seed: 5 },
  { spurious: 5, images: 200, seed: 1 },
])(
  'pairs of spots, of which $spurious are spurious, tell the centre of electron stills within their errors',
  ({ spurious, images, seed }) => {
    const random = drawn(3);
    const off: Off = { px: [], z: [] };
    const lists = spotsOf(spurious === 0 ? 8 : 12, spurious, images, seed);
    for (const spots of lists) {
      const at = [3 * random.normal(), 3 * random.normal()] as const;
      const found = pairsCentre(
        spots.map(([x]) => x + at[0]),
        spots.map(([, y]) => y + at[1]),
      );
      if (!found) continue;
      for (const axis of [0, 1] as const) {
        off.px.push(found.at[axis] - at[axis]);
        off.z.push((found.at[axis] - at[axis]) / found.error[axis]);
      }
    }
    expect(off.px.length).toBeGreaterThan(lists.length);
    expect(rms(off.px)).toBeLessThan(0.35);
    expect(rms(off.z)).toBeGreaterThan(0.7);
    expect(rms(off.z)).toBeLessThan(1.2);
    // None is wrong with a small error.
    expect(Math.max(...off.z.map(Math.abs))).toBeLessThan(5);
  },
);

test('spots without mates tell no centre', () => {
  const random = drawn(5);
  const said = Array.from({ length: 30 }, () => {
    const coordinates = () => Array.from({ length: 6 }, () => 400 * (random.uniform() - 0.5));
    return pairsCentre(coordinates(), coordinates());
  }).filter((one) => one !== undefined);
  expect(said.length).toBeLessThanOrEqual(3);
});

test('a beam with a saturated core tells the centre', () => {
  const { px, z } = centresOf('direct', 1);
  expect(rms(px)).toBeLessThan(0.02);
  expect(rms(z)).toBeLessThan(4);
});

test('a detector of stacked modules tells the centre that the same pixels tell as one panel', () => {
  const whole = detectorOf(undefined);
  const modules = modulesOf(whole);
  const frame = frameAt([4, -3], 100);
  for (const detector of [whole, modules]) {
    const found = new FrameCentres(detector).find(frame, noPeaks, detector.beam, 'direct');
    expect(found?.offM[0]).toBeCloseTo(4 * pixelOfFrames, 6);
    expect(found?.offM[1]).toBeCloseTo(-3 * pixelOfFrames, 6);
  }
  expect(placedPixels(modules).index).toEqual(placedPixels(whole).index);
});

test('pairs of spots on several panels tell the centre that they tell on one', () => {
  const whole = detectorOf(undefined);
  const random = drawn(3);
  const some = Array.from({ length: 8 }, () => [200 * (random.uniform() - 0.5), 200 * random.uniform()] as const);
  const spots = some.flatMap(([x, y]) => [[259 + x, 254 + y] as const, [259 - x, 254 - y] as const]);
  const lists = { count: spots.length, fs: spots.map(([x]) => x), ss: spots.map(([, y]) => y) };
  for (const detector of [whole, modulesOf(whole)]) {
    const { panels } = detector.geometry;
    const panel = lists.ss.map((row) => panels.findIndex(({ minSs, maxSs }) => row >= minSs && row < maxSs + 1));
    const peaks = { ...lists, panel } as unknown as PeakList;
    const found = new FrameCentres(detector).find(new Float32Array(0), peaks, detector.beam, 'pairs');
    expect(found?.offM[0]).toBeCloseTo(3 * pixelOfFrames, 6);
    expect(found?.offM[1]).toBeCloseTo(-2 * pixelOfFrames, 6);
  }
});

test.each([
  ['direct', {}, 0.01],
  ['background', {}, 0.15],
  ['background', { dose: 0.3 }, 0.3],
  ['background', { gradient: 0.05 }, 0.15],
] as const)('centres by %s (%j) are within their errors', { tags: 'all', timeout: 120_000 }, (how, options, most) => {
  const { px, z } = centresOf(how, 16, options);
  expect(rms(px)).toBeLessThan(most);
  expect(rms(z)).toBeGreaterThan(0.6);
  expect(rms(z)).toBeLessThan(1.4);
});

test('a chunk states the centre of its frame, which its beam has', () => {
  const { geometry, beam } = detectorOf(undefined);
  const centre: FrameCentre = { by: 'background', offM: [1.25e-4, -3.5e-5], errorM: [6e-6, 7e-6] };
  const chunk = {
    photonEnergyEv: 12398.42 / beam.wavelengthA,
    cameraLengthM: 1.14,
    notes: [`ewald/beam_centre = ${centreText(centre)}`],
  } as unknown as StreamChunk;
  const read = centreOfChunk(chunk) as FrameCentre;
  expect(read.by).toBe('background');
  for (const axis of [0, 1] as const) {
    expect(read.offM[axis]).toBeCloseTo(centre.offM[axis], 12);
    expect(read.errorM[axis]).toBeCloseTo(centre.errorM[axis], 12);
  }
  const { shiftM } = beamOfChunk(withoutCentre(chunk), geometry);
  const moved = beamOfChunk(chunk, geometry).shiftM;
  for (const axis of [0, 1] as const) expect(moved[axis]).toBeCloseTo(shiftM[axis] - centre.offM[axis], 9);
});

test('frames whose beam wanders are indexed, and again from their stream', {
  tags: 'all',
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-centre-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const cell = '6.83,10.94,17.42,90,90,90';
  const at = (name: string): string => join(folder, name);
  const electrons = '--radiation electron --distance 1140 --pixel 0.055 --size 512,512 --highres 0.9 --domain 330';
  const crystals = '--mosaicity 0.11 --strength 300 --b-factor 4 --images 16 --seed 3 --drift 2.5';
  await ewaldTogether(['simulate', 'frames', '-o', at('f'), '-p', cell, ...`${electrons} ${crystals}`.split(' ')]);
  const indexed = async (name: string, ...more: string[]): Promise<number> => {
    const { code, err } = await ewaldTogether(['index', ...more, '-p', cell, '-o', at(name)]);
    expect(code, err).toBe(0);
    return readFileSync(at(name), 'utf8').split('--- Begin crystal').length - 1;
  };
  const frames = [at('f/run.h5'), '-g', at('f/run.geom')];
  const centred = await indexed('auto.stream', ...frames);
  const asGiven = await indexed('off.stream', ...frames, '--frame-centre', 'off');
  expect(centred).toBeGreaterThan(asGiven + 3);
  expect(readFileSync(at('off.stream'), 'utf8')).not.toContain('ewald/beam_centre');
  expect(await indexed('again.stream', '-i', at('auto.stream'))).toBe(centred);
  expect(await indexed('uncentred.stream', '-i', at('auto.stream'), '--frame-centre', 'off')).toBe(asGiven);
  const lines = (name: string): string[] => readFileSync(at(name), 'utf8').match(/^ewald\/beam_centre.*$/gm) ?? [];
  expect(lines('again.stream')).toEqual(lines('auto.stream'));
});
