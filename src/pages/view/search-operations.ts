/** The operations that search frames for peaks and crystals. */
import { readCell, type SearchSettings } from '../../entries/index.js';
import type { PipelineOptions } from '../../entries/pages.js';
import { beamOfFrame, everyFrame } from './beam-of-frame.js';
import { errorWords } from './error-words.js';
import { frameOfEvent } from './frame-index.js';
import { LiveBook } from './live-book.js';
import type {
  FinderParameters,
  FrameSummary,
  InputFile,
  OfFrame,
  RunRequest,
  RunResult,
  RunStart,
  ShownCell,
  ShownPeaks,
  StageName,
} from './protocol.js';
import { cellParameters, RunWords } from './run-events.js';
import { fileText, type Session } from './session.js';
import { shownCrystal, shownPeaks, summaryOf } from './shown.js';
import { stagePicture } from './stages.js';
import { StreamBook } from './stream-book.js';
import { detectorOf, type Workspace } from './workspace.js';

/** Number of frames from which the parameters are tuned. */
const tunedFrames = 4;
/** Initial values of the sliders if the parameters cannot be tuned. */
const usualParameters: FinderParameters = { threshold: 0, minSnr: 5, localBgRadius: 3 };
/** The parameters that were tuned, of which none is undefined. */
const tunedParameters = ({ tuned }: Pick<Session, 'tuned'>): FinderParameters => ({
  ...usualParameters,
  ...(tuned.peaks as Partial<FinderParameters>),
});

/** The tuned parameters, overridden by those of the page. */
const settingsWith = ({ tuned }: Session, parameters: FinderParameters): SearchSettings => ({
  ...tuned,
  peaks: { ...tuned.peaks, ...parameters },
});

/** A frame, and how it is searched. */
export interface FrameSearch extends OfFrame {
  readonly parameters: FinderParameters;
}

/** Searches one frame at a time, with the parameters of the page. */
export function searchOperations(work: Workspace) {
  return {
    /** Tunes the parameters from the first frames. */
    async tune(): Promise<FinderParameters> {
      const of = work.current;
      const { dataset, detector } = of;
      if (!detector) return usualParameters;
      // For a run in progress, the parameters are those of the run.
      if (of.book instanceof LiveBook && !of.tuning) return tunedParameters(of);
      const end = (of.tuning?.last ?? tunedFrames - 1) + 1;
      const count = Math.min(tunedFrames, end, dataset.frames);
      const frames = Array.from({ length: count }, (_, i) => Math.min(end, dataset.frames) - count + i);
      const items = (await work.context()).pipeline({
        inputs: [{ dataset, frames }],
        geometry: detector.geometry,
        cells: [],
        ...(of.tuning?.openOther ? { openOther: of.tuning.openOther } : {}),
        onEvent: (event) => {
          if (event.kind !== 'tuned') return;
          of.tuned = { peaks: event.peaks, ...(event.intRadius === undefined ? {} : { intRadius: event.intRadius }) };
        },
      });
      for await (const _first of items) break;
      const { threshold, minSnr, localBgRadius } = tunedParameters(of);
      return { threshold, minSnr, localBgRadius };
    },

    async peaks({ frame, parameters }: FrameSearch): Promise<ShownPeaks> {
      const of = work.current;
      const searcher = await work.searcher(of);
      const data = await work.frame(of, frame);
      const start = performance.now();
      const list = await searcher.peaks(data, settingsWith(of, parameters));
      return shownPeaks(frame, list, performance.now() - start);
    },

    /** A stage of the peak search as a picture. */
    async stage({ frame, parameters, stage }: FrameSearch & { stage: StageName }) {
      const of = work.current;
      const searcher = await work.searcher(of);
      const data = await work.frame(of, frame);
      return { data: stagePicture(stage, data, await searcher.stages(data, settingsWith(of, parameters))) };
    },

    async index({ frame, parameters }: FrameSearch) {
      const of = work.current;
      const searcher = await work.searcher(of);
      const data = await work.frame(of, frame);
      const start = performance.now();
      const beam = await beamOfFrame(of, frame);
      const result = await searcher.search(data, { ...settingsWith(of, parameters), cells: of.cells, beam });
      of.indexed = { frame, crystals: result.crystals };
      return {
        peaks: shownPeaks(frame, result.peaks, result.ms.peaks),
        crystals: result.crystals.map((crystal) => shownCrystal(crystal, searcher.detector)),
        ms: performance.now() - start,
      };
    },

    /** The parameters of a search: the tuned ones, overridden by those of the page. */
    async settings(parameters: FinderParameters): Promise<SearchSettings> {
      return settingsWith(work.current, parameters);
    },
  };
}

/** Some frames of a file, and how they are searched. */
type SomeFrames = Pick<RunRequest, 'settings' | 'first' | 'count'> &
  Partial<Pick<PipelineOptions, 'prepared' | 'output' | 'html'>>;

/** Searches blocks of frames. */
export function runOperations(work: Workspace) {
  let stopping = false;
  /** The files that were searched last. */
  let searched: Session | undefined;
  /** Ends what is determined before the first frame is searched. */
  let determining = new AbortController();

  /** The run over some frames, with its words. */
  const begun = async (of: Session, { settings, first, count, ...outputs }: SomeFrames) => {
    const { dataset, slice } = of.whole ?? { dataset: of.dataset, slice: everyFrame };
    if (of.book) throw new Error('These frames have their results; open their file to search it anew.');
    const { geometry } = detectorOf(of);
    const words = new RunWords();
    searched = of;
    stopping = false;
    determining = new AbortController();
    const frames = Array.from({ length: count }, (_, i) => slice.first + (first + i) * slice.step);
    const items = (await work.context()).pipeline({
      inputs: [{ dataset, filename: of.name, frames }],
      geometry,
      // One that was determined is determined again: the parameters of the search may have changed.
      ...(of.cells.length > 0 && !of.determined && { cells: of.cells }),
      serialStart: first + 1,
      onEvent: words.onEvent,
      signal: determining.signal,
      ...outputs,
      ...(settings as Pick<SearchSettings, 'intRadius'> & { peaks: FinderParameters }),
    });
    return { items, words, numberOf: (event = 0): number => (event - slice.first) / slice.step };
  };
  /** Keeps the cell that a run has determined. */
  const keepCell = (of: Session, start: RunStart | undefined): void => {
    if (!start || (of.cells.length > 0 && !of.determined)) return;
    of.cells = start.prepared.cells;
    of.determined = true;
  };

  return {
    /** Determines on the first frames what `ewald index` does; undefined if it was stopped. */
    async startOfRun(settings: SearchSettings): Promise<RunStart | undefined> {
      const of = work.current;
      const { items, words } = await begun(of, { settings, first: 0, count: of.dataset.frames });
      try {
        for await (const _first of items) break;
      } catch (error) {
        if (!stopping) throw error;
      }
      keepCell(of, words.start);
      return words.start;
    },

    /** Searches frames; each is reported. */
    async run(
      { settings, prepared, first, count, html }: RunRequest,
      report: (summary: FrameSummary) => void,
    ): Promise<RunResult> {
      const of = work.current;
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      const pages: Uint8Array<ArrayBuffer>[] = [];
      const { items, words, numberOf } = await begun(of, {
        ...{ settings, first, count, prepared },
        output: (piece) => void pieces.push(piece.slice()),
        ...(html ? { html: (piece: Uint8Array) => void pages.push(piece.slice()) } : {}),
      });
      try {
        for await (const { origin, result, error } of items) {
          report(summaryOf(numberOf(origin.event), result, error && errorWords(error)));
          if (stopping) break;
        }
      } catch (error) {
        if (!stopping) throw error;
      }
      keepCell(of, words.start);
      return {
        stream: new Blob(pieces, { type: 'text/plain' }),
        html: html ? new Blob(pages, { type: 'text/html' }) : undefined,
        stopped: stopping,
        start: words.start,
        doubts: words.doubts,
      };
    },

    /** Indexes with this cell from now on; undefined: with none until it is determined. Throws for other texts. */
    async cell(file: InputFile | undefined): Promise<ShownCell> {
      const of = work.current;
      const known = file && readCell(await fileText(file), file.name);
      of.cells = known ? [known] : [];
      of.determined = false;
      return { cell: known && cellParameters(known), centring: known?.centring };
    },

    /** Keeps the results of the last search with its files: they are shown with each frame, their peaks are counted. */
    async keep(stream: Blob): Promise<void> {
      // Other files may be open by now.
      const of = searched ?? work.current;
      const book = await StreamBook.open({ name: 'the search', blob: stream }, []);
      const { dataset, slice } = of.whole ?? { dataset: of.dataset, slice: everyFrame };
      const numberOf = (event: string | undefined): number =>
        (frameOfEvent(event, dataset.events) - slice.first) / slice.step;
      of.found = {
        book,
        chunks: new Map(book.index.chunks.map(({ event }, place) => [numberOf(event), place])),
      };
    },

    /** Ends a run after the current frame. */
    async stop(): Promise<void> {
      stopping = true;
      determining.abort();
    },
  };
}
