/** The status of a run in a line of the terminal. */
import { clock } from '../util/amounts.js';
import type { RunSummary } from './summary.js';

const percent = (share: number | undefined): string => (share === undefined ? '–' : `${(100 * share).toFixed(0)} %`);

/** Counts and shares of the whole run, with those of the last minute in parentheses once there are any. */
export function progressText({ done, total, rate, hits, indexed, lastMinute, regions = [] }: RunSummary): string {
  const all = total === undefined ? '' : ` of ${total}`;
  const left = total === undefined || rate === 0 ? '' : `, ${clock((total - done) / rate)} left`;
  const ofMinute = (name: 'hits' | 'indexed', unit = ''): string =>
    lastMinute ? ` (${unit}${percent(lastMinute[name])})` : '';
  const share = (n: number): string => percent(n / Math.max(1, done));
  const means = regions.map(({ name, mean }) => `, ${name} ${mean === undefined ? '–' : Number(mean.toPrecision(4))}`);
  return (
    `${done}${all} frames, ${(lastMinute ?? { rate }).rate.toFixed(1)}/s, hits ${share(hits)}` +
    `${ofMinute('hits', '1 min: ')}, indexed ${share(indexed)}${ofMinute('indexed')}${means.join('')}${left}`
  );
}
