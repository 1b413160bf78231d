/** Searches all frames of the open files, with the cell that was given or that explains them. */
import { counted } from '../../entries/pages.js';
import type { Opened, OpenRequest, RunResult, RunStart } from './protocol.js';
import type { Viewer } from './viewer.js';
import { poolSize, WorkerPool } from './worker-pool.js';

/** Most doubts that the message repeats: each block of frames has its own. */
const maxDoubts = 2;

/** What is searched; a report, `html`, needs all frames in one worker, which takes longer. */
interface WholeSearch {
  readonly opened: Opened;
  readonly request: OpenRequest;
  readonly html: boolean;
}

/** Searches all frames, which the viewer lists as they are finished. */
export async function searchAll(viewer: Viewer, { html = false } = {}): Promise<void> {
  const { opened, request } = viewer;
  if (!opened || viewer.running) return;
  if (!opened.panels) {
    viewer.onMessage(`No detector: ${opened.withoutDetector}`, true);
    return;
  }
  if (opened.listed || !request) {
    viewer.onMessage('These frames have their results; open their file to search it anew.', true);
    return;
  }
  viewer.running = true;
  viewer.summaries = new Array(opened.frames);
  viewer.stream = undefined;
  viewer.html = undefined;
  viewer.onChange();
  try {
    await search(viewer, { opened, request, html });
    // What was found in the frame that is shown appears at once.
    if (viewer.stream && !viewer.stackName) await viewer.go(viewer.frame);
  } catch (error) {
    viewer.fail(error);
  }
  viewer.running = false;
  viewer.onChange();
}

async function search(viewer: Viewer, { opened, request, html }: WholeSearch): Promise<void> {
  const { engine, parameters } = viewer;
  const { frames } = opened;
  const began = performance.now();
  const size = html ? 1 : poolSize(frames, viewer.workers);
  viewer.onMessage(size > 1 ? `Searching all frames with ${size} workers…` : 'Searching all frames…', false);
  let stopped = false;
  viewer.stop = () => {
    stopped = true;
    void engine.call('stop').catch(viewer.fail);
  };
  const settings = await engine.call('settings', parameters);
  let start: RunStart | undefined;
  let result: (Pick<RunResult, 'stream' | 'doubts'> & Partial<RunResult>) | undefined;
  if (size > 1) start = await engine.call('startOfRun', settings);
  else {
    const whole = { settings, prepared: undefined, first: 0, count: frames, html };
    const runResult = await engine.call('run', whole, viewer.listFrame);
    [start, stopped, result] = [runResult.start, runResult.stopped, runResult];
  }
  if (!start || (stopped && !result)) {
    viewer.onMessage('Stopped before the first frame was searched.', false);
    return;
  }
  const { prepared, cellParameters: cell, remarks } = start;
  // Other files may have been opened in the meantime.
  if (viewer.opened === opened) viewer.opened = { ...opened, cell, centring: prepared.cells[0]?.centring };
  if (!result) {
    const pool = new WorkerPool(size, engine.start, viewer.listFrame);
    viewer.stop = () => {
      stopped = true;
      pool.stop();
    };
    result = await pool.run({ request, settings, prepared, frames });
  }
  const { stream, doubts } = result;
  if (stream.size > 0 && viewer.summaries.some(Boolean)) await engine.call('keep', stream);
  [viewer.stream, viewer.html] = [stream, result.html];
  const seen = viewer.summaries.filter((summary) => summary !== undefined);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const failed = seen.filter(({ error }) => error !== undefined);
  const said = [...remarks, ...[...new Set(doubts)].slice(0, maxDoubts)].map((text) => `; ${text}`).join('');
  const why = failed.length > 0 ? `; ${failed.length} could not be searched: ${failed[0]?.error}` : '';
  const searched = `${stopped ? 'Stopped after' : 'Searched'} ${counted(seen.length, 'frame')}`;
  viewer.onMessage(`${searched} in ${seconds} s${said}${why}`, failed.length > 0 || doubts.length > 0);
}
