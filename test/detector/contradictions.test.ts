/** What a geometry and the file of its frames say about the beam. */
import { expect, test } from 'vitest';
import { checkGeometry } from '../../src/crystal/geometry/check.js';
import { parseGeometry } from '../../src/crystal/geometry/parse.js';
import { beamOf } from '../../src/crystal/geometry/pixels.js';
import { contradictions } from '../../src/io/detector/contradictions.js';

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
