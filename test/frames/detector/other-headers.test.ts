/** Files of one run that say something else about their detector than the first, from which its geometry follows. */
import { parseGeometry } from 'ewald';
import { memoryDataset } from 'ewald/data';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { geometryFromFile } from '../../../src/frames/detector/from-file.js';
import { headerOf, otherThanFirst, refuseOtherHeader } from '../../../src/frames/detector/stated-header.js';

const usual = {
  wavelengthA: 1.3,
  distanceM: 0.06,
  pixelSizeM: { x: 75e-6, y: 75e-6 },
  beamCentrePx: { x: 5, y: 4 },
  saturation: 1000,
};

/** A file with this header, and a mask if it has one. */
function fileOf(more: object = {}, hasMask = false) {
  const dataset = memoryDataset(new Int32Array(80), { sigShape: [8, 10], name: 'x.h5' });
  const mask = hasMask ? { mask: async () => new Uint8Array(80) } : {};
  return { ...dataset, meta: { ...usual, ...more }, ...mask };
}

test.each([
  [{ distanceM: 0.061 }, false, /a distance of 0\.061 m, not 0\.06 m/],
  [{ beamCentrePx: { x: 7, y: 4 } }, false, /a beam centre of 7, 4 pixels, not 5, 4/],
  [{ saturation: 400 }, false, /overloads above 400, not 1000/],
  [{ saturation: 2000 }, false, /overloads above 2000, not 1000/],
  [{ underload: 0 }, false, /no counts below 0, not none/],
  [{ markers: [7, 9] }, false, /no counts at 7, not none/],
  [{}, true, /a mask, not none/],
] as const)('%j (a mask: %s) is refused', (more, hasMask, words) => {
  const first = geometryFromFile(fileOf());
  expect(() => refuseOtherHeader(first, fileOf(more, hasMask))).toThrow(words);
});

test('what changes no value, or is of the file itself, is not refused', () => {
  const first = geometryFromFile(fileOf({ underload: 0, markers: [7] }, true));
  for (const more of [{}, { beamCentrePx: { x: 5.5, y: 4 } }, { saturation: 1040 }, { markers: [7] }])
    expect(() => refuseOtherHeader(first, fileOf(more))).not.toThrow();
});

/** A geometry of the usual file; each number is its own, or where the file has it. */
function given(
  paths: { readonly clen?: boolean; readonly energy?: boolean; readonly shift?: boolean },
  maximum?: number,
) {
  const lines = [
    `clen = ${paths.clen ? '/distance m' : 0.06}`,
    `photon_energy = ${paths.energy ? '/energy eV' : 9537}`,
    ...(paths.shift ? ['detector_shift_x = /x m'] : []),
    ...(maximum === undefined ? [] : [`max_adu = ${maximum}`]),
    'res = 13333.3\nadu_per_photon = 1\np/min_fs = 0\np/max_fs = 9\np/min_ss = 0\np/max_ss = 7',
    'p/corner_x = -5\np/corner_y = -4\np/fs = +x\np/ss = +y',
  ];
  return parseGeometry(lines.join('\n'));
}

test('beside a geometry, what differs is said in either order, unless the geometry takes it from each file', () => {
  const { boolean, constantFrom, record } = fc;
  const headers = record({
    distanceM: constantFrom(0.06, 0.0601, 0.075),
    wavelengthA: constantFrom(1.3, 1.302, 1.1),
    beamCentrePx: constantFrom({ x: 5, y: 4 }, { x: 5.4, y: 4 }, { x: 9, y: 4 }),
  });
  const paths = record({ clen: boolean(), energy: boolean(), shift: boolean() });
  fc.assert(
    fc.property(headers, headers, paths, (one, other, from) => {
      const texts = (first: object, second: object): string[] =>
        otherThanFirst(given(from), headerOf(fileOf(first)), fileOf(second));
      const kinds = (all: string[]): string => all.map((text) => text.split(' of ')[0]).join();
      const far = (a: number, b: number): boolean => Math.abs(a / b - 1) > 0.1;
      const expected = [
        ...(!from.clen && far(one.distanceM, other.distanceM) ? ['a distance'] : []),
        ...(!from.energy && far(one.wavelengthA, other.wavelengthA) ? ['a wavelength'] : []),
        ...(!from.shift && Math.abs(one.beamCentrePx.x - other.beamCentrePx.x) > 2 ? ['a beam centre'] : []),
      ].join();
      expect(kinds(texts(one, other))).toBe(expected);
      expect(kinds(texts(other, one))).toBe(expected);
    }),
  );
});

test('a limit of the geometry below what both files state is that of the run', () => {
  const [first, other] = [headerOf(fileOf()), fileOf({ saturation: 400 })];
  expect(otherThanFirst(given({}), first, other)).toEqual(['overloads above 400, not 1000']);
  expect(otherThanFirst(given({}, 300), first, other)).toEqual([]);
});
