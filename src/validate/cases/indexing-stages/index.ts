/**
 * The case table of the stages of indexing: each row checks the output of one stage against the output of the previous
 * stage, in float64. A failure therefore identifies the stage, and backends may differ in intermediate results as long
 * as these are valid.
 */

import type { Context } from '../../../context/rooms.js';
import { type Cell, cellFromParameters, dot } from '../../../crystal/cell.js';
import type { IndexingMethod, IndexingThresholds } from '../../../indexing/indexer.js';
import { type SpotSimulation, simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { spotAt } from '../../oracle/indexing/lattices.js';
import { inIndexSpace, published, type Search } from '../../oracle/indexing/search.js';
import { type CellName, cells, electrons } from '../indexing/lists.js';
import { checkRefinement, checkSearch, checkSelection } from './cells.js';
import type { Answer, Check, Image } from './image.js';
import { checkSampling, checkScoring, checkVectors } from './vectors.js';

/** What a row about a stage checks. */
interface Stage {
  readonly about: string;
  readonly check: Check;
  readonly bounds: Readonly<Record<string, bounds.Bound>>;
}

const stages: Readonly<Record<string, Stage>> = {
  sampling: {
    about: 'the directions of the half-sphere and the spots near a plane of each',
    check: checkSampling,
    bounds: {
      length: bounds.sampledLength,
      directions: bounds.sameDirections,
      counts: bounds.sameCounts,
      undecided: bounds.fewUndecided,
    },
  },
  scoring: {
    about: 'the directions that are taken on are those of the best scores',
    check: checkScoring,
    bounds: { picks: bounds.rightPicks, scores: bounds.searchScore },
  },
  vectors: {
    about: 'each candidate vector lies where least squares take a sampled one',
    check: checkVectors,
    bounds: { vectors: bounds.fittedVector, missing: bounds.noneMissing, scores: bounds.vectorScore },
  },
  search: {
    about: 'the cells about each vector: exact turns of the known one, of which none better is left out',
    check: checkSearch,
    bounds: {
      grid: bounds.onGrid,
      metric: bounds.sameMetric,
      counts: bounds.sameCounts,
      scores: bounds.cellScore,
      left: bounds.noneMissing,
    },
  },
  refinement: {
    about: 'each cell lies where the refinement takes the one that was found',
    check: checkRefinement,
    bounds: {
      cells: bounds.refinedCell,
      scores: bounds.refinedScore,
      missing: bounds.noneMissing,
      metric: bounds.sameMetric,
    },
  },
  selection: {
    about: 'lattices are accepted by their chance, in that order, and spots go to the nearest',
    check: checkSelection,
    bounds: { verdicts: bounds.rightVerdicts, owners: bounds.sameSpots, chance: bounds.sameChance },
  },
};

async function makePlan(context: Context, { method, spots, known, options, thresholds }: Image) {
  const indexer = await context.indexer({ ...options, method, debug: true });
  const {
    samplePoints,
    anglePoints,
    candidateVectors: _,
    cells: __,
    refinement,
    maxDistance,
    refineMinSpots,
    refineIterations,
    ...shared
  } = thresholds;
  const methodOptions =
    method === 'exhaustive'
      ? { samplePoints, anglePoints, refinement, maxDistance, refineMinSpots, refineIterations }
      : {};
  return {
    async run(): Promise<Answer> {
      const result = await indexer.run({
        spots: Float32Array.from(spots.flat()),
        cells: [known],
        ...shared,
        ...methodOptions,
      });
      return { result, stages: await indexer.stages() };
    },
    dispose: () => indexer.dispose(),
  };
}

interface Simulation extends Omit<SpotSimulation, 'cell' | 'seed' | 'images' | 'spots'> {}

/** The rows of one image, one per stage. */
function rowsOf(
  method: Exclude<IndexingMethod, 'few'>,
  name: CellName,
  count: number,
  simulation: Simulation,
  address: string,
  { known = cells[name], ...change }: IndexingThresholds & Partial<Search> & { readonly known?: Cell } = {},
) {
  const search = { ...published, ...(method !== 'exhaustive' ? {} : change) };
  const thresholds = { ...search, acceptLog10: -3.5, ...change };
  const { candidateVectors, cells: outputs } = search;
  return Object.entries(stages).map(
    ([stage, { about, check, bounds: limits }]): Row<Image, Answer, Image> => ({
      id: `indexing:stages:${stage}:${method}:${address}`,
      about,
      cost: 0.05,
      work: { amount: 1, unit: 'images' },
      make: (seed) => {
        const [image] = simulateSpots({ cell: cells[name], images: 1, seed, spots: count, ...simulation });
        const list = Float32Array.from(image?.spots ?? []);
        const spots = Array.from({ length: list.length / 3 }, (_, i) => spotAt(list, i)).sort(
          (a, b) => dot(a, a) - dot(b, b),
        );
        return {
          method,
          spots,
          known: known.map((row) => row.map(Math.fround)) as unknown as Cell,
          thresholds,
          options: { maxOutputCells: outputs, ...(method === 'exhaustive' ? { candidateVectors } : {}) },
        };
      },
      oracle: (image) => image,
      plan: makePlan,
      compare: ({ result, stages: found }, image) => check(found, image, result),
      bounds: () => limits,
    }),
  );
}

// Low resolution and little noise, so that a coarse grid still lands near the nodes.
const coarse = { dMinA: 6, noisePx: 0.2, bFactorA2: 200 };

/** The rows. */
export const indexingStageRows: readonly Row[] = [
  ...rowsOf('fast', 'mono', 100, {}, 'mono:n=100'),
  ...rowsOf('fast', 'tetra', 24, { noisePx: 0.3 }, 'tetra:n=24'),
  ...rowsOf('fast', 'tri', 200, { spurious: 0.5, noisePx: 1 }, 'tri:n=200:spurious=0.5'),
  ...rowsOf('fast', 'big', 150, {}, 'big:n=150'),
  ...rowsOf('fast', 'small', 100, electrons, 'small:n=100:electrons'),
  ...rowsOf('fast', 'mono', 200, { crystals: 2 }, 'mono:n=200:crystals=2', { maxCrystals: 2 }),
  ...rowsOf('turbo', 'hex', 200, {}, 'hex:n=200:cell-off=1%', {
    known: cellFromParameters(80.8, 80.8, 89.1, 90, 90, 120),
  }),
  ...rowsOf('exhaustive', 'tri', 50, coarse, 'tri:n=50'),
  ...rowsOf('exhaustive', 'mono', 80, { ...coarse, spurious: 0.3 }, 'mono:n=80:spurious=0.3', {
    candidateVectors: 8,
    anglePoints: 96,
  }),
  ...rowsOf('exhaustive', 'ortho', 60, coarse, 'ortho:n=60:ifse', { ...inIndexSpace, refinement: 'ifse', minSpots: 0 }),
];
