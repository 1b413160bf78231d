/** Frames of a stream in another geometry: the distance is theirs, wherever the panels are placed. */
import { parseGeometry } from 'ewald';
import { expect, test } from 'vitest';
import type { StreamChunk } from '../../src/crystal/stream/stream.js';
import { beamOfChunk } from '../../src/pipeline/streams/beam-of-chunk.js';

const geometry = (clen: string, coffset: number, energy = '/LCLS/eV') =>
  parseGeometry(
    `photon_energy = ${energy}\nclen = ${clen}\nres = 10000\nadu_per_photon = 1\ndata = /data\ndim0 = %\n` +
      `dim1 = ss\ndim2 = fs\np/min_fs = 0\np/max_fs = 63\np/min_ss = 0\np/max_ss = 63\np/corner_x = -32\n` +
      `p/corner_y = -32\np/fs = x\np/ss = y\np/coffset = ${coffset}\n`,
  );
/** A frame at 81.25 mm, on panels 0.6 mm farther away. */
const chunk = { photonEnergyEv: 9800, cameraLengthM: 0.08185 } as StreamChunk;
const own = geometry('/LCLS/dist mm', 0.0006);

test('a corrected offset of the panels is not undone by the mean distance in the stream', () => {
  // The mean distance stayed 81.85 mm, and a refinement of the stream never converged.
  expect(beamOfChunk(chunk, geometry('/LCLS/dist mm', 0), own).distanceM).toBeCloseTo(0.08125, 9);
  expect(beamOfChunk(chunk, own, own).distanceM).toBeCloseTo(0.08125, 9);
  // A stream without a geometry is taken to have this one.
  expect(beamOfChunk(chunk, own).distanceM).toBeCloseTo(0.08125, 9);
});

test('numbers in a geometry are those of all frames', () => {
  const given = beamOfChunk(chunk, geometry('0.09 m', 0, '9700 eV'), own);
  expect(given.distanceM).toBe(0.09);
  expect(given.wavelengthA).toBeCloseTo(12398.4198 / 9700, 6);
  expect(beamOfChunk(chunk, own, own).wavelengthA).toBeCloseTo(12398.4198 / 9800, 6);
});
