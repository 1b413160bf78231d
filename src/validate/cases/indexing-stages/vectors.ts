/** Checks of the stages up to the candidate vectors. */
import { dot, norm, scale, type Vector } from '../../../crystal/cell.js';
import * as bounds from '../../bounds.js';
import * as sampling from '../../oracle/indexing/sampling.js';
import { offInteger, refineVector, scoreOf, spiralDirection } from '../../oracle/indexing/search.js';
import {
  baseOf,
  type Check,
  indexOfBest,
  longestRow,
  maxOrNaN,
  notAscending,
  notDescending,
  vectorAlong,
} from './image.js';

// Sampling: the length, the number of directions, and the count of each.
export const checkSampling: Check = (stages, image) => {
  const { method, known, spots, thresholds } = image;
  const row = baseOf(image);
  const length = norm(known[row] as Vector);
  const used = method !== 'exhaustive' ? sampling.sampledSpots(spots) : spots;
  const error = method !== 'exhaustive' ? bounds.fastPhaseError : bounds.phaseError;
  const directions = method !== 'exhaustive' ? sampling.directionsFor(length, spots, 65536) : thresholds.samplePoints;
  let [wrong, open] = [0, 0];
  stages.counts.forEach((count, k) => {
    const { sure, undecided } = sampling.countNear(
      vectorAlong(stages, image, k),
      used,
      thresholds.planeDistance,
      error,
    );
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

// Scoring: the selected directions are the best ones according to the backend's own counts.
export const checkScoring: Check = (stages, { method, spots, thresholds, known }) => {
  const picked = stages.picked.map(({ direction: k }) => k);
  if (method !== 'exhaustive') {
    const note = sampling.wrongPicks(picked, stages.counts, sampling.firstEffort(method, spots.length).directions);
    const scores = maxOrNaN(
      stages.picked.map(({ direction: k, score }) => Math.abs(score - (stages.counts[k] as number))),
    );
    return { errors: { picks: note === undefined ? 0 : 1, scores }, note };
  }
  // The count is the backend's own, which the previous row has checked; the mean distance is computed here.
  const length = norm(known[longestRow(known)] as Vector);
  const truth = Array.from(stages.counts, (count, k) => {
    const vector = scale(length, spiralDirection(k, stages.counts.length));
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
      scores: maxOrNaN(stages.picked.map(({ direction: k, score }) => Math.abs(score - (truth[k] as number)))),
    },
  };
};

// Refinement of candidate vectors.
export const checkVectors: Check = (stages, { method, spots, known, thresholds }) => {
  const picked = stages.picked.map(({ direction: k }) => k);
  const length = norm(known[stages.row] as Vector);
  const vectors = stages.vectors.map(({ vector }) => vector);
  const apart = (a: Vector, b: Vector): number => sampling.periodsApart(a, b, spots);
  if (method === 'exhaustive') {
    const off = vectors.map((vector, i) => {
      const sampled = scale(length, spiralDirection(picked[i] as number, stages.counts.length));
      return Math.min(
        ...[1, 1 + bounds.atLimit, 1 - bounds.atLimit].map((widen) =>
          apart(vector, thresholds.minSpots > 0 ? refineVector(sampled, spots, thresholds.minSpots, widen) : sampled),
        ),
      );
    });
    return {
      errors: { vectors: maxOrNaN(off), missing: Math.abs(vectors.length - picked.length) },
      samples: { 'vectors, periods': off },
    };
  }
  const ends = sampling.endpoints(length, picked, stages.counts.length, spots, bounds.atLimit);
  const off = vectors.map((vector) => Math.min(...ends.map((end) => apart(vector, end))));
  const scores = stages.vectors.map(({ vector, score }) => Math.abs(score / sampling.vectorScore(vector, spots) - 1));
  // Candidates that have converged count as one, whichever of them was better before; otherwise none may be better than
  // the first.
  const twins = vectors.filter((a, i) =>
    vectors.some((b, k) => k < i && apart(a, b) < bounds.twinVectors * (1 - bounds.atLimit)),
  ).length;
  const best = ends[indexOfBest(ends, (end) => -sampling.vectorScore(end, spots))];
  const beaten = (end: Vector): boolean =>
    (stages.vectors[0]?.score ?? 0) >= sampling.vectorScore(end, spots) * (1 - bounds.vectorScore.limit);
  const missing = best && (beaten(best) || vectors.some((vector) => apart(vector, best) < bounds.twinVectors)) ? 0 : 1;
  const many = Math.max(0, vectors.length - sampling.firstEffort(method, spots.length).candidates);
  return {
    errors: {
      vectors: maxOrNaN(off),
      scores: maxOrNaN(scores),
      missing: missing + many + twins + notDescending(stages.vectors.map(({ score }) => score)),
    },
    samples: { 'vectors, periods': off },
  };
};
