/** The methods of --integration: centring, planes as backgrounds, saturated reflections, and what is refused. */
import { expect, it } from 'vitest';
import { beamOf, parseGeometry } from '../../dist/index.node.js';
import { checkRun } from '../../src/pipeline/run-options.js';
import { type FrameCrystal, integrateCrystals, predictCrystal } from '../../src/pipeline/stages/frame.js';
import { integrate } from '../../src/pipeline/stages/integrate.js';
import { parseIntegration } from '../../src/pipeline/stages/integration-method.js';
import type { Reflection } from '../../src/pipeline/stages/predict.js';

const width = 60;
const geometry = parseGeometry(
  'photon_energy = 9500\nclen = 0.01\nres = 10000\nadu_per_eV = 1e-4\nmax_adu = 900\n' +
    'p/min_fs = 0\np/min_ss = 0\np/max_fs = 59\np/max_ss = 59\n' +
    'p/corner_x = -30\np/corner_y = -30\np/fs = +x\np/ss = +y\n',
);
const rings = [3, 4, 7] as const;
const at = (fs: number, ss: number): Reflection => ({
  ...{ h: 1, k: 0, l: 0, panel: 0, fs, ss, excitation: 0, inverseD: 0.1, partiality: 1 },
});
const measured = (frame: Uint16Array, bad: Uint8Array, one: Reflection, method: string) =>
  integrate({ frame, width, bad, geometry, beam: beamOf(geometry) }, [one], [...rings], {
    method: parseIntegration(method),
  })[0];
const withSpot = (x: number, y: number, background: (x: number, y: number) => number): Uint16Array => {
  const frame = Uint16Array.from({ length: width * width }, (_, i) => background(i % width, Math.floor(i / width)));
  for (let dy = -1; dy <= 1; dy++)
    for (let dx = -1; dx <= 1; dx++) frame[(y + dy) * width + x + dx] = (frame[(y + dy) * width + x + dx] ?? 0) + 100;
  return frame;
};
const good = () => new Uint8Array(width * width);

it('moves the disc to the spot with -cen, and does not move it if there is no spot', () => {
  const frame = withSpot(32, 29, () => 20);
  expect(measured(frame, good(), at(29.4, 29.6), 'rings-cen')).toMatchObject({ intensity: 900, fs: 32.4, ss: 29.6 });
  expect(measured(frame, good(), at(29.4, 29.6), 'rings')?.intensity).toBeLessThan(900);
  expect(measured(frame, good(), at(15.5, 15.5), 'rings-cen')).toMatchObject({ intensity: 0, fs: 15.5, ss: 15.5 });
  // The disc stays at the prediction if it would reach a bad pixel.
  const bad = good();
  bad[29 * width + 34] = 1;
  expect(measured(frame, bad, at(29.4, 29.6), 'rings-cen')).toMatchObject({ fs: 29.4 });
});

it('fits a plane to the background with -grad, even if half of its pixels are bad', () => {
  const frame = withSpot(30, 30, (x, y) => 40 + 5 * x + 2 * y);
  const bad = good();
  for (let y = 0; y < width; y++) bad.fill(1, y * width + 34, y * width + 38);
  const [flat, plane] = ['rings', 'rings-grad'].map((method) => measured(frame, bad, at(30.5, 30.5), method));
  expect(plane?.intensity).toBeCloseTo(900, 6);
  expect(plane?.background).toBeCloseTo(40 + 150 + 60, 6);
  expect(Math.abs((flat?.intensity ?? 0) - 900)).toBeGreaterThan(100);
  expect(plane?.sigma).toBeLessThan(flat?.sigma ?? 0);
});

it('omits saturated reflections and counts them, unless -sat keeps them', () => {
  const [a, b, c] = [
    [40, 0, 0],
    [0, 40, 0],
    [0, 0, 40],
  ] as const;
  const crystal = { cell: [a, b, c], inputCell: 0, profileRadius: 0.01, resolution: 1 } as unknown as FrameCrystal;
  const frame = new Uint16Array(width * width).fill(10);
  const scene = { geometry, beam: beamOf(geometry), width, bad: good(), settings: { intRadius: rings } };
  const inside = ({ fs, ss }: Reflection) => fs > 8 && ss > 8 && fs < 52 && ss < 52;
  const [one] = predictCrystal(crystal, scene).filter(inside);
  if (!one) throw new Error('nothing is predicted');
  frame[Math.floor(one.ss) * width + Math.floor(one.fs)] = 1000;
  const [omitted, kept] = ['rings', 'rings-sat'].map(
    (integration) => integrateCrystals(frame, [crystal], { ...scene, settings: { ...scene.settings, integration } })[0],
  );
  expect(kept?.saturated).toBeGreaterThan(0);
  expect(omitted?.saturated).toBe(kept?.saturated);
  expect(kept?.reflections?.filter(({ saturated }) => saturated)).toHaveLength(kept?.saturated ?? 0);
  expect(omitted?.reflections).toEqual(kept?.reflections?.filter(({ saturated }) => !saturated));
});

it('reads the words of CrystFEL in any order, and refuses others by name', () => {
  const usual = { centred: false, saturated: false, gradient: false };
  expect(parseIntegration('rings')).toEqual(usual);
  expect(parseIntegration('rings-nocen')).toEqual(usual);
  expect(parseIntegration('rings-grad-cen-sat')).toEqual({ centred: true, saturated: true, gradient: true });
  expect(parseIntegration('rings-cen-nocen-nosat-nograd')).toEqual(usual);
  const refusal = (integration: string) => {
    try {
      checkRun({ inputs: 'a.h5', integration });
    } catch (error) {
      return `${(error as { tag: string }).tag} ${(error as Error).message}`;
    }
    return 'none';
  };
  expect(refusal('rings-cen')).toBe('none');
  expect(refusal('prof2d-cen')).toMatch(/^Unsupported pipeline: integration is prof2d.*use rings, rings-cen/);
  expect(refusal('rings-centre')).toMatch(/^Argument pipeline: integration is "rings-centre"; expected rings/);
  expect(refusal('')).toMatch(/^Argument pipeline: integration is ""/);
});
