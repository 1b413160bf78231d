/** Lanes of numbers that a run reads of its frames: background, ice, regions; data sets in two colours. */
import type { RunSeries, ShownAlarm } from '../../entries/pages.js';

type Points = readonly (readonly [at: number, value: number])[];

/** A lane of numbers over time. */
export interface NumberLane {
  readonly name: string;
  readonly of: string;
  readonly lines: readonly { readonly dataset: string; readonly points: Points }[];
  readonly top: number;
  /** The latest value. */
  readonly now: number;
  readonly isShare: boolean;
  readonly alarm: ShownAlarm | undefined;
}

/** Names that have lanes of their own. */
const others = ['lag', 'merit'];
/** Readings farther apart are not joined, ms. */
export const longestGapMs = 20_000;

/** The lanes of the readings, from a time on. */
export function numberLanes(
  readings: RunSeries['history']['readings'],
  alarms: readonly ShownAlarm[],
  from: number,
): NumberLane[] {
  const lanes = new Map<string, { dataset: string; points: Points }[]>();
  for (const [key, points] of Object.entries(readings)) {
    const [name = '', dataset = ''] = key.split(' | ');
    if (others.includes(name)) continue;
    lanes.set(name, [...(lanes.get(name) ?? []), { dataset, points }]);
  }
  return [...lanes].map(([name, lines]) => {
    lines.sort((a, b) => compareDatasets(a.dataset, b.dataset));
    const seen = lines.flatMap(({ points }) => points.filter(([at]) => at >= from).map(([, value]) => value));
    const alarm = alarms.find(({ value }) => value === name);
    const isShare = name === 'ice';
    const [label = '', of = ''] = name.startsWith('roi:')
      ? name.slice(4).split('.')
      : [wordOf[name] ?? name, unitOf[name]];
    const most = seen.reduce((a, b) => Math.max(a, b), Math.max(1e-9, alarm?.level ?? 0));
    return {
      name: label,
      of,
      lines,
      top: isShare ? 1 : most,
      now: lines[0]?.points.at(-1)?.[1] ?? Number.NaN,
      isShare,
      alarm,
    };
  });
}

/** The pumped state comes first: `1` or `on`, or above a level. */
export const compareDatasets = (a: string, b: string): number =>
  Number(/_not_|^off$/.test(a)) - Number(/_not_|^off$/.test(b)) || b.localeCompare(a);

const wordOf: Readonly<Record<string, string>> = { background: 'Bkg', ice: 'Ice' };
const unitOf: Readonly<Record<string, string>> = { background: 'counts', ice: 'of frames' };

/** Means of points in columns of an axis, and the last point before it, from which its first line comes. */
export function pointsIn(points: Points, from: number, to: number, columns: number): Points {
  const inside = points.filter(([at]) => at >= from && at <= to);
  const before = points.findLast(([at]) => at < from);
  const found: Points[number][] = before ? [before] : [];
  if (inside.length <= columns) return [...found, ...inside];
  let [column, at, sum, count] = [-1, 0, 0, 0];
  const end = (): void => {
    if (count > 0) found.push([at / count, sum / count]);
    [at, sum, count] = [0, 0, 0];
  };
  for (const [when, value] of inside) {
    const here = Math.floor((columns * (when - from)) / (to - from));
    if (here !== column) end();
    column = here;
    at += when;
    sum += value;
    count++;
  }
  end();
  return found;
}
