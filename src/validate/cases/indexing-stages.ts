/**
 * The case table of the stages of indexing: each row looks at what one stage left of an image, and judges it by what the stage before it left,
 * in float64. So a failure names the stage, and a backend may differ in what it passes on as long as it passes on the right things.
 */
import type { Context } from '../../context.js';
import { type Cell, cellFromParameters, dot, lengthsOf, norm, reciprocal, scale, type Vector } from '../../crystal/cell.js';
import type { IndexerOptions, IndexingMethod, IndexingResult, IndexingStages, IndexingThresholds } from '../../indexing/indexer.js';
import { type SpotSimulation, simulateSpots } from '../../simulate/spots.js';
import type { Comparison, Row } from '../case.js';
import { distanceToNode, membershipRadius, spotAt } from '../oracle/lattices.js';
import * as sampling from '../oracle/sampling.js';
import { cellsAbout, direction, indexDistances, offInteger, refineCell, refineVector, type Search, scoreOf } from '../oracle/search.js';
import * as turning from '../oracle/turning.js';
import { log10Chance } from '../oracle/verdict.js';
import * as bounds from '../tolerances.js';
import { type CellName, cells } from './indexing.js';

/** One image: its spots in the order of resolution, as float32 has them. */
interface Image {
  readonly method: IndexingMethod;
  readonly spots: readonly Vector[];
  readonly known: Cell;
  readonly options: IndexerOptions;
  readonly thresholds: IndexingThresholds & Search;
}
interface Answer {
  readonly result: IndexingResult;
  readonly stages: IndexingStages;
}
type Check = (stages: IndexingStages, image: Image, result: IndexingResult) => Comparison;
type Bounds = Readonly<Record<string, bounds.Bound>>;

/** Thresholds of the published search as the defaults table has them, at a size that float64 repeats in a moment. */
const published: Search = {
  ...{ samplePoints: 1024, anglePoints: 64, candidateVectors: 12, cells: 8 },
  ...{ triml: 0.001, trimh: 0.3, delta: 0.1, dist1: 0.2, dist3: 0.15, minSpots: 6 },
  ...{ refinement: 'ifssr', contraction: 0.8, maxDistance: 0.00075, refineMinSpots: 8, refineIterations: 32 },
};

const indexOfBest = <T>(list: readonly T[], value: (item: T) => number): number =>
  list.reduce((best, item, i) => (value(item) < value(list[best] as T) ? i : best), 0);
/** Places at which a list is not in descending or not in ascending order. */
const notDescending = (values: readonly number[]): number => values.filter((value, i) => i > 0 && !(value <= (values[i - 1] as number))).length;
const notAscending = (values: readonly number[]): number => notDescending(values.map((value) => -value));
const worst = (values: readonly number[]): number => values.reduce((most, value) => (value > most || Number.isNaN(value) ? value : most), 0);
const longest = (known: Cell): number => lengthsOf(known).indexOf(Math.max(...lengthsOf(known)));

/** The vector whose directions are sampled. */
const baseOf = ({ method, known }: Image): number => (method !== 'exhaustive' ? sampling.shortest(known).row : longest(known));
const vectorAlong = (stages: IndexingStages, image: Image, k: number): Vector =>
  scale(norm(image.known[baseOf(image)] as Vector), direction(k, stages.counts.length));

// Sampling: the length, the number of directions, and the count of each.
const checkSampling: Check = (stages, image) => {
  const { method, known, spots, thresholds } = image;
  const row = baseOf(image);
  const length = norm(known[row] as Vector);
  const used = method !== 'exhaustive' ? sampling.sampledSpots(spots) : spots;
  const error = method !== 'exhaustive' ? bounds.fastPhaseError : bounds.phaseError;
  const directions = method !== 'exhaustive' ? sampling.directionsFor(length, spots, 65536) : thresholds.samplePoints;
  let [wrong, open] = [0, 0];
  stages.counts.forEach((count, k) => {
    const { sure, undecided } = sampling.countNear(vectorAlong(stages, image, k), used, thresholds.dist1, error);
    if (undecided > 0) open++;
    if (count < sure || count > sure + undecided) wrong++;
  });
  return {
    errors: {
      length: Math.abs(stages.length / length - 1) + Math.abs(stages.row - row),
      directions: Math.abs(stages.counts.length - directions) + Math.abs(stages.spots - used.length),
      counts: wrong,
      undecided: open / Math.max(1, stages.counts.length),
    },
  };
};

// Scoring: the directions taken on are the best by what the backend counted.
const checkScoring: Check = (stages, { method, spots, thresholds, known }) => {
  const picked = stages.picked.map(({ direction: k }) => k);
  if (method !== 'exhaustive') {
    const note = sampling.wrongPicks(picked, stages.counts, sampling.firstEffort(method, spots.length).directions);
    const scores = worst(stages.picked.map(({ direction: k, score }) => Math.abs(score - (stages.counts[k] as number))));
    return { errors: { picks: note === undefined ? 0 : 1, scores }, ...(note === undefined ? {} : { note }) };
  }
  // The count is the backend's own, which the row before has looked at; the mean distance is ours.
  const length = norm(known[longest(known)] as Vector);
  const truth = Array.from(stages.counts, (count, k) => {
    const vector = scale(length, direction(k, stages.counts.length));
    return (
      scoreOf(
        spots.map((s) => Math.abs(offInteger(dot(vector, s)))),
        0,
        thresholds,
      ) - count
    );
  });
  const last = stages.picked.at(-1)?.score ?? Number.POSITIVE_INFINITY;
  const taken = new Set(picked);
  const left = truth.filter((score, k) => !taken.has(k) && score < last - bounds.searchScore.limit).length;
  const repeated = picked.length - taken.size + Math.abs(picked.length - thresholds.candidateVectors);
  return {
    errors: {
      picks: left + repeated + notAscending(stages.picked.map(({ score }) => score)),
      scores: worst(stages.picked.map(({ direction: k, score }) => Math.abs(score - (truth[k] as number)))),
    },
  };
};

// Refinement of candidate vectors.
const checkVectors: Check = (stages, { method, spots, known, thresholds }) => {
  const picked = stages.picked.map(({ direction: k }) => k);
  const length = norm(known[stages.row] as Vector);
  const vectors = stages.vectors.map(({ vector }) => vector);
  const apart = (a: Vector, b: Vector): number => sampling.periodsApart(a, b, spots);
  if (method === 'exhaustive') {
    const off = vectors.map((vector, i) => {
      const sampled = scale(length, direction(picked[i] as number, stages.counts.length));
      return Math.min(
        ...[1, 1 + bounds.atLimit, 1 - bounds.atLimit].map((widen) =>
          apart(vector, thresholds.minSpots > 0 ? refineVector(sampled, spots, thresholds.minSpots, widen) : sampled),
        ),
      );
    });
    return { errors: { vectors: worst(off), missing: Math.abs(vectors.length - picked.length) }, samples: { 'vectors, periods': off } };
  }
  const ends = sampling.endpoints(length, picked, stages.counts.length, spots, bounds.atLimit);
  const off = vectors.map((vector) => Math.min(...ends.map((end) => apart(vector, end))));
  const scores = stages.vectors.map(({ vector, score }) => Math.abs(score / sampling.vectorScore(vector, spots) - 1));
  // Candidates that have come together are one, whichever was the better then; otherwise none may be better than the first.
  const twins = vectors.filter((a, i) => vectors.some((b, k) => k < i && apart(a, b) < bounds.twinVectors * (1 - bounds.atLimit))).length;
  const best = ends[indexOfBest(ends, (end) => -sampling.vectorScore(end, spots))];
  const beaten = (end: Vector): boolean => (stages.vectors[0]?.score ?? 0) >= sampling.vectorScore(end, spots) * (1 - bounds.vectorScore.limit);
  const missing = best && (beaten(best) || vectors.some((vector) => apart(vector, best) < bounds.twinVectors)) ? 0 : 1;
  const many = Math.max(0, vectors.length - sampling.firstEffort(method, spots.length).candidates);
  return {
    errors: { vectors: worst(off), scores: worst(scores), missing: missing + many + twins + notDescending(stages.vectors.map(({ score }) => score)) },
    samples: { 'vectors, periods': off },
  };
};

// Cell search: the cells of every vector at every angle, and those that were kept of them.
const checkSearch: Check = (stages, image) => {
  const { method, spots, known, thresholds, options } = image;
  const fast = method !== 'exhaustive';
  const row = baseOf(image);
  const others = lengthsOf(known).filter((_, i) => i !== row);
  const list = fast ? spots.slice(0, turning.turnedSpots) : spots;
  const angles = fast ? turning.anglesFor(Math.max(...others), spots) : thresholds.anglePoints;
  const { fold, flip } = fast ? turning.symmetryAlong(known, row) : { fold: 1, flip: false };
  const error = fast ? bounds.fastNodeError : bounds.phaseError(list.reduce((most, s) => Math.max(most, norm(s)), 0) * Math.max(...lengthsOf(known)));
  const count = (cell: Cell) => turning.countAtNodes(cell, list, thresholds.dist3, error);
  const meanScore = (cell: Cell): number => scoreOf(indexDistances(cell, list), 0, thresholds);
  const score = ({ cell, count: good }: { cell: Cell; count: number }): number => (fast ? turning.closeness(cell, list) : meanScore(cell) - good);
  const { hits } = stages;
  const wrong = hits.filter(({ cell, count: found }) => {
    const { sure, undecided } = count(cell);
    return found < sure || found > sure + undecided;
  }).length;
  const scores = hits.map((hit) => Math.abs(score(hit) - hit.score));
  // Every cell of the grid: one that is certainly better than the last one kept must have been kept.
  const last = hits.at(-1);
  const strays = new Set(hits.length === 0 ? [0] : hits.keys());
  let left = 0;
  const same = (a: Cell, b: Cell): boolean => turning.apart(a, b, spots) < bounds.sameCell;
  for (const { vector } of stages.vectors) {
    for (const sense of flip ? [1] : [1, -1]) {
      const u = scale(sense / norm(vector), vector);
      const grid = [...(fast ? turning.turnsAbout(known, row, u, angles) : cellsAbout(known, row, u, angles))].slice(0, angles / fold);
      const counts = grid.map(count);
      const at = (q: number): { sure: number; undecided: number } => counts[(q + grid.length) % grid.length] as { sure: number; undecided: number };
      for (const [q, cell] of grid.entries()) {
        const { sure } = at(q);
        // Vectors that have come together give a cell more than once.
        const kept = hits.flatMap((hit, i) => (same(hit.cell, cell) ? [i] : []));
        for (const i of kept) strays.delete(i);
        if (kept.length > 0 || !last) continue;
        if (fast) {
          // A certain maximum over the angles, of a count that few have.
          const peak = [-2, -1, 1, 2].every((step) => at(q + step).sure + at(q + step).undecided < sure);
          if (peak && sure > last.count && turning.closeness(cell, list) > last.score + bounds.searchScore.limit * list.length) left++;
        } else if (sure > last.count) left++;
      }
    }
  }
  const most = fast ? sampling.firstEffort(method, spots.length).hits : (options.maxOutputCells ?? 0);
  const order = fast ? notDescending(hits.map((hit) => hit.score)) : notAscending(hits.map((hit) => hit.score));
  return {
    errors: {
      grid: Math.abs(stages.angles - angles) + strays.size,
      metric: worst(hits.map(({ cell }) => turning.metricDifference(cell, known))),
      counts: wrong,
      scores: worst(scores),
      left: left + order + Math.abs(hits.length - most),
    },
  };
};

// Refinement of the cells that the search kept.
const checkRefinement: Check = (stages, { method, spots, known, thresholds }) => {
  const radius = membershipRadius(known);
  const widths = [1, 1 + bounds.atLimit, 1 - bounds.atLimit];
  const missing = Math.abs(stages.cells.length - stages.hits.length) + Number(stages.cells.length === 0);
  const pairs = stages.hits.flatMap((hit, i) => (stages.cells[i] ? [{ hit, refined: stages.cells[i] }] : []));
  if (method === 'exhaustive') {
    const shortestLength = Math.min(...lengthsOf(known));
    const ends = pairs.map(({ hit, refined }) => {
      const whole = Math.floor(hit.score);
      const tried = widths.map((widen) => refineCell({ cell: hit.cell, score: whole + widen * (hit.score - whole) }, spots, shortestLength, thresholds));
      const best = tried[indexOfBest(tried, ({ cell }) => turning.apart(cell, refined.cell, spots))] as { cell: Cell; score: number };
      return { cell: turning.apart(best.cell, refined.cell, spots), score: Math.abs(best.score - refined.score) * shortestLength };
    });
    return { errors: { cells: worst(ends.map(({ cell }) => cell)), scores: worst(ends.map(({ score }) => score)), missing } };
  }
  const off = pairs.map(({ hit, refined }) =>
    Math.min(...widths.map((widen) => turning.apart(turning.turnToSpots(hit.cell, spots, radius, widen), refined.cell, spots))),
  );
  const merits = pairs.map(({ refined }) => Math.abs(refined.score - turning.meritOf(refined.cell, spots, radius)) / Math.max(1, refined.score));
  // The turn is there to gain merit: the best cell must have.
  const best = pairs[indexOfBest(pairs, ({ refined }) => -refined.score)];
  const lost = best && best.refined.score >= turning.meritOf(best.hit.cell, spots, radius) ? 0 : 1;
  const metric = worst(pairs.map(({ refined }) => turning.metricDifference(refined.cell, known)));
  return { errors: { cells: worst(off), scores: worst(merits), metric, missing: missing + lost } };
};

// Selection: what is accepted, in which order, and which spots are whose.
const checkSelection: Check = (_, { method, spots, known, thresholds }, result) => {
  const view = result.image(0);
  const found = view.cells();
  const crystals = view.crystals();
  const accept = thresholds.acceptLog10 as number;
  let wrong = crystals.filter(({ log10Chance }) => !(log10Chance <= accept)).length;
  const candidates = found.slice(crystals.length);
  // A candidate that would be acceptable may only stand behind a better one.
  wrong += candidates.filter(({ log10Chance }) => crystals.length === 0 && log10Chance <= accept && log10Chance < 0).length;
  const first = crystals[0];
  if (method !== 'exhaustive') wrong += candidates.filter(({ log10Chance }) => first && log10Chance < first.log10Chance).length;
  const judged = candidates.filter(({ log10Chance }) => log10Chance < 0);
  if (method !== 'exhaustive') {
    wrong += notAscending(judged.map(({ log10Chance }) => log10Chance));
    wrong += notDescending(candidates.filter(({ log10Chance }) => log10Chance === 0).map(({ score }) => score));
  } else wrong += notAscending(candidates.map(({ score }) => score));
  const radius = membershipRadius(known);
  const lattices = crystals.map(({ cell, number }) => ({ cell, number, dual: reciprocal(cell) }));
  let owners = 0;
  spots.forEach((s, i) => {
    const distances = lattices.map(({ cell, dual }) => distanceToNode(cell, dual, s) / radius);
    const nearest = Math.min(1, ...distances);
    const owner = view.assignment[i] as number;
    const own = owner === 0 ? 1 : (distances[lattices.findIndex(({ number }) => number === owner)] ?? Number.POSITIVE_INFINITY);
    if (own > nearest + bounds.borderline) owners++;
  });
  // The chance of a lattice that stands alone. Whether its metric and scale were taken from the spots is not said: what fits is what it was.
  let chance = 0;
  if (first && crystals.length === 1) {
    const free = turning.metricDifference(first.cell, known) > bounds.sameMetric.limit;
    const ways = free ? [0, 1, 2, 3].map((bits) => ({ strained: bits > 1, scaled: bits % 2 === 1 })) : [{ strained: false, scaled: false }];
    chance = Math.min(...ways.map((way) => Math.abs(first.log10Chance - log10Chance(first.cell, spots, way, accept))));
  }
  return { errors: { verdicts: wrong + Number(crystals.length === 0), owners, chance } };
};

const stagesOf: Readonly<Record<string, { about: string; check: Check; bounds: (method: IndexingMethod) => Bounds }>> = {
  sampling: {
    about: 'the directions of the half-sphere and the spots near a plane of each',
    check: checkSampling,
    bounds: () => ({ length: bounds.sampledLength, directions: bounds.sameDirections, counts: bounds.sameCounts, undecided: bounds.fewUndecided }),
  },
  scoring: {
    about: 'the directions that are taken on are those of the best scores',
    check: checkScoring,
    bounds: () => ({ picks: bounds.rightPicks, scores: bounds.searchScore }),
  },
  vectors: {
    about: 'each candidate vector lies where least squares take a sampled one',
    check: checkVectors,
    bounds: (method) => ({ vectors: bounds.fittedVector, missing: bounds.noneMissing, ...(method !== 'exhaustive' ? { scores: bounds.vectorScore } : {}) }),
  },
  search: {
    about: 'the cells about each vector: exact turns of the known one, of which none better is left out',
    check: checkSearch,
    bounds: () => ({
      ...{ grid: bounds.onGrid, metric: bounds.sameMetric, counts: bounds.sameCounts, scores: bounds.cellScore, left: bounds.noneMissing },
    }),
  },
  refinement: {
    about: 'each cell lies where the refinement takes the one that was found',
    check: checkRefinement,
    bounds: (method) => ({
      ...{ cells: bounds.refinedCell, scores: bounds.refinedScore, missing: bounds.noneMissing },
      ...(method !== 'exhaustive' ? { metric: bounds.sameMetric } : {}),
    }),
  },
  selection: {
    about: 'lattices are accepted by their chance, in that order, and spots go to the nearest',
    check: checkSelection,
    bounds: () => ({ verdicts: bounds.rightVerdicts, owners: bounds.sameSpots, chance: bounds.sameChance }),
  },
};

async function plan(context: Context, { method, spots, known, options, thresholds }: Image) {
  const indexer = await context.indexer({ ...options, method, debug: true });
  const { samplePoints, anglePoints, candidateVectors: _, cells: __, refinement, maxDistance, refineMinSpots, refineIterations, ...shared } = thresholds;
  const own = method === 'exhaustive' ? { samplePoints, anglePoints, refinement, maxDistance, refineMinSpots, refineIterations } : {};
  return {
    backend: indexer.backend,
    async run(): Promise<Answer> {
      const result = await indexer.run({ spots: Float32Array.from(spots.flat()), cells: [known], ...shared, ...own });
      return { result, stages: await indexer.stages() };
    },
    dispose: () => indexer.dispose(),
  };
}

interface Simulation extends Omit<SpotSimulation, 'cell' | 'seed' | 'images' | 'spots'> {}

/** The rows of one image, a row a stage. */
function rowsOf(
  method: IndexingMethod,
  name: CellName,
  count: number,
  simulation: Simulation,
  address: string,
  change: IndexingThresholds & Partial<Search> = {},
  known: Cell = cells[name],
) {
  const search = { ...published, ...(method !== 'exhaustive' ? {} : change) };
  const thresholds = { ...search, acceptLog10: -3.5, ...change };
  const { candidateVectors, cells: outputs } = search;
  return Object.entries(stagesOf).map(
    ([stage, { about, check, bounds: boundsOf }]): Row<Image, Answer, Image> => ({
      id: `indexing:stages:${stage}:${method}:${address}`,
      about,
      cost: 0.05,
      work: { amount: 1, unit: 'images' },
      flops: method !== 'exhaustive' ? 4e7 : 6e8,
      bytes: count * 12 + 512,
      make: (seed) => {
        const [image] = simulateSpots({ cell: cells[name], images: 1, seed, spots: count, ...simulation });
        const list = Float32Array.from(image?.spots ?? []);
        const spots = Array.from({ length: list.length / 3 }, (_, i) => spotAt(list, i)).sort((a, b) => dot(a, a) - dot(b, b));
        return {
          ...{ method, spots, known: known.map((row) => row.map(Math.fround)) as unknown as Cell, thresholds },
          options: { maxOutputCells: outputs, ...(method === 'exhaustive' ? { candidateVectors } : {}) },
        };
      },
      oracle: (image) => image,
      plan,
      compare: ({ result, stages }, image) => check(stages, image, result),
      bounds: () => boundsOf(method),
    }),
  );
}

// Low resolution and little noise, so that a coarse grid still lands near the nodes.
const coarse = { dMinA: 6, noisePx: 0.2, bFactorA2: 200 };
const electrons = { wavelengthA: 0.0251, distanceMm: 2400, dMinA: 0.8, bandwidth: 1e-5, bFactorA2: 2 };

/** The rows. */
export const indexingStageRows: readonly Row[] = [
  ...rowsOf('fast', 'mono', 100, {}, 'mono:n=100'),
  ...rowsOf('fast', 'tetra', 24, { noisePx: 0.3 }, 'tetra:n=24'),
  ...rowsOf('fast', 'tri', 200, { spurious: 0.5, noisePx: 1 }, 'tri:n=200:spurious=0.5'),
  ...rowsOf('fast', 'big', 150, {}, 'big:n=150'),
  ...rowsOf('fast', 'small', 100, electrons, 'small:n=100:electrons'),
  ...rowsOf('fast', 'mono', 200, { crystals: 2 }, 'mono:n=200:crystals=2', { maxCrystals: 2 }),
  ...rowsOf('turbo', 'hex', 200, {}, 'hex:n=200:cell-off=1%', {}, cellFromParameters(80.8, 80.8, 89.1, 90, 90, 120)),
  ...rowsOf('exhaustive', 'tri', 50, coarse, 'tri:n=50'),
  ...rowsOf('exhaustive', 'mono', 80, { ...coarse, spurious: 0.3 }, 'mono:n=80:spurious=0.3', { candidateVectors: 8, anglePoints: 96 }),
  ...rowsOf('exhaustive', 'ortho', 60, coarse, 'ortho:n=60:ifse', {
    refinement: 'ifse',
    maxDistance: 0.01,
    refineMinSpots: 6,
    refineIterations: 15,
    minSpots: 0,
  }),
];
