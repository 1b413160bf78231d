/** The operations of the worker, implemented with the public interface of ewald only. */
import {
  type Context,
  createContext,
  type Detector,
  type FrameSearcher,
  type KnownCell,
  type SearchSettings,
} from '../../../entries/index.js';
import { cellParameters, determinedCell } from './cell-of-run.js';
import type { FrameData } from './contrast.js';
import { arcOn, placedPanels } from './detector-plane.js';
import { errorWords } from './error-words.js';
import { crystalAxes, listedCrystal, listedPeaks } from './listed.js';
import { LiveBook } from './live-book.js';
import { openLive, openStream, peakMapsOf } from './open-book.js';
import type { FinderParameters, FrameSummary, Opened, Operations } from './protocol.js';
import { scanOperations } from './scan-operations.js';
import { type OpenedSession, openSession, type Session } from './session.js';
import { showable, shownCrystal, shownPeaks, summaryOf } from './shown.js';
import { stackOf } from './stack.js';
import { stagePicture } from './stages.js';
import { StreamBook } from './stream-book.js';

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

/** The settings that a run with these cells uses: nothing is integrated without a crystal. */
function settingsOfRun(settings: SearchSettings, cells: readonly KnownCell[]): SearchSettings {
  if (cells.length > 0) return settings;
  const { intRadius: _, ...ofPeaks } = settings;
  return ofPeaks;
}

/**
 * The operations; `report` is called for every frame of a run, `loading` with the fraction of a scan that has been
 * read.
 */
export function operations(
  report: (summary: FrameSummary) => void,
  loading: (share: number) => void = () => undefined,
): Operations {
  let context: Promise<Context> | undefined;
  let session: Session | undefined;
  let stopping = false;
  /** Ends the determination of a cell. */
  let determining = new AbortController();

  const current = (): Session => {
    if (!session) throw new Error('No file is open.');
    return session;
  };
  const detectorOf = ({ detector }: Session): Detector => {
    if (!detector) throw new Error('The detector is unknown: drop a .geom file beside the frames.');
    return detector;
  };
  // Frames are searched one at a time: WebAssembly responds at once, whereas WebGPU would compile its shaders first.
  const contextOf = (): Promise<Context> => {
    context ??= createContext({ backend: 'wasm' });
    return context;
  };
  const searcherOf = (of: Session): Promise<FrameSearcher> => {
    const detector = detectorOf(of);
    of.searcher ??= contextOf().then((opened) => opened.frameSearcher({ detector, cells: of.cells }));
    return of.searcher;
  };
  const frameOf = async (of: Session, frame: number): Promise<FrameData> => {
    if (of.latest?.frame === frame) return of.latest.data;
    const data = of.book ? await of.book.read(frame) : showable(await of.dataset.read(frame, 1));
    of.latest = { frame, data };
    return data;
  };

  /** Shows another file, and closes the previous one. */
  const begin = async ({ session: next, opened }: OpenedSession): Promise<Opened> => {
    const before = session;
    session = next;
    before?.closing.abort();
    await (await before?.searcher)?.dispose();
    await before?.book?.dispose();
    await before?.dataset.dispose();
    return opened;
  };

  return {
    ...scanOperations(current, loading),

    async open(request) {
      return begin(
        await (request.stream ? openStream(request.stream, request, contextOf) : openSession(request, contextOf)),
      );
    },

    async openLive({ facts, client }) {
      const next = await openLive(facts, client, contextOf);
      return next && begin(next);
    },

    async newest({ client, only, after }) {
      const { book } = current();
      if (!(book instanceof LiveBook)) return undefined;
      const place = await book.newest(client, only, after);
      return place && { index: place.index, ageMs: place.ageMs ?? 0 };
    },

    async grown(from) {
      const { book } = current();
      if (!(book instanceof StreamBook)) return [];
      await book.grow();
      return book.summaries(from);
    },

    async addFiles(files) {
      const { book } = current();
      if (book instanceof StreamBook) book.addFiles(files);
    },

    async peakMaps() {
      const { book, detector } = current();
      return book instanceof StreamBook && detector ? peakMapsOf(book, detector) : undefined;
    },

    async frame(frame) {
      const of = current();
      const data = (await frameOf(of, frame)).slice();
      const chunk = await of.book?.chunk(frame);
      if (!chunk) return { data };
      of.indexed = { frame, crystals: chunk.crystals.map(({ reciprocal }) => ({ cell: crystalAxes(reciprocal) })) };
      return {
        data,
        peaks: listedPeaks(frame, chunk, of.detector),
        crystals: chunk.crystals.map((crystal) => listedCrystal(crystal, of.detector)),
      };
    },

    async stack({ first, count, kind }) {
      const { dataset, book } = current();
      if (book) throw new Error('Frames of a stream or of a run are not stacked; open their file for that.');
      return { data: await stackOf(dataset, first, count, kind) };
    },

    async tune() {
      const of = current();
      const { dataset, detector } = of;
      if (!detector) return usualParameters;
      // For a run in progress, the parameters are those of the run.
      if (of.book instanceof LiveBook && !of.tuning) return tunedParameters(of);
      const end = (of.tuning?.last ?? tunedFrames - 1) + 1;
      const count = Math.min(tunedFrames, end, dataset.frames);
      const frames = Array.from({ length: count }, (_, i) => Math.min(end, dataset.frames) - count + i);
      const items = (await contextOf()).pipeline({
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

    async peaks({ frame, parameters }) {
      const of = current();
      const searcher = await searcherOf(of);
      const data = await frameOf(of, frame);
      const start = performance.now();
      const list = await searcher.peaks(data, settingsWith(of, parameters));
      return shownPeaks(frame, list, performance.now() - start);
    },

    async stage({ frame, parameters, stage }) {
      const of = current();
      const searcher = await searcherOf(of);
      const data = await frameOf(of, frame);
      return { data: stagePicture(stage, data, await searcher.stages(data, settingsWith(of, parameters))) };
    },

    async index({ frame, parameters }) {
      const of = current();
      const searcher = await searcherOf(of);
      const data = await frameOf(of, frame);
      const start = performance.now();
      const result = await searcher.search(data, { ...settingsWith(of, parameters), cells: of.cells });
      of.indexed = { frame, crystals: result.crystals };
      return {
        peaks: shownPeaks(frame, result.peaks, result.ms.peaks),
        crystals: result.crystals.map((crystal) => shownCrystal(crystal, searcher.detector)),
        ms: performance.now() - start,
      };
    },

    async settings(parameters) {
      return settingsWith(current(), parameters);
    },

    async cellOfRun(settings) {
      const of = current();
      const [known] = of.cells;
      // One that was determined is determined again: the parameters of the search may have changed.
      if (known && !of.determined) return { cells: of.cells, cell: cellParameters(known), remark: '' };
      determining = new AbortController();
      const found = await determinedCell(await contextOf(), of, settings, determining.signal);
      of.cells = found.cells;
      of.determined = true;
      return found;
    },

    async run({ settings, cells, first, count, html }) {
      const of = current();
      const { dataset } = of;
      if (of.book) throw new Error('These frames have their results; open their file to search it anew.');
      const { geometry } = detectorOf(of);
      stopping = false;
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      const pages: Uint8Array<ArrayBuffer>[] = [];
      const items = (await contextOf()).pipeline({
        inputs: [{ dataset, filename: of.name, frames: Array.from({ length: count }, (_, i) => first + i) }],
        geometry,
        cells,
        serialStart: first + 1,
        output: (piece) => void pieces.push(piece.slice()),
        ...(html ? { html: (piece: Uint8Array) => void pages.push(piece.slice()) } : {}),
        ...(settingsOfRun(settings, cells) as Pick<SearchSettings, 'intRadius'> & { peaks: FinderParameters }),
      });
      for await (const { origin, result, error } of items) {
        report(summaryOf(origin.event ?? 0, result, error && errorWords(error)));
        if (stopping) break;
      }
      return {
        stream: new Blob(pieces, { type: 'text/plain' }),
        html: html ? new Blob(pages, { type: 'text/html' }) : undefined,
        stopped: stopping,
      };
    },

    async stop() {
      stopping = true;
      determining.abort();
    },

    async pixel({ fs, ss, frame }) {
      const { detector, indexed } = current();
      const q = detector?.reciprocalOf(fs, ss);
      if (!q) return { resolutionA: undefined, hkl: undefined };
      const [crystal] = indexed?.frame === frame ? indexed.crystals : [];
      const along = (axis: readonly [number, number, number]): number =>
        axis[0] * q[0] + axis[1] * q[1] + axis[2] * q[2];
      const hkl = crystal && ([along(crystal.cell[0]), along(crystal.cell[1]), along(crystal.cell[2])] as const);
      return { resolutionA: 1 / Math.hypot(...q), hkl };
    },

    async rings({ resolutionsA }) {
      const { detector } = current();
      if (!detector) return [];
      const panels = placedPanels(detector.geometry);
      return resolutionsA.map((resolutionA) => ({
        resolutionA,
        arcs: detector.ring(resolutionA).flatMap((arc) => arcOn(panels[arc.panel], arc)),
      }));
    },
  };
}
