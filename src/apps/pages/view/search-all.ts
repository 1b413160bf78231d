/** Searches all frames of the open files, with the cell that was given or that explains them. */
import { counted } from '../../../entries/pages.js';
import type { Engine } from './calls.js';
import type { FinderParameters, FrameSummary, Opened, OpenRequest } from './protocol.js';
import { poolSize, WorkerPool } from './worker-pool.js';

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
  const start = performance.now();
  const size = html ? 1 : poolSize(frames, viewer.workers);
  viewer.onMessage(size > 1 ? `Searching all frames with ${size} workers…` : 'Searching all frames…', false);
  let stopped = false;
  stopBy(() => {
    stopped = true;
    void engine.call('stop').catch(viewer.fail);
  });
  const settings = await engine.call('settings', parameters);
  const found = await engine.call('cellOfRun', settings).catch((error: unknown) => {
    if (stopped) return undefined;
    throw error;
  });
  // Other files may have been opened in the meantime.
  if (found && viewer.opened === opened)
    viewer.opened = { ...opened, cell: found.cellParameters, centring: found.cells[0]?.centring };
  if (!found || stopped) return { words: 'Stopped before the first frame was searched.', wrong: false };
  const { cells, remark } = found;
  let result: Pick<WholeResult, 'stream' | 'html'>;
  if (size > 1) {
    const pool = new WorkerPool(size, engine.start, viewer.listFrame);
    stopBy(() => {
      stopped = true;
      pool.stop();
    });
    result = { stream: await pool.run({ request, settings, cells, frames }) };
  } else {
    const whole = { settings, cells, first: 0, count: frames, html };
    const { stopped: isPart, ...written } = await engine.call('run', whole, viewer.listFrame);
    stopped = isPart;
    result = written;
  }
  const seen = viewer.summaries.filter((summary) => summary !== undefined);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const failed = seen.filter(({ error }) => error !== undefined);
  const how = remark === '' ? '' : `; ${remark}`;
  const why = failed.length > 0 ? `; ${failed.length} could not be searched: ${failed[0]?.error}` : '';
  const searched = `${stopped ? 'Stopped after' : 'Searched'} ${counted(seen.length, 'frame')}`;
  const words = `${searched} in ${seconds} s${how}${why}`;
  return { ...result, words, wrong: failed.length > 0 };
}
