/** The case table of merging. */

import { mergeStream } from '../../../../serial/merging/merge-stream.js';
import type { Context } from '../../../assembly/rooms.js';
import type { RoomTable } from '../../case.js';
import { mergeByOracle } from '../../oracle/merging/merge.js';
import { mergingRows } from './fit.js';
import { sceneOf, uniqueOf } from './scene.js';

async function tryOut(context: Context): Promise<void> {
  const { text, crystals } = sceneOf(1, { crystals: 5, symmetry: 'mmm', dMin: 6, bandwidth: 0 });
  const { reflections } = await mergeStream(
    context,
    { name: 'scene.stream', bytes: new TextEncoder().encode(text) },
    { symmetry: 'mmm', model: 'mean', minMeasurements: 1, polarisation: 'none' },
  );
  const truth = mergeByOracle(crystals, { model: 'mean', cycles: 0 }).reflections;
  for (let i = 0; i < reflections.count; i++) {
    const indices = [...reflections.indices.subarray(3 * i, 3 * i + 3)] as [number, number, number];
    const expected = truth.get(uniqueOf('mmm', indices))?.intensity ?? Number.NaN;
    if (!(Math.abs((reflections.intensity[i] ?? 0) - expected) < 1e-6))
      throw new Error(`${indices} has the intensity ${reflections.intensity[i]}, the oracle ${expected}`);
  }
}

export const mergingTable: RoomTable = { name: 'merging', rows: mergingRows, tryOut };
