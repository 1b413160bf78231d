/** Checks of the stages from the cell search on. */
import { type Cell, lengthsOf, norm, reciprocal, scale } from '../../../crystal/cell.js';
import * as bounds from '../../bounds.js';
import { distanceToNode, membershipRadius } from '../../oracle/indexing/lattices.js';
import * as sampling from '../../oracle/indexing/sampling.js';
import { cellsAbout, indexDistances, refineCell, scoreOf } from '../../oracle/indexing/search.js';
import * as turning from '../../oracle/indexing/turning.js';
import { log10Chance } from '../../oracle/indexing/verdict.js';
import { baseOf, type Check, indexOfBest, maxOrNaN, notAscending, notDescending } from './image.js';

// Cell search: the cells of every vector at every angle, and the selection from them.
export const checkSearch: Check = (stages, image) => {
  const { method, spots, known, thresholds, options } = image;
  const fast = method !== 'exhaustive';
  const row = baseOf(image);
  const others = lengthsOf(known).filter((_, i) => i !== row);
  const list = fast ? spots.slice(0, turning.turnedSpots) : spots;
  const angles = fast ? turning.anglesFor(Math.max(...others), spots) : thresholds.anglePoints;
  const { fold, flip } = fast ? turning.symmetryAlong(known, row) : { fold: 1, flip: false };
  const error = fast
    ? bounds.fastNodeError
    : bounds.phaseError(list.reduce((most, s) => Math.max(most, norm(s)), 0) * Math.max(...lengthsOf(known)));
  const count = (cell: Cell) => turning.countAtNodes(cell, list, thresholds.nodeDistance, error);
  const meanScore = (cell: Cell): number => scoreOf(indexDistances(cell, list), 0, thresholds);
  const score = ({ cell, count: good }: { cell: Cell; count: number }): number =>
    fast ? turning.closeness(cell, list) : meanScore(cell) - good;
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
  const same = (a: Cell, b: Cell): boolean => turning.cellDistance(a, b, spots) < bounds.sameCell;
  for (const { vector } of stages.vectors) {
    for (const sense of flip ? [1] : [1, -1]) {
      const u = scale(sense / norm(vector), vector);
      const grid = [...(fast ? turning.turnsAbout(known, row, u, angles) : cellsAbout(known, row, u, angles))].slice(
        0,
        angles / fold,
      );
      const counts = grid.map(count);
      const at = (q: number): { sure: number; undecided: number } =>
        counts[(q + grid.length) % grid.length] as { sure: number; undecided: number };
      for (const [q, cell] of grid.entries()) {
        const { sure } = at(q);
        // Vectors that have converged give the same cell more than once.
        const kept = hits.flatMap((hit, i) => (same(hit.cell, cell) ? [i] : []));
        for (const i of kept) strays.delete(i);
        if (kept.length > 0 || !last) continue;
        if (fast) {
          // A certain maximum over the angles, with a count that few angles have.
          const peak = [-2, -1, 1, 2].every((step) => at(q + step).sure + at(q + step).undecided < sure);
          if (
            peak &&
            sure > last.count &&
            turning.closeness(cell, list) > last.score + bounds.searchScore.limit * list.length
          )
            left++;
        } else if (sure > last.count) left++;
      }
    }
  }
  const most = fast ? sampling.firstEffort(method, spots.length).hits : (options.maxOutputCells ?? 0);
  const order = fast ? notDescending(hits.map((hit) => hit.score)) : notAscending(hits.map((hit) => hit.score));
  return {
    errors: {
      grid: Math.abs(stages.angles - angles) + strays.size,
      metric: maxOrNaN(hits.map(({ cell }) => turning.metricDifference(cell, known))),
      counts: wrong,
      scores: maxOrNaN(scores),
      left: left + order + Math.abs(hits.length - most),
    },
  };
};

// Refinement of the cells that the search kept.
export const checkRefinement: Check = (stages, { method, spots, known, thresholds }) => {
  const radius = membershipRadius(known);
  const widths = [1, 1 + bounds.atLimit, 1 - bounds.atLimit];
  const missing = Math.abs(stages.cells.length - stages.hits.length) + Number(stages.cells.length === 0);
  const pairs = stages.hits.flatMap((hit, i) => (stages.cells[i] ? [{ hit, refined: stages.cells[i] }] : []));
  if (method === 'exhaustive') {
    const shortestLength = Math.min(...lengthsOf(known));
    const ends = pairs.map(({ hit, refined }) => {
      const whole = Math.floor(hit.score);
      const tried = widths.map((widen) =>
        refineCell({ cell: hit.cell, score: whole + widen * (hit.score - whole) }, spots, shortestLength, thresholds),
      );
      const best = tried[indexOfBest(tried, ({ cell }) => turning.cellDistance(cell, refined.cell, spots))] as {
        cell: Cell;
        score: number;
      };
      return {
        cell: turning.cellDistance(best.cell, refined.cell, spots),
        score: Math.abs(best.score - refined.score) * shortestLength,
      };
    });
    return {
      errors: {
        cells: maxOrNaN(ends.map(({ cell }) => cell)),
        scores: maxOrNaN(ends.map(({ score }) => score)),
        missing,
      },
    };
  }
  const off = pairs.map(({ hit, refined }) =>
    Math.min(
      ...widths.map((widen) =>
        turning.cellDistance(turning.turnToSpots(hit.cell, spots, radius, widen), refined.cell, spots),
      ),
    ),
  );
  const merits = pairs.map(
    ({ refined }) =>
      Math.abs(refined.score - turning.meritOf(refined.cell, spots, radius)) / Math.max(1, refined.score),
  );
  // The rotation is meant to increase the merit: for the best cell it must have done so.
  const best = pairs[indexOfBest(pairs, ({ refined }) => -refined.score)];
  const lost = best && best.refined.score >= turning.meritOf(best.hit.cell, spots, radius) ? 0 : 1;
  const metric = maxOrNaN(pairs.map(({ refined }) => turning.metricDifference(refined.cell, known)));
  return { errors: { cells: maxOrNaN(off), scores: maxOrNaN(merits), metric, missing: missing + lost } };
};

// Selection: which lattices are accepted, in which order, and to which of them each spot belongs.
export const checkSelection: Check = (_, { method, spots, known, thresholds }, result) => {
  const view = result.image(0);
  const found = view.cells();
  const crystals = view.crystals();
  const accept = thresholds.acceptLog10 as number;
  let wrong = crystals.filter(({ log10Chance }) => !(log10Chance <= accept)).length;
  const candidates = found.slice(crystals.length);
  // A candidate that would be acceptable must follow a better one.
  wrong += candidates.filter(
    ({ log10Chance }) => crystals.length === 0 && log10Chance <= accept && log10Chance < 0,
  ).length;
  const first = crystals[0];
  if (method !== 'exhaustive')
    wrong += candidates.filter(({ log10Chance }) => first && log10Chance < first.log10Chance).length;
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
    const ownerDistance =
      owner === 0 ? 1 : (distances[lattices.findIndex(({ number }) => number === owner)] ?? Number.POSITIVE_INFINITY);
    if (ownerDistance > nearest + bounds.borderline) owners++;
  });
  // The chance of the only lattice. The result does not state whether metric and scale were taken from the spots, so
  // the variant that fits best is compared.
  let chance = 0;
  if (first && crystals.length === 1) {
    const free = turning.metricDifference(first.cell, known) > bounds.sameMetric.limit;
    const ways = free
      ? [0, 1, 2, 3].map((bits) => ({ isStrained: bits > 1, isScaled: bits % 2 === 1 }))
      : [{ isStrained: false, isScaled: false }];
    chance = Math.min(...ways.map((way) => Math.abs(first.log10Chance - log10Chance(first.cell, spots, way, accept))));
  }
  return { errors: { verdicts: wrong + Number(crystals.length === 0), owners, chance } };
};
