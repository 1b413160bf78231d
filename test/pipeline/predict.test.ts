/** Predicted reflections, and the edge of the detector that bounds them, compared with plain loops over everything. */
import { describe, expect, it } from 'vitest';
import {
  beamOf,
  cellFromParameters,
  type Geometry,
  parseGeometry,
  reciprocal as reciprocalCell,
} from '../../dist/index.node.js';
import { largestInverseD } from '../../src/crystal/geometry/edge.js';
import { PanelPlace, reciprocalOf } from '../../src/crystal/geometry/pixels.js';
import type { SearchSettings } from '../../src/pipeline/settings.js';
import { type FrameCrystal, predictCrystal } from '../../src/pipeline/stages/frame.js';
import { predict } from '../../src/pipeline/stages/predict.js';

const head = 'photon_energy = 9500 eV\nres = 2000\nadu_per_eV = 1e-4\n';
const panel = (name: string, lines: string) =>
  lines
    .split(';')
    .map((line) => `${name}/${line.trim()}\n`)
    .join('');
const size = 'min_fs = 0; min_ss = 0; max_fs = 99; max_ss = 79';
const below = 'min_fs = 0; min_ss = 80; max_fs = 99; max_ss = 159';
const detectors: Record<string, string> = {
  'flat, beam off the panel': `clen = 0.05\n${panel('p', `${size}; corner_x = 12; corner_y = -30; fs = +x; ss = +y`)}`,
  'two tilted panels': [
    'clen = 0.06\n',
    panel('p', `${size}; corner_x = -110; corner_y = -40; fs = +0.9x +0.1y -0.42z; ss = -0.1x +0.99y`),
    panel('q', `${below}; corner_x = 10; corner_y = -40; fs = +0.7x +0.7z; ss = +y`),
  ].join(''),
  'bent back past the sample': [
    'clen = 0.02\n',
    panel('p', `${size}; corner_x = 30; corner_y = -40; fs = +0.2x -0.98z; ss = +y`),
  ].join(''),
  'behind the sample, across the beam': [
    'clen = -0.02\n',
    panel('p', `${size}; corner_x = -50; corner_y = -40; fs = +x; ss = +y`),
  ].join(''),
};
const made = (text: string): Geometry => parseGeometry(head + text);
const turned = (angle: number) => {
  const cell = cellFromParameters(21, 25, 29, 82, 97, 105);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return cell.map(([x, y, z]) => [c * x - s * z, y, s * x + c * z]) as typeof cell;
};

describe.each(Object.entries(detectors))('a detector that is %s', (_, text) => {
  const geometry = made(text);
  const beam = beamOf(geometry);

  it('reaches as far as the farthest of many points on its panels', () => {
    let farthest = 0;
    for (const one of geometry.panels)
      for (let fs = 0; fs <= 100; fs += 0.5)
        for (let ss = 0; ss <= 80; ss += 0.5)
          farthest = Math.max(farthest, Math.hypot(...reciprocalOf(one, beam, fs, ss)));
    const edge = largestInverseD(geometry, beam);
    expect(edge).toBeGreaterThanOrEqual(farthest - 1e-12);
    expect(edge).toBeLessThan(farthest * 1.001);
  });

  it('has the reflections that a loop over all indices finds, with a limit and without one', () => {
    const [a, b, c] = reciprocalCell(turned(0.7));
    const [reach, bandwidth] = [0.012, 0.001];
    const found = (maxInverseD: number) =>
      predict([a, b, c], 'I', geometry, beam, { profileRadius: reach / 2, reach, bandwidth, maxInverseD });
    const k0 = 1 / beam.wavelengthA;
    const places = geometry.panels.map((one) => new PanelPlace(one, beam));
    const expected: { line: string; q: number }[] = [];
    // The Ewald sphere ends at 2/λ, and no edge of the cell is longer than 30 Å.
    const most = Math.ceil(2.05 * k0 * 30);
    for (let h = -most; h <= most; h++)
      for (let k = -most; k <= most; k++)
        for (let l = -most; l <= most; l++) {
          if ((h + k + l) % 2 !== 0 || (h === 0 && k === 0 && l === 0)) continue;
          const [x, y] = [h * a[0] + k * b[0] + l * c[0], h * a[1] + k * b[1] + l * c[1]];
          const z = h * a[2] + k * b[2] + l * c[2];
          const off = Math.sqrt(x * x + y * y + (z + k0) ** 2) - k0;
          const q = Math.sqrt(x * x + y * y + z * z);
          if (Math.abs(off) > reach + q * q * beam.wavelengthA * bandwidth) continue;
          const at = places.findIndex((place) => place.find(x, y, z + k0));
          if (at >= 0) expected.push({ q, line: `${h} ${k} ${l} on ${at} at ${places[at]?.fs} ${places[at]?.ss}` });
        }
    const lines = (limit: number): string[] =>
      found(limit).map((one) => `${one.h} ${one.k} ${one.l} on ${one.panel} at ${one.fs} ${one.ss}`);
    expect(expected.length).toBeGreaterThan(25);
    expect(lines(Number.POSITIVE_INFINITY)).toEqual(expected.map(({ line }) => line));
    const middle = expected.map(({ q }) => q).sort((one, other) => one - other)[expected.length >> 1] as number;
    expect(lines(middle)).toEqual(expected.flatMap(({ q, line }) => (q <= middle ? [line] : [])));
    // A negative --push-res may leave nothing.
    expect(lines(-0.1)).toEqual([]);
  });
});

it('predicts to the edge of the detector by default, and as far beyond the peaks as pushRes allows', () => {
  const geometry = made(detectors['flat, beam off the panel'] as string);
  const cell = turned(0.7);
  const crystal = { cell, inputCell: 0, profileRadius: 0.012, resolution: 0.3 } as FrameCrystal;
  const farthest = (settings: SearchSettings): number =>
    Math.max(...predictCrystal(crystal, { geometry, beam: beamOf(geometry), settings }).map((one) => one.inverseD));
  const edge = largestInverseD(geometry, beamOf(geometry));
  expect(farthest({})).toBeGreaterThan(0.9 * edge);
  expect(farthest({ pushRes: Number.POSITIVE_INFINITY })).toBe(farthest({}));
  for (const pushRes of [0, 0.5, -0.5]) {
    const limit = 0.3 + pushRes / 10;
    expect(farthest({ pushRes })).toBeLessThanOrEqual(limit);
    expect(farthest({ pushRes })).toBeGreaterThan(limit - 0.05);
  }
});

it('predicts for the detector of each call, also where several share a beam', () => {
  const [near, far] = ['0.05', '0.06'].map((clen) =>
    made(`clen = ${clen}\n${panel('p', `${size}; corner_x = 12; corner_y = -30; fs = +x; ss = +y`)}`),
  ) as [Geometry, Geometry];
  const beam = beamOf(near);
  const moved = { ...near, panels: near.panels.map((one) => ({ ...one, corner: [40, -30] as const })) };
  const excitation = { profileRadius: 0.006, reach: 0.012, bandwidth: 0, maxInverseD: Number.POSITIVE_INFINITY };
  const places = (geometry: Geometry, of = beam) =>
    predict(reciprocalCell(turned(0.7)), 'P', geometry, of, excitation).map(({ fs, ss }) => [fs, ss]);
  const expected = places(near);
  expect(places(moved)).not.toEqual(expected);
  expect(places(far, beamOf(far))).not.toEqual(expected);
  expect(places(near)).toEqual(expected);
});

it('refuses numbers that ask for more nodes than a loop would ever visit', () => {
  const geometry = made(detectors['flat, beam off the panel'] as string);
  const beam = beamOf(geometry);
  const excitation = { profileRadius: 0.006, reach: 0.012, bandwidth: 0, maxInverseD: Number.POSITIVE_INFINITY };
  const cell = reciprocalCell(turned(0.7));
  const refused = (other: object, of = beam, rows = cell) =>
    expect(() => predict(rows, 'P', geometry, of, { ...excitation, ...other })).toThrow(
      expect.objectContaining({
        tag: 'Limit',
        message: expect.stringMatching(
          /reach to .* Å within .* nodes; expected at most 33554432: is the wavelength of .* Å, the bandwidth of /,
        ),
      }),
    );
  for (const bandwidth of [1e9, 1e300]) refused({ bandwidth });
  refused({ profileRadius: 100, reach: 850 });
  refused({}, { ...beam, wavelengthA: 1e-5 });
  const long = cell.map((row) => row.map((x) => x / 1e9)) as unknown as typeof cell;
  refused({}, beam, long);
  // As many as a cell of a virus has.
  const large = cell.map((row) => row.map((x) => x / 20)) as unknown as typeof cell;
  const limited = { ...excitation, reach: 1e-5, maxInverseD: 0.4 };
  expect(predict(large, 'P', geometry, beam, limited).length).toBeGreaterThan(0);
});

it('refuses a bandwidth that is no part of the wavelength where the geometry is taken', () => {
  for (const bandwidth of ['-0.1', '1.5', '1e9'])
    expect(() => beamOf(made(`bandwidth = ${bandwidth}\n${detectors['flat, beam off the panel']}`))).toThrow(
      expect.objectContaining({ tag: 'Format', message: expect.stringContaining('expected a part of the wavelength') }),
    );
  expect(beamOf(made(`bandwidth = 0.05\n${detectors['flat, beam off the panel']}`)).distanceM).toBe(0.05);
});
