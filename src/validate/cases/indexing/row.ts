/** Rows of the indexing table: an address, lists generated from a seed, and the permitted deviations from the truth. */

import { Random } from '../../../compute/random/random.js';
import type { Cell } from '../../../crystal/cell.js';
import type { IndexerOptions, IndexingMethod } from '../../../indexing/indexer.js';
import { rotateRandomly, type SpotSimulation, simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { perfectImage } from '../../oracle/indexing/lattices.js';
import { type Answer, type CellName, cells, type Lists, makePlan } from './lists.js';
import { compareWithTruth } from './truth.js';

/** Images and their truth; what is not given is left to the defaults. */
type Made = Omit<Lists, 'options' | 'thresholds'> & Partial<Lists>;

/** Seconds an image takes on one thread of the wasm core, by method: measured, rounded up. */
const secondsAnImage = { fast: 0.001, turbo: 0.0007, exhaustive: 0.012, few: 0.0005 };

type Extra = Partial<Row<Lists, Answer, Lists>> & {
  lengths?: bounds.Bound;
  missed?: bounds.Bound;
  orientation?: bounds.Bound;
};

/** A row of a method. */
export function makeRow(
  method: IndexingMethod,
  address: string,
  about: string,
  make: (seed: number) => Made,
  extra: Extra = {},
): Row<Lists, Answer, Lists> {
  const usual = method === 'exhaustive' ? bounds.orientationOfNine : bounds.orientation;
  const { lengths = bounds.lengths, missed = bounds.everyLattice, orientation = usual, ...rest } = extra;
  const id = `indexing:${method}:${address}`;
  const amount = Number(/images=(\d+)/.exec(address)?.[1] ?? 1);
  return {
    id,
    about,
    cost: 0.02 + amount * secondsAnImage[method] * 2,
    work: { amount, unit: 'images' },
    make: (seed) => {
      const { options, thresholds = {}, ...lists } = make(seed);
      return { ...lists, thresholds, options: { method, maxOutputCells: 8, ...options } };
    },
    oracle: (lists) => lists,
    plan: (context, lists) => makePlan(context, lists),
    compare: compareWithTruth,
    bounds: () => ({
      missed,
      invented: bounds.noLattice,
      orientation,
      lengths,
      membership: bounds.sameSpots,
      summary: bounds.exactSummary,
      figures: bounds.sameFigures,
    }),
    ...rest,
  };
}

interface Simulation extends Omit<SpotSimulation, 'cell' | 'seed' | 'images' | 'spots'> {
  readonly images?: number;
}

/** Images of a simulated detector. */
export function simulatedRow(
  method: IndexingMethod,
  name: CellName,
  spots: number,
  simulation: Simulation,
  about: string,
  { options, ...extra }: Extra & { readonly options?: IndexerOptions } = {},
) {
  const { images = 8, ...settings } = simulation;
  const words = Object.entries(settings).map(([key, value]) => `:${key}=${value}`);
  return makeRow(
    method,
    `${name}:n=${spots}${words.join('')}:images=${images}`,
    about,
    (seed) => ({
      images: simulateSpots({ cell: cells[name], images, seed, spots, ...settings }),
      known: [cells[name]],
      ...(options && { options }),
      thresholds: { maxCrystals: settings.crystals ?? 1 },
    }),
    extra,
  );
}

/** A list of exact nodes. */
export function exactRow(
  method: IndexingMethod,
  address: string,
  cell: (seed: number) => Cell,
  known: Cell,
  resolutionA: number,
) {
  return makeRow(
    method,
    `perfect:${address}`,
    'a list of exact nodes, to be indexed to the last spot',
    (seed) => ({ images: [perfectImage(cell(seed), resolutionA)], known: [known] }),
    {
      lengths: bounds.lengthsOfNodes,
      ...(method === 'exhaustive' && { orientation: bounds.endOfRefinement(resolutionA) }),
    },
  );
}

/** A cell rotated at random. */
export const orientRandomly = (cell: Cell) => (seed: number) => rotateRandomly(cell, new Random(seed, 0));
