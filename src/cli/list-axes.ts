/** The known cell of spot lists whose near-equal axes it names wrongly: what the first lists say about it. */
import { enoughForAxes, mayAskForAxes, readText, type SettledAxes, settledAxes } from '../entries/command.node.js';
import {
  type Indexer,
  type IndexingThresholds,
  type KnownCell,
  readSpotList,
  type SpotUnit,
} from '../entries/index.node.js';

interface AxisLists {
  readonly lists: readonly string[];
  readonly cells: readonly KnownCell[] | undefined;
  readonly unit: SpotUnit;
  readonly thresholds: IndexingThresholds;
  readonly signal: AbortSignal;
}

/**
 * Indexes the first lists with a known cell that is nearly more symmetric than it is, and returns what their crystals
 * say about it; undefined for other cells. Lists that cannot be read are reported when their turn comes.
 */
export async function axesOfLists(
  indexer: Indexer,
  { lists, cells, unit, thresholds, signal }: AxisLists,
): Promise<SettledAxes | undefined> {
  const [known] = cells ?? [];
  // Standard input can only be read once.
  if (!known || !mayAskForAxes(cells) || lists.includes('-')) return undefined;
  // Few spots do not determine a cell.
  let few = 0;
  const seen: Parameters<typeof settledAxes>[1][number][] = [];
  for (const file of lists) {
    if (seen.length + few >= enoughForAxes || signal.aborted) break;
    try {
      const { spots } = readSpotList(await readText(file), { name: file, unit });
      const image = (await indexer.run({ spots, cells: [known], ...thresholds, maxCrystals: 1 })).image(0);
      if (image.few) few++;
      else
        for (const { cell, mask, ambiguous } of image.crystals())
          seen.push({ cell, spots: spots.filter((_, i) => mask[Math.floor(i / 3)] === 1), ambiguous });
    } catch {}
  }
  return settledAxes(known, seen);
}
