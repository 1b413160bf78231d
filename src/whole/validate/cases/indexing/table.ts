/** The case table of indexing. */
import type { Context } from '../../../assembly/rooms.js';
import type { RoomTable } from '../../case.js';
import { indexingStageRows } from '../indexing-stages/index.js';
import { indexingRows } from './index.js';

async function tryOut(context: Context): Promise<void> {
  const indexer = await context.indexer();
  // A perfect lattice along the axes: every node within 0.25 1/angstrom of the origin.
  const spots: number[] = [];
  for (let h = -4; h <= 4; h++)
    for (let k = -4; k <= 4; k++) if (h !== 0 || k !== 0) spots.push(h / 30, k / 40, ((h + 2 * k) % 5) / 50);
  const result = await indexer.run({ spots, cells: [30, 0, 0, 0, 40, 0, 0, 0, 50] });
  await indexer.dispose();
  if (!result.image(0).indexed) throw new Error('a perfect lattice was not found');
}

export const indexingTable: RoomTable = { name: 'indexing', rows: [...indexingRows, ...indexingStageRows], tryOut };
