/** Files of one run that say something else about their detector than the first, from which its geometry follows. */
import { memoryDataset } from 'ewald/data';
import { expect, test } from 'vitest';
import { geometryFromFile, refuseOtherHeader } from '../../../src/frames/detector/from-file.js';

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
  [{ underload: 0 }, false, /no counts below 0, not none/],
  [{ markers: [7, 9] }, false, /no counts at 7, not none/],
  [{}, true, /a mask, not none/],
] as const)('%j (a mask: %s) is refused', (more, hasMask, words) => {
  const first = geometryFromFile(fileOf());
  expect(() => refuseOtherHeader(first, fileOf(more, hasMask))).toThrow(words);
});

test('what changes no value, or is of the file itself, is not refused', () => {
  const first = geometryFromFile(fileOf({ underload: 0, markers: [7] }, true));
  for (const more of [{}, { beamCentrePx: { x: 5.5, y: 4 } }, { saturation: 2000 }, { markers: [7] }])
    expect(() => refuseOtherHeader(first, fileOf(more))).not.toThrow();
});
