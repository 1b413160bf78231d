/** The tabs about all frames; their code is loaded with the first frame that has been searched. */
import { viewer } from './app.js';

let charts: Promise<typeof import('./run-chart-controls.js')> | undefined;

/** Draws the tab that is shown; `expected`: also before a frame has been searched, because a run is in progress. */
export async function writeRunCharts(expected: boolean): Promise<void> {
  if (!charts && !expected && !viewer.summaries.some(Boolean)) return;
  charts ??= import('./run-chart-controls.js').then((controls) => {
    controls.bindRunCharts();
    return controls;
  });
  try {
    await (await charts).writeRunCharts();
  } catch (error) {
    // The server of the page may have ended before the code was loaded.
    charts = undefined;
    viewer.fail(error);
  }
}
