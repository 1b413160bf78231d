/** The chart of a run over time; its code is loaded with the first frames that it shows. */
import { lazily } from './lazily.js';

type Strip = typeof import('./strip-controls.js');
type Frame = Parameters<Strip['series']['add']>[0];

let loaded: Strip | undefined;
/** Frames that arrived before the code. */
const early: Frame[] = [];

/** The chart, which is requested by the first call; undefined while it is loaded. */
export const strip = lazily(
  () => import('./strip-controls.js'),
  (code) => {
    for (const frame of early.splice(0)) code.series.add(frame);
    loaded = code;
  },
);

/** Counts a frame of a run. */
export function addToStrip(frame: Frame): void {
  const chart = strip();
  if (chart) chart.series.add(frame);
  else early.push(frame);
}

/** Hides the controls of the chart, if there are any. */
export const hideStrip = (): void => loaded?.hideStrip();

/** Accessible to tests and in the browser's console. */
export const stripState = (): object | undefined => loaded?.stripState();
