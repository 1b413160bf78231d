/** The methods that this room adds to a context; the room is loaded on first use. */
import type { Planner } from '../compute/planner/planner.js';
import type { Indexer, IndexerOptions } from './indexer.js';

export interface IndexingMethods {
  /** Plans an indexer of stills with known cells; see `IndexerOptions` for the sizes it fixes. */
  indexer(options?: IndexerOptions): Promise<Indexer>;
}

export const indexingRoom = (planner: Planner): IndexingMethods => ({
  indexer: async (options = {}) => (await import('./indexer.js')).planIndexer(planner, options),
});
