/** The case table of pi. */
import type { Context } from '../../../assembly/rooms.js';
import type { RoomTable } from '../../case.js';
import { countInside } from '../../oracle/pi/philox.js';
import { piRows } from './count.js';

async function tryOut(context: Context): Promise<void> {
  const plan = await context.pi();
  const { hits } = await plan.run({ points: 1000, seed: 42 });
  await plan.dispose();
  const expected = countInside({ seed: 42n, stream: 0, first: 0n, points: 1000n });
  if (hits !== expected) throw new Error(`counted ${hits} of 1000 points, the oracle ${expected}`);
}

export const piTable: RoomTable = { name: 'pi', rows: piRows, tryOut };
