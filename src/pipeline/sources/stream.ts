/** Runs with a stream as input: its peaks are indexed again, without reading the frames. */

import { readCell } from '../../crystal/cell-file.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { type LatticeName, latticeName } from '../../crystal/lattice-name.js';
import { readStream } from '../../crystal/stream/read.js';
import type { StreamChunk, StreamPeak } from '../../crystal/stream/stream.js';
import { leastSpots } from '../../indexing/few/choice.js';
import { type Parameters, refuseOthers } from '../../options/parameters.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { abortable, abortableItems } from '../../util/aborted.js';
import { counted } from '../../util/amounts.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { checkSignal } from '../../util/options.js';
import { displacedFewText, multipleTexts, tinyCellText } from '../doubt.js';
import { planIndexer } from '../frame-searcher.js';
import { type ImageIndexer, singly } from '../image-indexers.js';
import { givenCells, givenGeometry } from '../inputs/given.js';
import type { FileInput, RunPlace } from '../inputs/place.js';
import { nameOfInput } from '../inputs/place-inputs.js';
import { inOptions, modeOf, stagesInOptions } from '../modes.js';
import type { PipelineItem } from '../one-frame.js';
import { gridRows, regionRows, runRows, searchSettingRows, sinkRows, sourceRows } from '../parameters.js';
import { failureOf, recordOf } from '../record.js';
import type { CheckedCall } from '../run/run-state.js';
import { type CheckedRun, commandLineOf } from '../run-options.js';
import { methodName, type SearchSettings } from '../settings.js';
import type { OutputEnd } from '../sinks/sink.js';
import { streamHead } from '../sinks/stream-head.js';
import { streamText } from '../sinks/stream-text.js';
import { indexPeaks } from '../stages/frame.js';
import { beamOfChunk } from '../streams/beam-of-chunk.js';
import { centreOfChunk, withoutCentre } from '../streams/centre-line.js';
import { chunkOf } from '../streams/chunk.js';
import { RunSummary } from '../summary.js';
import { axesOfChunks } from './stream-axes.js';

/**
 * Options that apply to a stream and are not in the tables of parameters; the other options that are not there require
 * frames.
 */
const taken = ['inputs', 'cells', 'thresholds', 'commandLine', 'onEvent', 'signal'];
const rows: Parameters = { ...searchSettingRows, ...sourceRows, ...regionRows, ...gridRows, ...runRows, ...sinkRows };

const isGiven = (value: unknown): boolean =>
  ![undefined, null, false, 0, 'tune'].includes(value as never) &&
  !(typeof value === 'object' && !Array.isArray(value) && Object.keys(value as object).length === 0);

/** Indexes the peaks of a stream. Throws `Argument` for options that need frames, and the errors of `runPipeline`. */
export async function* indexStream(
  { context, place, options, events }: CheckedCall,
  input: FileInput,
): AsyncGenerator<PipelineItem, void, undefined> {
  const name = nameOfInput(input, 'the stream');
  const { signal, output, force } = options;
  const given = Object.entries(options.given).filter(([option, value]) => {
    const { [option]: row } = rows;
    return isGiven(value) && !(row?.kind === 'boolean' && value === row.fallback);
  });
  const mode = modeOf({ ...options, from: 'stream', toStream: output !== undefined }, { ...inOptions, source: name });
  refuseOthers(rows, Object.fromEntries(given), mode, (option) => `pipeline: ${option}`, stagesInOptions);
  const without = given.find(([option]) => !taken.includes(option) && !Object.hasOwn(rows, option));
  if (without)
    throw new EwaldError(
      'Argument',
      `pipeline: ${without[0]} requires frames; ${name} is a stream, whose peaks are indexed again as they are`,
    );
  const reader = await abortable(readStream(place.linesOf(input), name), signal);
  const { setup, text, settings: search } = await abortable(setupOf(reader.head, name, place, options), signal);
  const files = [options.geometry, ...(options.cells ?? [])].filter((cell) => typeof cell === 'string');
  const reads = { inputs: [input, ...files].filter((file) => typeof file === 'string') };
  const before = output === undefined ? undefined : await place.checkStream(output, { force, resume: false, reads });
  const panels = new Map(setup.geometry.panels.map(({ name: panel }, i) => [panel, i]));
  const indexer = singly(await planIndexer(context, search));
  try {
    const within = { name, ...setup, panels, names: (search.cells ?? []).map(latticeName), indexer };
    const aborting = abortableItems(reader.chunks(), signal);
    const { axes, chunks } = await axesOfChunks(aborting, search.cells, (chunk) =>
      indexedChunk(chunk, { ...within, settings: search }),
    );
    if (axes) events.report({ kind: 'warning', text: axes.text });
    const settings = axes?.cell ? { ...search, cells: [axes.cell] } : search;
    const summary = new RunSummary(undefined, settings.cells);
    const head = streamHead(text, settings, options.commandLine ?? commandLineOf(options.given));
    const opening = { force, reads, before, head, resume: false, earlier: () => undefined };
    const stream = output === undefined ? undefined : await place.openStream(output, opening);
    let state: 'under way' | 'whole' | 'failed' = 'under way';
    let dropped = 0;
    try {
      for await (const chunk of chunks) {
        checkSignal(signal);
        const item = await indexedChunk(chunk, { ...within, settings });
        const record = item.error ? failureOf(item) : recordOf(item);
        summary.add(record);
        const text = stream && 'hit' in record ? streamText(record, options) : undefined;
        if (text !== undefined) await stream?.write(text);
        events.report({ kind: 'progress', stage: 'frames', share: 0, summary });
        if (stream && hasReflections(chunk)) dropped++;
        yield item;
      }
      state = 'whole';
    } catch (error) {
      if (!isEwaldError(error, 'Aborted') && error !== events.failure) {
        state = 'failed';
        await stream?.leave();
      }
      throw error;
    } finally {
      if (state !== 'failed') {
        const isWhole = state === 'whole';
        const left = isWhole ? undefined : await stream?.leave();
        if (isWhole) await stream?.close();
        const plain = typeof output === 'string' && output !== '-' ? output : undefined;
        const end: OutputEnd = { output: 'stream', state: isWhole ? 'written' : 'kept', file: isWhole ? plain : left };
        const doubts = summary.doubt ?? multipleTexts(summary.multiples, settings.cells ?? []);
        const isNothing = summary.hits > 0 && summary.indexed === 0;
        const question = isNothing ? (tinyCellText(settings.cells, 'frame') ?? []) : [];
        const displaced = (settings.cells && displacedFewText(summary)) ?? [];
        for (const text of [doubts, displaced, question, droppedTexts(dropped, name)].flat())
          events.report({ kind: 'warning', text });
        events.report({ kind: 'end', isWhole, summary, outputs: stream ? [end] : [], isLive: true });
      }
    }
  } finally {
    await indexer.dispose();
  }
}

const hasReflections = ({ crystals }: StreamChunk): boolean =>
  crystals.some(({ reflections = [] }) => reflections.length > 0);

/** What to say of reflections that are not kept. */
const droppedTexts = (frames: number, name: string): string[] =>
  frames === 0
    ? []
    : [
        `the reflections of ${counted(frames, 'frame')} are not in the new stream: they are those of the crystals that ` +
          `${name} had; index the frames themselves to integrate again`,
      ];

/** Indexes the peaks of a frame; its item is an error if they cannot be. */
async function indexedChunk(
  chunk: StreamChunk,
  {
    name,
    geometry,
    own,
    panels,
    settings,
    names,
    indexer,
  }: {
    readonly name: string;
    readonly geometry: Geometry;
    /** That of the stream, if it has one. */
    readonly own: Geometry | undefined;
    readonly panels: ReadonlyMap<string, number>;
    readonly settings: SearchSettings;
    readonly names: readonly LatticeName[];
    readonly indexer: ImageIndexer;
  },
): Promise<PipelineItem> {
  const origin = { filename: chunk.filename, event: eventOf(chunk), serial: chunk.serial };
  try {
    const isKept = settings.frameCentre !== 'off';
    const beam = beamOfChunk(isKept ? chunk : withoutCentre(chunk), geometry, own);
    const centre = isKept ? centreOfChunk(chunk) : undefined;
    const result = await indexPeaks(peaksOf(chunk, panels, name), { geometry, beam, settings, centre }, indexer);
    const streamChunk = chunkOf(origin, result, geometry, names, methodName(settings));
    // Header fields, wells, regions and the background are those of the same frames.
    const copied = withoutCentre(chunk).notes.filter((note) => /^(header|ewald)\//.test(note));
    return { origin, result, chunk: { ...streamChunk, event: chunk.event, notes: [...copied, ...streamChunk.notes] } };
  } catch (error) {
    if (!isEwaldError(error) || ['Aborted', 'Disposed', 'File'].includes(error.tag)) throw error;
    return { origin, error };
  }
}

/** The geometry and cells with which peaks are indexed: those that are given, or those in the stream. */
async function setupOf(
  head: { readonly geometry: string | undefined; readonly cell: string | undefined },
  name: string,
  place: RunPlace,
  { geometry: given, cells: files, settings: stated }: CheckedRun,
) {
  const own = head.geometry;
  if (given === undefined && own === undefined)
    throw new EwaldError('Format', `${name} holds no geometry; give the one of its frames, geometry: FILE (-g FILE)`);
  const geometry = (await givenGeometry(given, place)) ?? { geometry: parseGeometry(own ?? '', name), text: own ?? '' };
  const cells = [...((await givenCells(files, place)) ?? [])];
  if (!files && head.cell !== undefined) cells.push(readCell(head.cell, name));
  if (cells.length === 0)
    throw new EwaldError('Argument', `${name} holds no cell to index with; give one, cells: [FILE] (-p FILE)`);
  const { peaks: _, ...others } = stated;
  const settings: SearchSettings = { minPeaks: leastSpots(cells, stated.method), ...others, cells, integrate: false };
  return {
    setup: { geometry: geometry.geometry, own: given === undefined ? geometry.geometry : geometryOfHead(own, name) },
    text: geometry.text,
    settings,
  };
}
const eventOf = ({ event }: StreamChunk): number | undefined => {
  const number = /(\d+)$/.exec(event ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
};

/** The geometry in the head of a stream; undefined without one that can be read. */
export function geometryOfHead(text: string | undefined, name: string): Geometry | undefined {
  try {
    return text === undefined ? undefined : parseGeometry(text, name);
  } catch {
    return undefined;
  }
}

export function peaksOf(
  { peaks, filename }: StreamChunk,
  panels: ReadonlyMap<string, number>,
  input: string,
): PeakList {
  if (!peaks) throw new EwaldError('Format', `${input}: the frame of ${filename} has no list of peaks`);
  const column = (of: (peak: StreamPeak) => number) => Float32Array.from(peaks, of);
  const nothing = new Float32Array(peaks.length);
  return {
    count: peaks.length,
    fs: column(({ fs }) => fs),
    ss: column(({ ss }) => ss),
    intensity: column(({ intensity }) => intensity),
    maximum: nothing,
    snr: nothing,
    background: nothing,
    pixels: new Uint32Array(peaks.length),
    panel: Uint32Array.from(peaks, ({ panel }) => {
      const number = panels.get(panel);
      if (number === undefined)
        throw new EwaldError(
          'Format',
          `${input}: a peak of ${filename} is on panel ${panel}, which the geometry lacks`,
        );
      return number;
    }),
    rings: undefined,
  };
}
