/** Compares what was found with the truth: by meaning, not by bits. */
import { type Cell, reciprocal } from '../../../crystal/cell.js';
import type { Crystal, ImageView } from '../../../indexing/indexer.js';
import * as bounds from '../../bounds.js';
import type { Comparison } from '../../case.js';
import {
  distanceToNode,
  latticeDifference,
  membershipRadius,
  orientationSigma,
  spotAt,
  type TrueImage,
} from '../../oracle/indexing/lattices.js';
import type { Answer, Lists } from './lists.js';

/** Spots farther out than this, in 1/angstrom, are ignored; see IndexingConstants in src/compute/layout/indexing.ts. */
const farthest = 5;

/** Verdicts, orientations, lengths and memberships of every image against the truth. */
export function compareWithTruth({ result }: Answer, { images, known, which, options }: Lists): Comparison {
  const { maxSpots = 300 } = options;
  const degrees: number[] = [];
  const sigmas: number[] = [];
  const relative: number[] = [];
  const notes: string[] = [];
  let [missed, invented, wrongCell, membership, summary, figures] = [0, 0, 0, 0, 0, 0];
  images.forEach((image, i) => {
    const view = result.image(i);
    const crystals = view.crystals();
    const spots = image.owner.length;
    const near = Array.from({ length: spots }, (_, k) => Math.hypot(...spotAt(image.spots, k))).filter(
      (reach) => reach <= farthest,
    ).length;
    summary +=
      Number(view.usedSpots !== Math.min(near, maxSpots)) +
      Number(view.truncated !== near > maxSpots) +
      Number(view.tooFewSpots);
    summary += Number(view.tooFar !== near < spots);
    const taken = new Set<number>();
    image.lattices.forEach((truth, k) => {
      const place = crystals.findIndex(({ cell }, c) => !taken.has(c) && latticeDifference(cell, truth) !== undefined);
      const crystal = crystals[place];
      if (!crystal) {
        missed++;
        return;
      }
      taken.add(place);
      const difference = latticeDifference(crystal.cell, truth);
      if (!difference) return;
      const sigma = Math.hypot(orientationSigma(image, truth, k + 1), bounds.orientationFloorDeg);
      degrees.push(difference.misorientationDeg);
      sigmas.push(difference.misorientationDeg / sigma);
      relative.push(difference.lengths);
      if (crystal.inputCell !== (which?.[i] ?? 0)) wrongCell++;
    });
    invented += crystals.length - taken.size;
    const { differing, figure } = recount(image, view, crystals, known, options.method !== 'exhaustive');
    figures = Math.max(figures, figure);
    if (differing > 0) notes.push(`image ${i}: ${differing} spots differ`);
    membership += differing;
  });
  if (missed > 0) notes.unshift(`${missed} lattices missed`);
  if (invented > 0) notes.unshift(`${invented} lattices that are not there`);
  if (wrongCell > 0) notes.unshift(`${wrongCell} lattices given to another known cell`);
  return {
    errors: {
      missed:
        missed /
        Math.max(
          1,
          images.reduce((sum, { lattices }) => sum + lattices.length, 0),
        ),
      invented: invented + wrongCell,
      orientation: Math.max(0, ...sigmas),
      lengths: Math.max(0, ...relative),
      membership,
      summary,
      figures,
    },
    samples: { 'misorientation, degrees': degrees, 'misorientation, σ': sigmas, 'lengths, relative': relative },
    ...(notes.length > 0 ? { note: notes.slice(0, 4).join('; ') } : {}),
  };
}

// Spots whose membership differs from what the found cells say in float64; for a single lattice also its count of spots
// and, as relative differences, its residual and the merit of the fast method.
function recount(
  image: TrueImage,
  view: ImageView,
  crystals: readonly Crystal[],
  known: readonly Cell[],
  fast: boolean,
): { differing: number; figure: number } {
  const lattices = crystals.map(({ cell, inputCell, number }) => ({
    cell,
    number,
    dual: reciprocal(cell),
    radius: membershipRadius(known[inputCell] as Cell),
  }));
  const spots = Float32Array.from(image.spots);
  const order = Array.from(image.owner, (_, i) => i).sort(
    (i, j) => Math.hypot(...spotAt(spots, i)) - Math.hypot(...spotAt(spots, j)) || i - j,
  );
  let [differing, near, undecided, squares, merit] = [0, 0, 0, 0, 0];
  for (const [rank, i] of order.entries()) {
    // Spots too far out are ignored and belong to no lattice.
    if (Math.hypot(...spotAt(spots, i)) > farthest) {
      if (view.assignment[i] !== 0) differing++;
      continue;
    }
    const distances = lattices.map(({ cell, dual, radius }) => distanceToNode(cell, dual, spotAt(spots, i)) / radius);
    const owner = view.assignment[i] as number;
    const first = distances[0];
    // The statistics are those of the spots that were used, the membership is that of all spots.
    if (first !== undefined && rank < view.usedSpots) {
      if (Math.abs(first - 1) < bounds.borderline) undecided++;
      else if (first < 1) {
        near++;
        squares += first * first;
        merit += 1 - first * first;
      }
    }
    const index = lattices.findIndex(({ number }) => number === owner);
    if (owner !== 0 && !((distances[index] as number) < 1 + bounds.borderline)) differing++;
    if (owner === 0 && distances.some((distance) => distance < 1 - bounds.borderline)) differing++;
  }
  const [single] = crystals;
  const [lattice] = lattices;
  if (!single || !lattice || crystals.length > 1) return { differing, figure: 0 };
  differing += Math.max(0, Math.abs(single.indexedSpots - near - undecided / 2) - undecided / 2);
  if (undecided > 0) return { differing, figure: 0 };
  // In units of the membership radius, so that a perfect list has no relative error of its own.
  const residual = Math.abs(single.rmsResidual / lattice.radius - Math.sqrt(squares / near));
  return { differing, figure: Math.max(residual, fast ? Math.abs(single.score / merit - 1) : 0) };
}
