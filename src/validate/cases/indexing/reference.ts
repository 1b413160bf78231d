/**
 * The published search repeated in float64, at a size for which this takes a fraction of a second: the best cell and
 * the score must be the same.
 */
import type { Cell } from '../../../crystal/cell.js';
import { simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { worstElement } from '../../compare.js';
import { spotAt } from '../../oracle/indexing/lattices.js';
import { inIndexSpace, published, type Scored, type Search, searchExhaustively } from '../../oracle/indexing/search.js';
import { type Answer, type CellName, cells, type Lists } from './lists.js';
import { makeRow } from './row.js';

function reference(name: CellName, spots: number, change: Partial<Search>, about: string) {
  const words = Object.entries(change).map(([key, value]) => `:${key}=${value}`);
  const { refinement = 'raw' } = change;
  const search: Search = {
    ...published,
    cells: 4,
    ...(refinement === 'ifssr' ? {} : inIndexSpace),
    refinement,
    ...change,
  };
  const { candidateVectors, cells: outputs, ...thresholds } = search;
  const row: Row<Lists, Answer, Scored[]> = {
    ...makeRow('exhaustive', `reference:${name}:n=${spots}${words.join('')}:images=3`, about, (seed) => ({
      // Low resolution and no noise, so that a grid as coarse as this still lands near the nodes.
      images: simulateSpots({ cell: cells[name], images: 3, seed, spots, dMinA: 6, noisePx: 0.2, bFactorA2: 200 }),
      known: [cells[name]],
      options: { candidateVectors, maxOutputCells: outputs },
      thresholds,
    })),
    oracle: ({ images, known }) =>
      images.map(({ spots: list, owner }) =>
        searchExhaustively(
          Array.from(owner, (_, i) => spotAt(Float32Array.from(list), i)),
          known[0] as Cell,
          search,
        ),
      ),
    compare({ result }, expected) {
      const best = expected.map((_, i) =>
        result
          .image(i)
          .cells()
          .reduce((a, b) => (b.score < a.score ? b : a)),
      );
      const scores = expected.map(({ score }, i) => Math.abs((best[i]?.score ?? Number.NaN) - score));
      const elements = expected.map(({ cell }, i) => worstElement(best[i]?.cell.flat() ?? [], cell.flat()).error);
      return {
        errors: { score: Math.max(...scores), cell: Math.max(...elements) },
        samples: { 'scores against float64': scores, 'cells against float64, relative': elements },
      };
    },
    bounds: () => ({ score: bounds.searchScore, cell: bounds.searchCell }),
  };
  return row;
}

/** The rows. */
export const references = [
  reference('tri', 40, {}, 'the published search: sampling, scores, candidates, angles'),
  reference('tri', 24, { minSpots: 0 }, 'without the refinement of vectors'),
  reference(
    'tri',
    30,
    { minSpots: 0, candidateVectors: 1 },
    'the one best sampled vector as it is: directions and planeDistance to the last count',
  ),
  reference('mono', 60, { samplePoints: 2048, anglePoints: 128, candidateVectors: 8 }, 'a finer grid'),
  reference(
    'tri',
    50,
    { trimLow: 0.01, trimHigh: 0.2, delta: 0.05, planeDistance: 0.15, nodeDistance: 0.2 },
    'every threshold reaches the score',
  ),
  ...(['ifss', 'ifse', 'ifssr'] as const).map((refinement) =>
    reference('tri', 60, { refinement }, 'the published refinements'),
  ),
];
