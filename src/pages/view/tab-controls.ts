/** The tabs about all frames; their code is loaded with the first frame that has been searched. */
import { viewer } from './app.js';
import { lazily } from './lazily.js';

const charts = lazily(
  () => import('./run-chart-controls.js'),
  ({ bindRunCharts }) => bindRunCharts(),
);
let isExpected = false;

/** Draws the tab that is shown; `expected`: also before a frame has been searched, because a run is in progress. */
export function writeRunCharts(expected: boolean): void {
  isExpected ||= expected || viewer.summaries.some(Boolean);
  if (isExpected) void charts()?.writeRunCharts().catch(viewer.fail);
}
