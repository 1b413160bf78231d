/**
 * Cluster analysis, both of its passes: deviations of pixels on the backend, and the labels derived from feature
 * vectors.
 */

import type { FrameArray } from '../../../../io/data/dtype.js';
import type { Analysis } from '../../../../udf/analyses/analysis.js';
import { clusterAnalysis } from '../../../../udf/analyses/cluster.js';
import { steps } from '../../../../udf/execution/engine.js';
import { Run } from '../../../../udf/execution/run.js';
import type { AnyUdf } from '../../../../udf/functions/udf.js';
import { scanOfMemory } from '../../../../udf/scans/scan.js';
import type { Context } from '../../../assembly/rooms.js';
import type { Row } from '../../case.js';
import { equality } from '../../compare.js';
import { type ClusterProblem, clustersOf } from '../../oracle/udf/cluster.js';
import * as bounds from '../../tolerances.js';
import { stackOf } from './problem.js';

const [nav, sig] = [
  [8, 9],
  [9, 11],
] as const;
const frames = nav[0] * nav[1];
const wish = { nPeaks: 4, minDistance: 1, clusters: 7 };

async function labelsOf(context: Context, data: FrameArray): Promise<ArrayLike<number>> {
  const scan = scanOfMemory(data, { navShape: [...nav], sigShape: [...sig] });
  const resultsOf = async (udf: AnyUdf): Promise<unknown> => {
    const run = new Run(scan, [udf], {});
    const engine = { context: async () => context, executor: undefined, delayedOn: undefined, readFile: undefined };
    for await (const _ of steps(run, engine, undefined));
    return run.results()[0];
  };
  const first = clusterAnalysis(scan, wish);
  const second = first.next?.(await resultsOf(first.udf)) as Analysis<'labels'>;
  const [labels] = second.channels(await resultsOf(second.udf));
  return labels?.data ?? [];
}

/** The row. */
export const clusterRow: Row<ClusterProblem, ArrayLike<number>, readonly number[]> = {
  id: `udf:cluster-udf:u16:${frames}x${sig.join('x')}`,
  about: 'feature vectors of the pixels that differ most, and clusters of neighbours in the scan',
  cost: 0.01,
  work: { amount: frames, unit: 'frames' },
  flops: 10 * frames * sig[0] * sig[1],
  bytes: 2 * frames * sig[0] * sig[1],
  make: (seed) => ({
    ...wish,
    nav,
    sig,
    data: stackOf({ dtype: 'u16', width: sig[1], height: sig[0], frames, below: 1000 }, seed).data,
  }),
  oracle: clustersOf,
  plan: async (context, { data }) => ({
    backend: context.backends[0]?.name ?? 'wasm',
    run: () => labelsOf(context, data as FrameArray),
    dispose: async () => undefined,
  }),
  compare(found, expected) {
    const { error, note } = equality(found, expected);
    return { errors: { labels: error }, ...(note === undefined ? {} : { note }) };
  },
  // For integers of up to 16 bits, deviations are the same on every backend, and labels are decided in float64.
  bounds: () => ({ labels: { ...bounds.sumsOfIntegers, unit: 'labels' } }),
};
