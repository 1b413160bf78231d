/** Integration in rings next to bad pixels and at panel edges, compared with a loop over individual pixels. */
import { expect, it } from 'vitest';
import { beamOf, parseGeometry } from '../../dist/index.node.js';
import { integrate } from '../../src/pipeline/stages/integrate.js';
import { parseIntegration } from '../../src/pipeline/stages/integration-method.js';
import type { Reflection } from '../../src/pipeline/stages/predict.js';
import { pixelNoise, poisson } from '../../src/simulate/poisson.js';

const [width, height] = [150, 130];
const panel = (name: string, minFs: number, minSs: number, maxFs: number, maxSs: number) =>
  `${name}/min_fs = ${minFs}\n${name}/min_ss = ${minSs}\n${name}/max_fs = ${maxFs}\n${name}/max_ss = ${maxSs}\n${name}/corner_x = 0\n${name}/corner_y = 0\n${name}/fs = +x\n${name}/ss = +y\n`;
const geometry = parseGeometry(
  `photon_energy = 9500\nclen = 0.1\nres = 10000\nadu_per_eV = 1e-4\n${panel('a', 0, 0, 69, 129)}${panel('b', 70, 0, 149, 129)}`,
);
const at = (panel: number, fs: number, ss: number, h: number): Reflection => ({
  ...{ h, k: 0, l: 0, panel, fs, ss, excitation: 0, inverseD: 0.1, partiality: 1 },
});
const random = (seed: number) => () => {
  seed = (Math.imul(1664525, seed) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

it.each([[[4, 5, 7]], [[2, 3, 4]], [[6, 8, 11.5]]] as [[number, number, number]][])('rings of %j pixels', (rings) => {
  const next = random(5);
  const frame = Uint32Array.from({ length: width * height }, () => Math.floor(next() * 5000));
  const bad = new Uint8Array(width * height);
  // Bad pixels: a few single ones and a row, so that there are tiles without bad pixels, with one and with many.
  for (let n = 0; n < 12; n++) bad[Math.floor(next() * bad.length)] = 1;
  bad.fill(1, 90 * width + 20, 90 * width + 60);
  const reflections: Reflection[] = [];
  for (let h = 0; h < 4000; h++) {
    const panel = h % 2;
    reflections.push(at(panel, next() * (panel === 0 ? 70 : 80), next() * height, h));
  }
  const expected = new Map<number, { intensity: number; background: number; peak: number }>();
  for (const { h, panel, fs, ss } of reflections) {
    const [x, y, w] = [Math.floor(fs), Math.floor(ss), panel === 0 ? 70 : 80];
    const [own, around]: [number[], number[]] = [[], []];
    for (let yy = y - 12; yy <= y + 12; yy++)
      for (let xx = x - 12; xx <= x + 12; xx++) {
        const far = (xx - x) ** 2 + (yy - y) ** 2;
        const there = xx >= 0 && yy >= 0 && xx < w && yy < height;
        const i = yy * width + xx + 70 * panel;
        const value = there && bad[i] === 0 ? (frame[i] as number) : Number.NaN;
        if (far <= rings[0] ** 2) own.push(value);
        else if (far >= rings[1] ** 2 && far <= rings[2] ** 2 && value >= 0) around.push(value);
      }
    if (own.some(Number.isNaN) || around.length < 10) continue;
    const background = around.reduce((sum, value) => sum + value, 0) / around.length;
    const intensity = own.reduce((sum, value) => sum + value - background, 0);
    expected.set(h, { intensity, background, peak: Math.max(...own) });
  }
  const found = integrate({ frame, width, bad, geometry, beam: beamOf(geometry) }, reflections, rings);
  expect(found.map(({ h }) => h)).toEqual([...expected.keys()]);
  expect(found.length).toBeGreaterThan(1500);
  expect(found.length).toBeLessThan(3900);
  for (const { h, intensity, background, peak } of found) {
    const other = expected.get(h);
    expect(Math.abs(intensity - (other?.intensity ?? 0))).toBeLessThan(1e-6);
    expect(Math.abs(background - (other?.background ?? 0))).toBeLessThan(1e-9);
    expect(peak).toBe(other?.peak);
  }
});

it('where panels state different units per photon, intensities and errors are those of the lower ones', () => {
  const next = random(11);
  const same = Uint32Array.from({ length: width * height }, () => Math.floor(next() * 5000));
  const quadrupled = same.map((value, i) => (i % width < 70 ? value : 4 * value));
  const reflections = Array.from({ length: 200 }, (_, h) => at(h % 2, 10 + next() * 50, 10 + next() * 100, h));
  const measured = (frame: Uint32Array, units: string) => {
    const panels = `${panel('a', 0, 0, 69, 129)}${panel('b', 70, 0, 149, 129)}`;
    const own = parseGeometry(`photon_energy = 9500\nclen = 0.1\nres = 10000\n${panels}${units}`);
    const bad = new Uint8Array(frame.length);
    return integrate({ frame, width, bad, geometry: own, beam: beamOf(own) }, reflections, [4, 5, 7]);
  };
  const expected = measured(same, 'a/adu_per_photon = 1\nb/adu_per_photon = 1\n');
  const found = measured(quadrupled, 'a/adu_per_photon = 1\nb/adu_per_photon = 4\n');
  expect(found.length).toBe(200);
  for (const [i, { intensity, sigma }] of found.entries()) {
    expect(intensity).toBeCloseTo(expected[i]?.intensity ?? 0, 6);
    expect(sigma).toBeCloseTo(expected[i]?.sigma ?? 0, 6);
  }
});

it.each(['adu_per_photon = 28.5', 'adu_per_eV = 0.003'])('errors are those of photons, %s', (gain) => {
  const [side, step, units] = [1000, 20, 28.5];
  const geometry = parseGeometry(
    `photon_energy = 9500\nclen = 0.1\nres = 10000\n${gain}\n${panel('a', 0, 0, side - 1, side - 1)}`,
  );
  const uniform = pixelNoise([1, 2, 3]);
  const [spot, background] = [60, 2];
  const frame = new Float32Array(side * side).map((_, i) => {
    const [x, y] = [(i % side) % step, Math.floor(i / side) % step];
    const isSpot = Math.abs(x - step / 2) + Math.abs(y - step / 2) <= 1;
    return units * poisson(background + (isSpot ? spot : 0), uniform);
  });
  const reflections = Array.from({ length: 2304 }, (_, h) =>
    at(0, step * (1 + (h % 48)) + step / 2, step * (1 + Math.floor(h / 48)) + step / 2, h),
  );
  const bad = new Uint8Array(side * side);
  const found = integrate({ frame, width: side, bad, geometry, beam: beamOf(geometry) }, reflections, [3, 4, 7]);
  expect(found).toHaveLength(reflections.length);
  const squares = found.map(({ intensity, sigma }) => ((intensity - units * 5 * spot) / sigma) ** 2);
  const rms = Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length);
  expect(Math.abs(rms - 1), `${rms}`).toBeLessThan(0.06);
});

it('a value that is no count is neither summed nor part of a background, and a limit is that of its pixel', () => {
  const side = 60;
  const flat = parseGeometry(
    `photon_energy = 9500\nclen = 0.1\nres = 10000\nadu_per_photon = 1\n${panel('a', 0, 0, side - 1, side - 1)}`,
  );
  const frame = new Uint16Array(side * side).fill(10);
  for (const [x, y] of [
    [15, 15],
    [45, 15],
    [15, 45],
    [45, 45],
  ] as const)
    frame[y * side + x] = 1010;
  // In the sum of the first spot, and in the background of the second.
  frame[16 * side + 15] = 65535;
  frame[15 * side + 51] = 65535;
  const saturation = new Float32Array(side * side).fill(Number.POSITIVE_INFINITY);
  saturation[45 * side + 15] = 1000;
  const recorded = { frame, width: side, bad: new Uint8Array(side * side), geometry: flat, beam: beamOf(flat) };
  const spots = [at(0, 15, 15, 0), at(0, 45, 15, 1), at(0, 15, 45, 2), at(0, 45, 45, 3)];
  const found = integrate({ ...recorded, validRange: [0, 65534], saturation }, spots, [4, 5, 7]);
  expect(found.map(({ h, intensity, saturated }) => [h, intensity, saturated])).toEqual([
    [1, 1000, false],
    [2, 1000, true],
    [3, 1000, false],
  ]);
});

it.each([
  ['of its panel', ''],
  ['of its own', 'saturation'],
])('a pixel above a limit %s is in no background, flat or sloping', (_, map) => {
  const side = 60;
  const flat = parseGeometry(
    `photon_energy = 9500\nclen = 0.1\nres = 10000\nadu_per_photon = 1\nmax_adu = ${map ? 1e9 : 5000}\n` +
      panel('a', 0, 0, side - 1, side - 1),
  );
  const frame = new Uint16Array(side * side).fill(10);
  for (const x of [15, 45]) frame[15 * side + x] = 1010;
  // Hot pixels in the backgrounds of both.
  for (const x of [21, 39, 51]) frame[15 * side + x] = 65535;
  const limits = map ? { saturation: new Float32Array(side * side).fill(5000) } : {};
  const recorded = { frame, width: side, bad: new Uint8Array(side * side), geometry: flat, beam: beamOf(flat) };
  const spots = [at(0, 15, 15, 0), at(0, 45, 15, 1)];
  for (const near of [[], [[30, 15], undefined]])
    for (const word of ['rings', 'rings-grad', 'rings-cen']) {
      const options = { near, method: parseIntegration(word) };
      const found = integrate({ ...recorded, validRange: [0, 65535], ...limits }, spots, [4, 5, 7], options);
      expect(found, word).toMatchObject([
        { intensity: expect.closeTo(1000, 6), background: expect.closeTo(10, 6), saturated: false },
        { intensity: expect.closeTo(1000, 6), background: expect.closeTo(10, 6), saturated: false },
      ]);
    }
});
