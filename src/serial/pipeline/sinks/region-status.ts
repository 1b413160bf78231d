/** The means of the regions of a run in the last minute, in words for the viewer that follows it. */
import { minuteS } from '../../../io/live/rates.js';
import { RecentValues } from '../../../io/live/recent-values.js';
import type { Region } from '../regions/region.js';
import type { FrameSink } from './sink.js';

export function regionStatus(regions: readonly Region[]): FrameSink {
  const means = regions.map(({ name }) => ({ name, values: new RecentValues(minuteS) }));
  const now = (): number => performance.now() / 1000;
  const wordsOf = (median: number | undefined): string => (median === undefined ? '–' : `${+median.toPrecision(4)}`);
  return {
    isBrief: true,
    async add({ rois = {} }) {
      for (const { name, values } of means) values.add(now(), rois[name]?.mean);
    },
    status: () =>
      `mean of ${means.map(({ name, values }) => `${name} ${wordsOf(values.at(now()).median)}`).join(', ')}`,
    close: async () => '',
    discard: async () => undefined,
  };
}
