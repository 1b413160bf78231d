/** Searches all frames of the open files, with the cell that was given or that explains them. */
import { counted } from '../../entries/pages.js';
import type { FrameSummary, Opened, OpenRequest, RunResult, RunStart } from './protocol.js';
import type { Viewer } from './viewer.js';
import { poolSize, WorkerPool } from './worker-pool.js';

/** Most doubts that the message repeats: each block of frames has its own. */
const maxDoubts = 2;

/** What is searched; a report, `html`, needs all frames in one worker, which takes longer. */
interface WholeSearch {
  readonly opened: Opened;
  readonly request: OpenRequest;
  readonly html: boolean;
  /** The list of the frames, which is another one once other files are open. */
  readonly listed: Viewer['summaries'];
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
  const listed: Viewer['summaries'] = new Array(opened.frames);
  viewer.summaries = listed;
  viewer.stream = undefined;
  viewer.html = undefined;
  viewer.onChange();
  try {
    await search(viewer, { opened, request, html, listed });
    // What was found in the frame that is shown appears at once.
    if (viewer.stream && !viewer.stackName) await viewer.go(viewer.frame);
  } catch (error) {
    if (viewer.summaries === listed) viewer.fail(error);
  }
  viewer.running = false;
  viewer.onChange();
}

async function search(viewer: Viewer, { opened, request, html, listed }: WholeSearch): Promise<void> {
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
  const isOpen = (): boolean => viewer.summaries === listed;
  /** Lists a frame; a search of files that are no longer open ends. */
  const list = (summary: FrameSummary): void => {
    if (isOpen()) viewer.listFrame(summary);
    else if (!stopped) viewer.stop();
  };
  const settings = await engine.call('settings', parameters);
  let start: RunStart | undefined;
  let result: (Pick<RunResult, 'stream' | 'doubts'> & Partial<RunResult>) | undefined;
  if (size > 1) start = await engine.call('startOfRun', settings);
  else {
    const whole = { settings, prepared: undefined, first: 0, count: frames, html };
    const runResult = await engine.call('run', whole, list);
    [start, stopped, result] = [runResult.start, runResult.stopped, runResult];
  }
  if (!isOpen()) return;
  if (!start || (stopped && !result)) {
    viewer.onMessage('Stopped before the first frame was searched.', false);
    return;
  }
  const { prepared, cellParameters: cell, remarks } = start;
  // Another cell may have been given in the meantime.
  const { opened: now = opened } = viewer;
  if (now.cell === opened.cell) viewer.opened = { ...now, cell, centring: prepared.cells[0]?.centring };
  if (!result) {
    const pool = new WorkerPool(size, engine.start, list);
    viewer.stop = () => {
      stopped = true;
      pool.stop();
    };
    result = await pool.run({ request, settings, prepared, frames });
  }
  const { stream, doubts } = result;
  if (stream.size > 0 && listed.some(Boolean)) await engine.call('keep', stream);
  if (!isOpen()) return;
  [viewer.stream, viewer.html] = [stream, result.html];
  const seen = listed.filter((summary) => summary !== undefined);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const failed = seen.filter(({ error }) => error !== undefined);
  const said = [...remarks, ...[...new Set(doubts)].slice(0, maxDoubts)].map((text) => `; ${text}`).join('');
  const why = failed.length > 0 ? `; ${failed.length} could not be searched: ${failed[0]?.error}` : '';
  const searched = `${stopped ? 'Stopped after' : 'Searched'} ${counted(seen.length, 'frame')}`;
  viewer.onMessage(`${searched} in ${seconds} s${said}${why}`, failed.length > 0 || doubts.length > 0);
}
