/** Searches all frames of the open files, with the cell that was given or that explains them. */
import { counted } from '../../../entries/pages.js';
import type { Engine } from './calls.js';
import type { FinderParameters, FrameSummary, Opened, OpenRequest, RunResult, RunStart } from './protocol.js';
import { poolSize, WorkerPool } from './worker-pool.js';

/** Most doubts that the message repeats: each block of frames has its own. */
const maxDoubts = 2;

/** What a search uses of the viewer, and shows by it. */
interface SearchingViewer {
  readonly engine: Engine;
  readonly parameters: FinderParameters;
  readonly workers: number;
  readonly summaries: readonly (FrameSummary | undefined)[];
  readonly onMessage: (text: string, wrong: boolean) => void;
  readonly listFrame: (summary: FrameSummary) => void;
  readonly fail: (error: unknown) => void;
  opened: Opened | undefined;
}

/** What is searched, and how. */
interface WholeSearch {
  readonly opened: Opened;
  readonly request: OpenRequest;
  /** A report needs all frames in one worker, which takes longer. */
  readonly html: boolean;
  /** Receives the function that ends the search. */
  readonly stopBy: (stop: () => void) => void;
}

/** What was found, and the message about it. */
interface WholeResult {
  readonly stream?: Blob | undefined;
  readonly html?: Blob | undefined;
  readonly words: string;
  readonly wrong: boolean;
}

/** Searches all frames; they are listed by the viewer as they are finished. */
export async function searchAll(
  viewer: SearchingViewer,
  { opened, request, html, stopBy }: WholeSearch,
): Promise<WholeResult> {
  const { engine, parameters } = viewer;
  const { frames } = opened;
  const began = performance.now();
  const size = html ? 1 : poolSize(frames, viewer.workers);
  viewer.onMessage(size > 1 ? `Searching all frames with ${size} workers…` : 'Searching all frames…', false);
  let stopped = false;
  stopBy(() => {
    stopped = true;
    void engine.call('stop').catch(viewer.fail);
  });
  const settings = await engine.call('settings', parameters);
  const showCell = ({ prepared, cellParameters: cell }: RunStart): void => {
    // Other files may have been opened in the meantime.
    if (viewer.opened === opened) viewer.opened = { ...opened, cell, centring: prepared.cells[0]?.centring };
  };
  let start: RunStart | undefined;
  let result: Pick<RunResult, 'stream' | 'doubts'> & Pick<WholeResult, 'html'>;
  if (size > 1) {
    start = await engine.call('startOfRun', settings);
    if (!start || stopped) return { words: 'Stopped before the first frame was searched.', wrong: false };
    showCell(start);
    const pool = new WorkerPool(size, engine.start, viewer.listFrame);
    stopBy(() => {
      stopped = true;
      pool.stop();
    });
    result = await pool.run({ request, settings, prepared: start.prepared, frames });
  } else {
    const whole = { settings, prepared: undefined, first: 0, count: frames, html };
    const { stopped: isPart, start: found, ...written } = await engine.call('run', whole, viewer.listFrame);
    if (!found) return { words: 'Stopped before the first frame was searched.', wrong: false };
    showCell(found);
    [stopped, start, result] = [isPart, found, written];
  }
  const seen = viewer.summaries.filter((summary) => summary !== undefined);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const failed = seen.filter(({ error }) => error !== undefined);
  const said = [...start.remarks, ...[...new Set(result.doubts)].slice(0, maxDoubts)]
    .map((text) => `; ${text}`)
    .join('');
  const why = failed.length > 0 ? `; ${failed.length} could not be searched: ${failed[0]?.error}` : '';
  const searched = `${stopped ? 'Stopped after' : 'Searched'} ${counted(seen.length, 'frame')}`;
  const words = `${searched} in ${seconds} s${said}${why}`;
  return { stream: result.stream, html: result.html, words, wrong: failed.length > 0 || result.doubts.length > 0 };
}
