/** The chart of a run over time; its code is loaded with the first frames that it shows. */
import { lazily } from './lazily.js';

type Strip = typeof import('./strip-controls.js');
type Entry = Parameters<Strip['series']['add']>[0];

let loaded: Strip | undefined;
/** What arrived before the code. */
const early: Entry[] = [];

/** The chart, which is requested by the first call; undefined while it is loaded. */
export const strip = lazily(
  () => import('./strip-controls.js'),
  (code) => {
    for (const one of early.splice(0)) code.series.add(one);
    loaded = code;
  },
);

/** Takes frames of a run, or what has happened to it. */
export function addToStrip(entries: readonly Entry[]): void {
  const chart = strip();
  for (const entry of entries)
    if (chart) chart.series.add(entry);
    else early.push(entry);
}

/** Hides the controls of the chart, if there are any. */
export const hideStrip = (): void => loaded?.hideStrip();

/** Accessible to tests and in the browser's console. */
export const stripState = (): object | undefined => loaded?.stripState();
