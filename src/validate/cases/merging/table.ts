/** The case table of merging: whole merges of small streams, compared number by number with the oracle's. */

import type { Context } from '../../../context/rooms.js';
import { mergeStream } from '../../../merging/merge-stream.js';
import type { MergeResult } from '../../../merging/result.js';
import { mergedNumbers, sameMeasurements } from '../../bounds.js';
import type { Comparison, RoomTable, Row } from '../../case.js';
import { mergeByOracle, type OracleFit, type OracleMerge } from '../../oracle/merging/merge.js';
import { type MergeScene, type Scene, sceneOf, uniqueOf } from './scene.js';

interface Problem extends OracleFit, MergeScene {
  readonly symmetry: Scene['symmetry'];
}

const observationsPerSecond = 2e6;

function fitRow(
  about: string,
  model: OracleFit['model'],
  cycles: number,
  { crystals, symmetry = 'mmm', dMin = 3.2, bandwidth = 0 }: Partial<Scene> & Pick<Scene, 'crystals'>,
  extra: Partial<Row<Problem, MergeResult, OracleMerge>> = {},
): Row<Problem, MergeResult, OracleMerge> {
  const parts = { model, symmetry, cycles, crystals, dmin: dMin, ...(bandwidth > 0 && { bandwidth }) };
  // The number of reflections near the sphere grows with the third power of the resolution.
  const observations = Math.round(crystals * 70 * (3.2 / dMin) ** 3);
  const amount = observations * 2 * (7 * cycles + 4);
  return {
    id: ['merging:fit', ...Object.entries(parts).map(([name, value]) => `${name}=${value}`)].join(':'),
    about,
    cost: 0.05 + amount / observationsPerSecond / 5,
    work: { amount, unit: 'numbers' },
    // Only the CPU kernels compute sums of float64 in a fixed order.
    refusedBy: ['webgpu', 'cuda', 'cuda-emulated'],
    make: (seed) => ({ model, cycles, symmetry, ...sceneOf(seed, { crystals, symmetry, dMin, bandwidth }) }),
    oracle: ({ crystals: all, ...problem }) => mergeByOracle(all, problem),
    async plan(context: Context, { text, symmetry: group }) {
      const bytes = new TextEncoder().encode(text);
      const options = {
        symmetry: group,
        model,
        // The plain mean has no cycles, and rejects a number of them.
        ...(model === 'mean' ? {} : { iterations: cycles }),
        minMeasurements: 1,
        polarisation: 'none',
      };
      return {
        run: () => mergeStream(context, { name: 'scene.stream', bytes }, options),
        dispose: async () => {},
      };
    },
    compare: (found, expected) => compare(found, expected, symmetry),
    bounds: () => ({
      intensity: mergedNumbers,
      sigma: mergedNumbers,
      crystals: mergedNumbers,
      counts: sameMeasurements,
    }),
    ...extra,
  };
}

function compare(found: MergeResult, expected: OracleMerge, symmetry: Scene['symmetry']): Comparison {
  const { reflections } = found;
  // A list has an arbitrary scale; the plain mean has that of the observations.
  const known = [...expected.reflections.values()].filter(({ count }) => count >= 1);
  const unit =
    found.model === 'mean' ? 1 : 1000 / (known.reduce((sum, { intensity }) => sum + intensity, 0) / known.length);
  const largest = Math.max(...known.map(({ intensity }) => Math.abs(intensity))) * unit;
  let [intensity, sigma, counts] = [0, 0, Math.abs(known.length - reflections.count)];
  for (let i = 0; i < reflections.count; i++) {
    const indices = [...reflections.indices.subarray(3 * i, 3 * i + 3)] as [number, number, number];
    const reflection = expected.reflections.get(uniqueOf(symmetry, indices));
    if (!reflection) return { errors: { intensity: 1, sigma: 1, crystals: 1, counts: 1 }, note: `no ${indices}` };
    intensity = Math.max(intensity, Math.abs((reflections.intensity[i] ?? 0) - unit * reflection.intensity) / largest);
    sigma = Math.max(
      sigma,
      Math.abs((reflections.sigma[i] ?? 0) / (unit * reflection.sigma || 1) - (reflection.sigma ? 1 : 0)),
    );
    if (reflections.measurements[i] !== reflection.count) counts++;
  }
  let crystals = 0;
  for (const [c, own] of expected.crystals.entries()) {
    const mine = found.crystals[c];
    if (!mine) return { errors: { intensity, sigma, crystals: 1, counts }, note: `no crystal ${c}` };
    const { scale, relativeB, radius, rotation, deviation } = mine;
    // In units of the variation of the parameters.
    const off = [
      Math.log(scale) - (own[0] ?? 0),
      (relativeB - (own[1] ?? 0)) / 10,
      Math.log(radius) - (own[2] ?? 0),
      (rotation[0] - (own[3] ?? 0)) / 1e-3,
      (rotation[1] - (own[4] ?? 0)) / 1e-3,
      deviation - (own[5] ?? 0),
    ];
    crystals = Math.max(crystals, ...off.map(Math.abs));
  }
  const error = Math.abs(found.proportionalError - expected.proportionalError);
  return { errors: { intensity, sigma, crystals: Math.max(crystals, error || 0), counts } };
}

const rows: readonly Row<Problem, MergeResult, OracleMerge>[] = [
  fitRow('the plain mean and its spread', 'mean', 0, { crystals: 20 }),
  fitRow('weighted sums before anything is refined', 'gaussian', 0, { crystals: 20 }),
  fitRow('scales and temperature factors alone', 'unity', 3, { crystals: 40 }),
  fitRow('one cycle refines scales first', 'gaussian', 1, { crystals: 40 }),
  fitRow('radii and orientations from the second cycle on', 'gaussian', 4, { crystals: 40 }),
  fitRow('a tetragonal group', 'gaussian', 3, { crystals: 30, symmetry: '4/mmm' }),
  fitRow('the spectrum widens the partialities', 'xsphere', 3, { crystals: 40, bandwidth: 0.004 }),
  fitRow('more crystals than are summed at a time', 'gaussian', 2, { crystals: 1100, dMin: 7 }),
  fitRow('many observations', 'gaussian', 4, { crystals: 200, dMin: 2.4 }, { bench: true }),
];

export const mergingTable: RoomTable = {
  name: 'merging',
  rows: rows as readonly Row[],
  sample: 'merging:fit:model=mean:symmetry=mmm:cycles=0:crystals=20:dmin=3.2',
};
