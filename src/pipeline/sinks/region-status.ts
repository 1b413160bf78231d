/** The means of the regions of a run in the last minute, in words for the viewer that follows it. */
import type { Region } from '../regions/region.js';
import type { RunSummary } from '../summary.js';

/** Undefined without regions. */
export function regionStatus(regions: readonly Region[], known: RunSummary['regions'] = []): string | undefined {
  if (regions.length === 0) return undefined;
  const words = regions.map(({ name }) => {
    const mean = known.find((one) => one.name === name)?.mean;
    return `${name} ${mean === undefined ? '–' : +mean.toPrecision(4)}`;
  });
  return `mean of ${words.join(', ')}`;
}
