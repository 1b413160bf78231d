/** The case table of indexing. */

import { Random } from '../../../compute/random/random.js';
import { type Cell, cellFromParameters, scale } from '../../../crystal/cell.js';
import type { IndexingMethod } from '../../../indexing/indexer.js';
import { rotateRandomly, simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import type { RoomTable, Row } from '../../case.js';
import { otherHand, perfectImage } from '../../oracle/indexing/lattices.js';
import { indexingStageRows } from '../indexing-stages/index.js';
import { type Answer, type CellName, cells, electrons, type Lists } from './lists.js';
import { references } from './reference.js';
import { emptyImages, emptyRow, noiseImages, withStraySpots } from './refused.js';
import { rivals } from './rivals.js';
import { exactRow, makeRow, orientRandomly, simulatedRow } from './row.js';
import { effortsOf, furtherTwinsOf, repeatOf, singlesOf } from './twins.js';

const scale3 = (k: number, [a, b, c]: Cell): Cell => [scale(k, a), scale(k, b), scale(k, c)];

function rowsOf(method: IndexingMethod): Row<Lists, Answer, Lists>[] {
  return [
    exactRow(method, 'ortho:axes', () => cells.ortho, cells.ortho, 14),
    exactRow(method, 'ortho', orientRandomly(cells.ortho), cells.ortho, 14),
    exactRow(method, 'hex', orientRandomly(cells.hex), cells.hex, 26),
    exactRow(method, 'tri', orientRandomly(cells.tri), cells.tri, 16),
    junkNearAxis(method),
    exactRow(method, 'tri:left-handed', orientRandomly(otherHand(cells.tri)), otherHand(cells.tri), 16),
    exactRow(method, 'tri:left-known', orientRandomly(otherHand(cells.tri)), scale3(-1, otherHand(cells.tri)), 16),
    ...(['ortho', 'tetra', 'hex', 'mono', 'tri', 'cubic', 'big'] as const).map((name) =>
      simulatedRow(method, name, 100, {}, 'each kind of cell'),
    ),
    ...[50, 200, 300].map((spots) => simulatedRow(method, 'mono', spots, {}, 'few spots and many')),
    ...[0.3, 0.5].map((spurious) =>
      simulatedRow(method, 'mono', 100, { spurious, noisePx: 1 }, 'spurious spots and noise'),
    ),
    simulatedRow(method, 'tri', 300, { spurious: 0.5, noisePx: 1, images: 32 }, 'spurious spots and noise', {
      bench: true,
    }),
    simulatedRow(method, 'tetra', 300, { images: 64 }, 'the pace of good images', { bench: true }),
    ...(method === 'fast' ? fastOnly() : []),
    simulatedRow(method, 'mono', 300, { crystals: 2 }, 'two lattices in an image'),
    threeCells(method),
    simulatedRow(
      method,
      'mono',
      900,
      { spurious: 0.3, images: 4 },
      'more spots than maxSpots: those of lowest resolution take part',
      { options: { maxSpots: 200 } },
    ),
    ...[20, 100, 300].map((spots) =>
      emptyRow(method, `noise:n=${spots}:images=16`, 'spots without a lattice are refused', noiseImages(spots, 16), {
        used: spots,
        tooFew: false,
      }),
    ),
    ...[20, 100].map((spots) => withStraySpots(method, spots)),
    emptyRow(method, 'spots=0:images=3', 'images without spots', emptyImages, { used: 0, tooFew: true }),
    emptyRow(method, 'spots=3:images=3', 'fewer spots than indexing needs', noiseImages(3, 3), {
      used: 3,
      tooFew: true,
    }),
    ...singlesOf(method),
    ...repeatOf(method),
    ...furtherTwinsOf(method),
  ];
}

const junkNearAxis = (method: IndexingMethod): Row<Lists, Answer, Lists> =>
  makeRow(
    method,
    'perfect:tri:max=80',
    'more spots than maxSpots: the nodes are the ones of lowest resolution, also where the others lie near the ' +
      'beam axis',
    (seed) => {
      const random = new Random(seed, 1);
      const { spots, lattices, owner } = perfectImage(rotateRandomly(cells.tri, random), 18);
      const junk = Array.from({ length: 60 }, () => [
        0.01 * random.normal(),
        0.01 * random.normal(),
        (random.uniform() < 0.5 ? -1 : 1) * (0.1 + 0.1 * random.uniform()),
      ]).flat();
      const image = {
        spots: Float64Array.from([...junk, ...spots]),
        lattices,
        owner: Uint8Array.from([...new Uint8Array(60), ...owner]),
      };
      return { images: [image], known: [cells.tri], options: { maxSpots: 80 } };
    },
    method === 'exhaustive' ? { orientation: bounds.endOfRefinement(18) } : {},
  );

const threeCells = (method: IndexingMethod): Row<Lists, Answer, Lists> =>
  makeRow(method, 'cells=3:n=100:images=9', 'three known cells, each image has one of them', (seed) => {
    const names = ['tri', 'ortho', 'mono'] as const;
    const which = Array.from({ length: 9 }, (_, i) => i % 3);
    return {
      images: which.flatMap((k, i) =>
        simulateSpots({ cell: cells[names[k] as CellName], seed: seed + i, spots: 100, spurious: 0.2 }),
      ),
      known: names.map((name) => cells[name]),
      which,
    };
  });

function fastOnly(): Row<Lists, Answer, Lists>[] {
  return [
    ...effortsOf('fast'),
    simulatedRow('fast', 'mono', 10, { noisePx: 0.3 }, 'ten spots'),
    simulatedRow('fast', 'mono', 20, {}, 'twenty spots'),
    simulatedRow('fast', 'tri', 20, { spurious: 0.5, images: 16 }, 'ten true spots among twenty', {
      missed: bounds.mostLattices,
    }),
    simulatedRow('fast', 'mono', 300, { crystals: 3 }, 'three lattices in an image'),
    simulatedRow(
      'fast',
      'tri',
      50,
      { spurious: 0.6, noisePx: 1, images: 32 },
      'lists in which the best two candidate vectors are often wrong, so that a glance must not end the search',
    ),
    makeRow(
      'fast',
      'cell-off=1%:n=200:images=8',
      'a known cell whose lengths are one percent wrong',
      (seed) => ({
        images: simulateSpots({ cell: cells.mono, images: 8, seed, spots: 200 }),
        known: [cellFromParameters(52.4 * 1.01, 61.3 * 0.99, 74.8 * 1.01, 90, 103.2, 90)],
      }),
      { lengths: bounds.lengthsOfWrongCell },
    ),
    simulatedRow('fast', 'small', 100, electrons, 'electron diffraction: an Ewald sphere that is nearly flat'),
  ];
}

function turboRows(): Row<Lists, Answer, Lists>[] {
  return [
    exactRow('turbo', 'hex', orientRandomly(cells.hex), cells.hex, 26),
    ...(['ortho', 'tri', 'big'] as const).map((name) => simulatedRow('turbo', name, 100, {}, 'each kind of cell')),
    simulatedRow('turbo', 'mono', 50, { spurious: 0.3 }, 'few spots'),
    simulatedRow('turbo', 'tri', 300, { spurious: 0.5, noisePx: 1, images: 32 }, 'spurious spots and noise', {
      bench: true,
    }),
    simulatedRow('turbo', 'tetra', 300, { images: 64 }, 'the pace of good images', { bench: true }),
    simulatedRow('turbo', 'mono', 300, { crystals: 2 }, 'two lattices in an image'),
    withStraySpots('turbo', 20),
    emptyRow('turbo', 'noise:n=100:images=16', 'spots without a lattice are refused', noiseImages(100, 16), {
      used: 100,
      tooFew: false,
    }),
    ...singlesOf('turbo'),
    ...repeatOf('turbo'),
  ];
}

/** Smaller versions of rows that take too long on a device emulated by a CPU. */
function siblings(): Row<Lists, Answer, Lists>[] {
  const images = 2;
  return [
    ...(['ortho', 'tetra', 'hex', 'mono', 'tri', 'cubic', 'big'] as const).map((name) =>
      simulatedRow('exhaustive', name, 60, { images }, 'each kind of cell, two images of it'),
    ),
    simulatedRow('exhaustive', 'mono', 300, { images }, 'many spots, two images'),
    simulatedRow(
      'exhaustive',
      'mono',
      100,
      { images, spurious: 0.3, noisePx: 1 },
      'spurious spots and noise, two images',
    ),
    simulatedRow('exhaustive', 'mono', 300, { images, crystals: 2 }, 'two lattices in each of two images'),
    emptyRow('exhaustive', 'noise:n=100:images=2', 'spots without a lattice are refused', noiseImages(100, 2), {
      used: 100,
      tooFew: false,
    }),
  ];
}

const rows: readonly Row[] = [
  ...rowsOf('fast'),
  ...turboRows(),
  ...rowsOf('exhaustive'),
  ...siblings(),
  ...references,
  ...rivals,
  ...indexingStageRows,
];

export const indexingTable: RoomTable = { name: 'indexing', rows, sample: 'indexing:fast:perfect:ortho:axes' };
