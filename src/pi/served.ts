/** How a worker answers the calls of this room. */
import type { ServedCalls } from '../compute/workers/messages.js';
import type {} from './calls.js';
import type { PiMethods } from './room.js';

export const servePi = (context: () => Promise<PiMethods>): ServedCalls<'pi'> => ({
  calls: {
    async pi({ threads, ...run }) {
      const plan = await (await context()).pi(threads === undefined ? {} : { threads });
      try {
        return [await plan.run(run)];
      } finally {
        await plan.dispose();
      }
    },
  },
});
