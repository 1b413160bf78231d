/** Spots that belong to no crystal: images that must be refused, and outliers that must not affect the result. */

import type { IndexingMethod } from '../../../indexing/indexer.js';
import { simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import type { TrueImage } from '../../oracle/indexing/lattices.js';
import { cells } from './lists.js';
import { makeRow } from './row.js';

// The result of an image: spots used, flags, and no crystals.
export function emptyRow(
  method: IndexingMethod,
  address: string,
  about: string,
  images: (seed: number) => readonly TrueImage[],
  wanted: { used: number; tooFew: boolean },
) {
  return makeRow(method, address, about, (seed) => ({ images: images(seed), known: [cells.mono] }), {
    compare({ result }, { images: made }) {
      const wrong = made.flatMap((_, i) => {
        const view = result.image(i);
        const flags = [view.indexed, view.usedSpots !== wanted.used, view.tooFewSpots !== wanted.tooFew];
        const owned = Array.from(view.assignment, (owner) => owner !== 0);
        return [...flags, view.crystals().length > 0, ...owned].filter((isWrong) => isWrong);
      });
      return { errors: { summary: wrong.length } };
    },
    bounds: () => ({ summary: bounds.exactSummary }),
  });
}

// Impossible spots among good ones, which must only change the flag.
const stray = [
  [1e6, 0, 0],
  [0, -40, 30],
  [-2e18, 2e18, 5],
  [0, 0, 5.5],
].flat();
/** Impossible spots among good ones. */
export function withStraySpots(method: IndexingMethod, spots: number) {
  return makeRow(
    method,
    `stray:tri:n=${spots}:images=4`,
    'spots at 5.5 to 10¹⁸ 1/angstrom among good ones',
    (seed) => ({
      images: simulateSpots({ cell: cells.tri, images: 4, seed, spots }).map(({ spots: good, lattices, owner }) => ({
        spots: Float64Array.from([...stray, ...good]),
        lattices,
        owner: Uint8Array.from([0, 0, 0, 0, ...owner]),
      })),
      known: [cells.tri],
    }),
  );
}

/** Images of spots without a lattice. */
export const noiseImages = (spots: number, images: number) => (seed: number) =>
  simulateSpots({ cell: cells.mono, images, seed, spots, spurious: 1, crystals: 0 });
/** Images without spots. */
export const emptyImages = (): TrueImage[] =>
  Array.from({ length: 3 }, () => ({ spots: new Float64Array(0), lattices: [], owner: new Uint8Array(0) }));
