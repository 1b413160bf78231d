/** `ewald index -i OLD.stream -o NEW.stream`: the peaks of a stream indexed again, without its frames. */

import { EwaldError, isEwaldError } from '../base/errors.js';
import { checkSignal } from '../base/options.js';
import { readCell } from '../crystal/cell-file.js';
import { type Beam, type Geometry, wavelengthOf } from '../crystal/geometry/geometry.js';
import { parseGeometry } from '../crystal/geometry/parse.js';
import { beamOf } from '../crystal/geometry/pixels.js';
import { readStream } from '../crystal/stream/read.js';
import type { StreamChunk, StreamPeak } from '../crystal/stream/stream.js';
import { formatChunk } from '../crystal/stream/write.js';
import { readText } from '../files/read.js';
import type { PeakList } from '../peaks/peak-list.js';
import { chunkOf, latticeName } from '../pipeline/chunk.js';
import { indexPeaks } from '../pipeline/frame.js';
import { planIndexer } from '../pipeline/frame-searcher.js';
import { failureOf, recordOf } from '../pipeline/record.js';
import { methodName, type SearchSettings } from '../pipeline/settings.js';
import { checkStreamFile, linesOf, openStreamFile, type StreamFile } from '../pipeline/sinks/stream-file.node.js';
import { checkFlags, type FrameFlags, type SharedFlags } from './frame-flags.js';
import { jsonOf, lineOf } from './frame-lines.js';
import { explainedShare, FrameSummary } from './frame-summary.js';
import { headOf } from './index-frames.js';
import { backendOption, type CliDeps, exitCode, note, Progress, print, printJson } from './output.js';

/** Flags that need frames. */
const ofFrames = ['threshold', 'minSnr', 'follow', 'shard', 'resume', 'html', 'hdf5', 'sol', 'executor'] as const;

/** Runs the peaks of a stream through indexing. */
export async function runStream(
  input: string,
  flags: FrameFlags & { backend?: string },
  shared: SharedFlags,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const without = ofFrames.find((name) => {
    const value = (flags as Readonly<Record<string, unknown>>)[name];
    return value !== undefined && value !== false;
  });
  if (without !== undefined)
    throw new EwaldError(
      'Argument',
      `${input} is a stream, whose peaks are taken as they are; --${without} is for frames`,
    );
  const checked = checkFlags({ ...flags, integrate: false }, shared);
  const reader = await readStream(linesOf(input), input);
  const geometryText = flags.geometry === undefined ? reader.head.geometry : await readText(flags.geometry);
  if (geometryText === undefined)
    throw new EwaldError('Format', `${input} holds no geometry; give the one of its frames with -g`);
  const geometry = parseGeometry(geometryText, flags.geometry ?? input);
  // The stream's own target cell, where no other one is given.
  const cells = shared.cells ?? (reader.head.cell === undefined ? [] : [readCell(reader.head.cell, input)]);
  if (cells.length === 0) throw new EwaldError('Argument', `${input} holds no cell to index with; give one with -p`);
  const settings: SearchSettings = { ...checked.settings, cells, rings: null };
  const inputs = [input, ...(flags.geometry === undefined ? [] : [flags.geometry]), ...(flags.cell ?? [])];
  const force = flags.force ?? false;
  if (flags.output !== undefined) await checkStreamFile(flags.output, { force, reads: { inputs } });
  const context = await createContext(backendOption(flags.backend));
  let stream: StreamFile | undefined;
  const summary = new FrameSummary(undefined);
  const progress = new Progress('index');
  const names = cells.map(latticeName);
  const panels = new Map(geometry.panels.map(({ name }, i) => [name, i]));
  try {
    const indexer = cells.length > 0 ? await planIndexer(context, settings) : undefined;
    if (flags.output !== undefined)
      stream = await openStreamFile(flags.output, {
        ...{ force, reads: { inputs }, resume: false, earlier: () => {} },
        head: headOf(geometryText, settings),
      });
    for await (const chunk of reader.chunks()) {
      checkSignal(signal);
      const origin = { filename: chunk.filename, event: eventOf(chunk), serial: chunk.serial };
      try {
        const scene = { geometry, beam: beamOfChunk(chunk, geometry), settings };
        const result = await indexPeaks(peaksOf(chunk, panels, input), scene, indexer);
        const found = { ...chunkOf(origin, result, geometry, names, methodName(settings)), event: chunk.event };
        const record = { ...recordOf({ origin, result, chunk: found }), chunk: formatChunk(found) };
        summary.add({
          hit: record.hit,
          cells: record.crystals.map((one) => [...one.lengths, ...one.angles]),
          which: record.crystals.map(({ inputCell }) => inputCell),
          ambiguous: record.crystals.filter(({ rivals }) => rivals.length > 0).length,
          explained: explainedShare(record.peaks.count, record.crystals),
          ms: record.ms,
          backends: record.backends,
        });
        if (record.hit || flags.nonHitsInStream !== false) await stream?.write(record.chunk);
        if (shared.json) printJson(jsonOf(record));
        else if (!stream) print(lineOf(record));
      } catch (error) {
        if (!isEwaldError(error) || ['Aborted', 'Disposed', 'File'].includes(error.tag)) throw error;
        summary.fail();
        note(`✗ ${origin.filename}: ${error.message}`);
        if (shared.json) printJson(jsonOf(failureOf({ origin, error })));
      }
      progress.report(0, summary.status());
    }
  } catch (error) {
    if (!isEwaldError(error, 'Aborted')) {
      await stream?.leave();
      throw error;
    }
  } finally {
    progress.end();
    await context.dispose();
  }
  const isWhole = !signal.aborted;
  if (isWhole) await stream?.close();
  else {
    const left = await stream?.leave();
    if (left) note(`what is finished is in ${left}; ewald stream merge ${left} -o NAME makes a stream of it`);
  }
  const report = summary.text(
    flags.profile ?? false,
    isWhole && stream && flags.output !== '-' ? flags.output : undefined,
  );
  if (shared.json || flags.output === '-') note(report);
  else print(report);
  if (!isWhole) process.exitCode = exitCode.interrupted;
  else if (summary.failed > 0) process.exitCode = exitCode.data;
}

const eventOf = ({ event }: StreamChunk): number | undefined => {
  const number = /(\d+)$/.exec(event ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
};

/** The beam of a frame: its photon energy and camera length stand in its chunk. */
function beamOfChunk({ photonEnergyEv, cameraLengthM }: StreamChunk, geometry: Geometry): Beam {
  const offset = geometry.panels.reduce((sum, { offsetM }) => sum + offsetM, 0) / geometry.panels.length;
  const given = {
    ...geometry,
    radiation: { kind: 'wavelength' as const, given: { value: wavelengthOf('photonEnergy', photonEnergyEv) } },
    distance: geometry.distance && 'value' in geometry.distance ? geometry.distance : { value: cameraLengthM - offset },
  };
  return beamOf(given);
}

function peaksOf({ peaks, filename }: StreamChunk, panels: ReadonlyMap<string, number>, input: string): PeakList {
  if (!peaks) throw new EwaldError('Format', `${input}: the frame of ${filename} has no list of peaks`);
  const column = (of: (peak: StreamPeak) => number): Float32Array => Float32Array.from(peaks, of);
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
