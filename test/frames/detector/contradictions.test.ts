/** What a geometry and the file of its frames say about the beam. */
import { expect, test } from 'vitest';
import { checkGeometry } from '../../../src/crystal/geometry/check.js';
import { parseGeometry } from '../../../src/crystal/geometry/parse.js';
import { beamOf } from '../../../src/crystal/geometry/pixels.js';
import { contradictions } from '../../../src/frames/detector/contradictions.js';

const said = (corner: string, x: number, y: number): string[] => {
  const text = `wavelength = 1.3 A\nclen = 0.06 m\nres = 5000\nadu_per_photon = 1\np0/min_fs = 0\np0/max_fs = 383
p0/min_ss = 0\np0/max_ss = 383\n${corner}\np0/fs = +1x\np0/ss = +1y\n`;
  const geometry = parseGeometry(text, 'a.geom');
  const beam = beamOf(geometry);
  const file = { name: 'run.h5', meta: { beamCentrePx: { x, y } } };
  return contradictions(geometry, beam, checkGeometry(geometry, beam), file as never).map(({ text }) => text);
};

test.each([
  ['p0/corner_x = -195.3\np0/corner_y = -186.3', []],
  [
    'p0/corner_x = -200.3\np0/corner_y = -186.3',
    [/beam is at 200\.3, 186\.3 pixels in the geometry, and run\.h5 .* 5\.0/],
  ],
  // A sign is wrong, so that the beam passes beside the panel.
  [
    'p0/corner_x = 195.3\np0/corner_y = -186.3',
    [/beam hits no panel in the geometry, and run\.h5 states 195\.3, 186\.3, which is 390\.6 pixels from it/],
  ],
])('%s', (corner, expected) => {
  expect(said(corner, 195.3, 186.3)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  // Files that do not know it state zeros.
  expect(said(corner, 0, 0)).toEqual([]);
});

test('max_adu far below the saturation that the file states is said; one above it, or slightly below, is not', () => {
  const saidOf = (limit: string): string[] => {
    const panel = 'p0/min_fs = 0\np0/max_fs = 9\np0/min_ss = 0\np0/max_ss = 9\np0/corner_x = -5\np0/corner_y = -5\n';
    const head = 'wavelength = 1.3 A\nclen = 0.06 m\nres = 5000\nadu_per_photon = 1\np0/fs = x\np0/ss = y\n';
    const geometry = parseGeometry(`${head}${panel}${limit}`, 'a.geom');
    const beam = beamOf(geometry);
    const file = { name: 'run.h5', meta: { saturation: 60_000 } };
    return contradictions(geometry, beam, checkGeometry(geometry, beam), file as never).map(({ text }) => text);
  };
  for (const limit of ['', 'p0/max_adu = 1e6\n', 'p0/max_adu = 40000\n']) expect(saidOf(limit)).toEqual([]);
  expect(saidOf('p0/max_adu = 200\n')).toEqual([expect.stringMatching(/max_adu is 200 .* a saturation of 60000/)]);
});

const panelsOf = (fast: number[], slow: number[], axes: string): string[] => {
  const text = `wavelength = 1.3 A\nclen = 0.06 m\nres = 5000\nadu_per_photon = 1\ndim0 = %\ndim1 = 3\ndim2 = ss\ndim3 = fs
p0/min_fs = 0\np0/max_fs = 63\np0/min_ss = 0\np0/max_ss = 31\np0/corner_x = 10\np0/corner_y = 10\n${axes}\n`;
  const geometry = parseGeometry(text, 'a.geom');
  const beam = beamOf(geometry);
  const place = { name: 'ARRAY', first: { x: 0, y: 0 }, width: 64, height: 32, cornerM: [0, 0, 0.06] };
  const panels = [
    // Another module, of which the geometry says nothing.
    { ...place, module: [2], fastM: [0, 0, 1e-4], slowM: [0, 1e-4, 0] },
    { ...place, module: [3], fastM: fast, slowM: slow },
  ];
  const file = { name: 'run.h5', meta: { panels } };
  return contradictions(geometry, beam, checkGeometry(geometry, beam), file as never).map(({ text }) => text);
};
const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];

test.each([
  ['as in the file', [1, 0, 0], [0, 1, 0], 'p0/fs = x\np0/ss = y', undefined],
  ['everything turned about the beam', [-1, 0, 0], [0, -1, 0], 'p0/fs = x\np0/ss = y', undefined],
  ['everything turned, of a tilted panel', [0, c, s], [-1, 0, 0], `p0/fs = ${c}x +${s}z\np0/ss = y`, undefined],
  ['a tilt of refinement', [1, 0, 0.01], [0, 1, 0], 'p0/fs = x\np0/ss = y', undefined],
  ['turned in the file', [c, 0, s], [0, 1, 0], 'p0/fs = x\np0/ss = y', /p0 is tilted by 30\.0° in run\.h5/],
  ['tilted the other way', [c, 0, s], [0, 1, 0], `p0/fs = ${c}x -${s}z\np0/ss = y`, /p0 is tilted by 60\.0° in run/],
  ['mirrored', [-1, 0, 0], [0, 1, 0], 'p0/fs = x\np0/ss = y', /p0 is mirrored in the geometry against run\.h5/],
])('a detector %s', (_, fast, slow, axes, expected) => {
  const scaled = (v: number[]) => v.map((one) => 1e-4 * one);
  expect(panelsOf(scaled(fast), scaled(slow), axes)).toEqual(expected ? [expect.stringMatching(expected)] : []);
});
