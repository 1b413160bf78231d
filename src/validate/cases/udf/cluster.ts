/**
 * Cluster analysis, both of its passes: deviations of pixels on the backend, and the labels derived from feature
 * vectors.
 */

import type { Analysis } from '../../../stem/analyses/analysis.js';
import { clusterAnalysis } from '../../../stem/analyses/cluster.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { measuredAs, worstInteger } from '../../compare.js';
import { type ClusterProblem, clustersOf } from '../../oracle/udf/cluster.js';
import { caseBase, stackOf } from './problem.js';
import { resultsOf, scanOf } from './scans.js';

const nav = [8, 9] as const;
const look = { dtype: 'u16', height: 9, width: 11, frames: nav[0] * nav[1], below: 1000 } as const;
const wish = { nPeaks: 4, minDistance: 1, clusters: 7 };

/** The row. */
export const clusterRow: Row<ClusterProblem, ArrayLike<number>, readonly number[]> = {
  ...caseBase('cluster-udf', look),
  about: 'feature vectors of the pixels that differ most, and clusters of neighbours in the scan',
  cost: 0.01,
  make: (seed) => ({ ...wish, nav, sig: [look.height, look.width], data: stackOf(look, seed).data }),
  oracle: clustersOf,
  plan: async (context, problem) => ({
    async run() {
      const scan = scanOf(problem);
      const first = clusterAnalysis(scan, wish);
      const second = first.next?.((await resultsOf(context, scan, first.udf)) as never) as Analysis<'labels'>;
      const [labels] = second.channels((await resultsOf(context, scan, second.udf)) as never);
      return labels?.data ?? [];
    },
    dispose: async () => undefined,
  }),
  compare: measuredAs('labels', worstInteger),
  // For integers of up to 16 bits, deviations are the same on every backend, and labels are decided in float64.
  bounds: () => ({ labels: { ...bounds.sumsOfIntegers, unit: 'labels' } }),
};
