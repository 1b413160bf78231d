/** A beam that drifts over a run: said, and doubted where reflections leave the Ewald sphere by what they are wide. */
import { expect, test } from 'vitest';
import type { Beam, Geometry } from '../../src/crystal/geometry/geometry.js';
import { detectorRemarks } from '../../src/refinement/detector-remarks.js';

const geometry = { panels: [{ resolution: 10_000, offsetM: 0 }] } as unknown as Geometry;
const beam = { distanceM: 0.1 } as Beam;

test.each([
  [0.4, 'remarks'],
  [1.6, 'doubts'],
] as const)('a drift by %s profile radii is among the %s', (radii, where) => {
  const sharpness = { inverseD: 0.25, profileRadius: 1e-3 };
  // The beam moves by so much that points at 1/d leave the sphere by this part of their radius.
  const shift = (radii * sharpness.profileRadius * beam.distanceM) / sharpness.inverseD;
  const drift = { scale: 0, scaleError: 1e-4, shiftM: [shift, 0], shiftErrorM: [1e-6, 1e-6] } as const;
  const verdict = {
    ...({ scale: 1, shiftM: [0, 0], scaleError: 1e-4, shiftErrorM: [1, 1] } as const),
    drift,
    crystals: 90,
  };
  const told = detectorRemarks(verdict, geometry, beam, { fitted: undefined, isCellGiven: true }, sharpness);
  const [text] = told[where];
  expect(text).toContain(`the beam drifts over the run, by -${(shift * 10_000).toFixed(2)}, `);
  expect(told.doubts.length + told.remarks.length).toBe(1);
});
