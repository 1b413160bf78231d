/** The operations of the worker, implemented with the public interface of ewald only. */
import { type Stacked, stackOf } from '../../entries/pages.js';
import { beamOfFrame } from './beam-of-frame.js';
import { crystalAxes, listedCrystal, listedPeaks } from './listed.js';
import { LiveBook, NotKept } from './live-book.js';
import { openLive, openStream, peakMapsOf } from './open-book.js';
import type { FrameSummary, InputFile, LiveFacts, OfFrame, Opened, OpenRequest, PixelReading } from './protocol.js';
import { regionOperations } from './region-operations.js';
import { scanOperations } from './scan-operations.js';
import { runOperations, searchOperations } from './search-operations.js';
import { openSession } from './session.js';
import { StreamBook } from './stream-book.js';
import { toolOperations } from './tool-operations.js';
import { Workspace } from './workspace.js';

/** The operations; each takes one argument and returns a promise, and may report progress. */
export function operations() {
  const work = new Workspace();
  return {
    ...fileOperations(work),
    ...frameOperations(work),
    ...toolOperations(work),
    ...regionOperations(work),
    ...searchOperations(work),
    ...runOperations(work),
    ...scanOperations(work),
  };
}

type Operations = ReturnType<typeof operations>;

/** The calls of the worker: its operations. */
export type OperationCalls = {
  readonly [N in keyof Operations]: {
    readonly options: Parameters<Operations[N]>[0];
    readonly value: Awaited<ReturnType<Operations[N]>>;
    readonly progress: Required<Parameters<Operations[N]>> extends [unknown, (progress: infer P) => void]
      ? P
      : undefined;
  };
};

/** Opens files, streams and runs in progress, and follows those that grow. */
function fileOperations(work: Workspace) {
  const context = () => work.context();
  return {
    async open(request: OpenRequest): Promise<Opened> {
      return work.begin(
        await (request.stream ? openStream(request.stream, request, context) : openSession(request, context)),
      );
    },

    /** Opens a run in progress at its newest frame; undefined if it has none yet. */
    async openLive({ facts, client }: { facts: LiveFacts; client: string }): Promise<Opened | undefined> {
      const next = await openLive(facts, client, context).catch((error: unknown) => {
        // The page asks again for a newer frame.
        if (error instanceof NotKept) return undefined;
        throw error;
      });
      return next && work.begin(next);
    },

    /** The newest frame of a kind after another frame: its number, and its age when the server answered. */
    async newest({ client, only, after }: { client: string; only: string; after: number }) {
      const { book } = work.current;
      if (!(book instanceof LiveBook)) return undefined;
      // A frame that the server discards before its pixels are read is followed by a newer one.
      for (let last = after; ; ) {
        const place = await book.newest(client, only, last);
        if (!place) return undefined;
        try {
          await work.frame(work.current, place.index);
          return { index: place.index, ageMs: place.ageMs ?? 0 };
        } catch (error) {
          if (!(error instanceof NotKept)) throw error;
          last = place.index;
        }
      }
    },

    /** The number of the frame of an event, such as `//25` or the event of a stream; undefined for an unknown one. */
    async named(event: string): Promise<number | undefined> {
      const { book } = work.current;
      if (book instanceof StreamBook) return book.named(event);
      const [, number] = /^\/\/(\d+)$/.exec(event) ?? [];
      return number === undefined ? undefined : Number(number);
    },

    /** The frames that a stream has gained. */
    async grown(from: number): Promise<FrameSummary[]> {
      const { book } = work.current;
      if (!(book instanceof StreamBook)) return [];
      await book.grow();
      return book.summaries(from);
    },

    /** Adds files of frames that a stream names. */
    async addFiles(files: readonly InputFile[]): Promise<void> {
      const { book } = work.current;
      if (book instanceof StreamBook) book.addFiles(files);
    },

    /** Counts of all peaks of a stream, or of a search that was kept, by position and by intensity. */
    async peakMaps() {
      const { book, found, detector } = work.current;
      const counted = book instanceof StreamBook ? book : found?.book;
      return counted && detector ? peakMapsOf(counted, detector) : undefined;
    },
  };
}

/** Shows frames: their pixels and known results, combined frames, and what lies where. */
function frameOperations(work: Workspace) {
  return {
    /** A frame in a type that textures support, with the results that are known without a search. */
    async frame(frame: number) {
      const of = work.current;
      const data = (await work.frame(of, frame)).slice();
      const place = of.found?.chunks.get(frame);
      const chunk = await (of.book
        ? of.book.chunk(frame)
        : place === undefined
          ? undefined
          : of.found?.book.chunk(place));
      if (!chunk) return { data };
      of.indexed = { frame, crystals: chunk.crystals.map(({ reciprocal }) => ({ cell: crystalAxes(reciprocal) })) };
      return {
        data,
        peaks: listedPeaks(frame, chunk, of.detector),
        crystals: chunk.crystals.map((crystal) => listedCrystal(crystal, of.detector)),
      };
    },

    /** Frames `first` … `first + count − 1` combined into one. */
    async stack(stacked: Stacked) {
      const { dataset, book, compute } = work.current;
      if (book) throw new Error('Frames of a stream or of a run are not stacked; open their file for that.');
      if (!(compute?.kind === 'frames' && compute.where === 'there'))
        return { data: await stackOf(dataset, stacked), by: '' };
      const { ScanThere } = await import('./scan-there.js');
      const data = await new ScanThere(work.current, compute.at).stack(stacked);
      return { data, by: `, computed on ${compute.host}` };
    },

    /** What a place of a frame measures; `at` is the number of its pixel, for the value. */
    async pixel({ fs, ss, frame, at = -1 }: OfFrame & { fs: number; ss: number; at?: number }): Promise<PixelReading> {
      const { detector, indexed, latest } = work.current;
      const exact = latest.find((one) => one.frame === frame)?.exact?.[at];
      const value = typeof exact === 'bigint' || Number.isInteger(exact) ? String(exact) : undefined;
      const beam = detector && (await beamOfFrame(work.current, frame).catch(() => undefined));
      const q = beam && detector.reciprocalOf(fs, ss, beam);
      if (!q) return { value, resolutionA: undefined, hkl: undefined };
      const [crystal] = indexed?.frame === frame ? indexed.crystals : [];
      const along = (axis: readonly [number, number, number]): number =>
        axis[0] * q[0] + axis[1] * q[1] + axis[2] * q[2];
      const hkl = crystal && ([along(crystal.cell[0]), along(crystal.cell[1]), along(crystal.cell[2])] as const);
      return { value, resolutionA: 1 / Math.hypot(...q), hkl };
    },
  };
}
