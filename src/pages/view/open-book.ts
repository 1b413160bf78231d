/** Opens a stream with its frames, and a run in progress. */

import { type Context, type Detector, parseGeometry } from '../../entries/index.js';
import { ofDataset, openedArray, PeakMaps } from '../../entries/pages.js';
import { listedPeaks } from './listed.js';
import { datasetAt, isReceived, LiveBook, valuesAt } from './live-book.js';
import type { InputFile, LiveFacts, OpenRequest, ShownPeakMaps } from './protocol.js';
import { type OpenedSession, openSession, sessionOf } from './session.js';
import { showable } from './shown.js';
import { StreamBook } from './stream-book.js';

const textFile = (name: string, text: string | undefined): InputFile | undefined =>
  text === undefined || text.trim() === '' ? undefined : { name, blob: new Blob([text]) };

/** The size of the frames that a geometry describes; undefined without one. */
function sizeOf(geometry: string | undefined): { readonly width: number; readonly height: number } | undefined {
  if (geometry === undefined || geometry.trim() === '') return undefined;
  const { panels } = parseGeometry(geometry);
  const end = (of: 'maxFs' | 'maxSs'): number => panels.reduce((most, panel) => Math.max(most, panel[of] + 1), 0);
  return { width: end('maxFs'), height: end('maxSs') };
}

/** Opens a stream; geometry and cell are those of its head unless others are given. */
export async function openStream(
  stream: InputFile,
  { frames, geometry, cell }: OpenRequest,
  contextOf: () => Promise<Context>,
): Promise<OpenedSession> {
  const book = await StreamBook.open(stream, frames);
  const { index } = book;
  const { session, opened } = await openSession(
    {
      frames: [book.fileOf(0)],
      geometry: geometry ?? textFile(`the geometry of ${stream.name}`, index.geometry),
      cell: cell ?? textFile(`the cell of ${stream.name}`, index.cell),
    },
    contextOf,
  );
  const doubts = book.doubts();
  const own = doubts.length > 0 ? sizeOf(index.geometry) : undefined;
  const { width, height } = opened;
  if (own && (own.width !== width || own.height !== height))
    throw new Error(
      `${stream.name} is of frames of ${own.width} × ${own.height} pixels of ${index.chunks[0]?.filename}, and those of ` +
        `${book.fileOf(0).name} are ${width} × ${height}: open the stream with the files that it names.`,
    );
  book.openAs(session.given);
  const listed = book.summaries();
  return {
    session: { ...session, book },
    opened: {
      ...opened,
      name: stream.name,
      format: `stream, ${opened.format}`,
      frames: listed.length,
      navigation: [],
      listed,
      doubts: [...(opened.doubts ?? []), ...doubts],
    },
  };
}

/** Opens a run in progress, using its newest frame to describe the frames; undefined if it has none yet. */
export async function openLive(
  { name, geometry, dataset: named, cells, peaks, searches }: LiveFacts,
  client: string,
  contextOf: () => Promise<Context>,
): Promise<OpenedSession | undefined> {
  const stated = geometry === '' ? undefined : parseGeometry(geometry, `the geometry of ${name}`);
  const of = { geometry: stated, dataset: named };
  const book = new LiveBook(of);
  const place = await book.newest(client, 'all', -1);
  if (!place) return undefined;
  const dataset = await datasetAt(place, of);
  const given = stated && ofDataset(stated, named && openedArray(dataset));
  const input = { name, given, cells, openOther: valuesAt(place, dataset) };
  const { session, opened } = await sessionOf(dataset, input, contextOf);
  session.tuned = { peaks: peaks ?? {} };
  // By the time the page asks for its first frame, the server may have discarded it.
  if (isReceived(place)) session.latest = [{ frame: place.index, data: showable(await dataset.read(0, 1)) }];
  // Frames that no run has searched: the parameters are tuned from those of the newest file.
  const last = Math.min(place.event ?? 0, dataset.frames - 1);
  if (!searches) session.tuning = { last, openOther: input.openOther };
  return {
    session: { ...session, book },
    opened: {
      ...opened,
      frames: place.index + 1,
      // The format in which the server passes them on says nothing of their source.
      format: isReceived(place) ? 'received frames' : opened.format,
      navigation: [],
      listed: [],
      first: place.index,
      unsearched: !searches,
    },
  };
}

/** Counts the peaks of all frames of a stream. */
export async function peakMapsOf(book: StreamBook, detector: Detector): Promise<ShownPeakMaps> {
  const maps = new PeakMaps(detector.width, detector.height);
  for (let frame = 0; frame < book.index.chunks.length; frame++) {
    const chunk = await book.chunk(frame);
    const inverseNm = chunk?.peaks?.map(({ inverseD }) => inverseD) ?? [];
    if (chunk) maps.add(listedPeaks(frame, chunk, detector), (i) => (inverseNm[i] as number) / 10);
  }
  const { width, step, frames, powder, peakogram } = maps;
  return { width, step, frames, powder, peakogram };
}
