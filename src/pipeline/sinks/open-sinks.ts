/** Opens the files of a run other than its stream, and its viewer. */

import { latticeName } from '../../crystal/lattice-name.js';
import { stackedGeometry } from '../../frames/detector/stacked.js';
import type { Output, WriteOptions } from '../../frames/files/write.js';
import type { ShownPanes } from '../../merging/shown-panes.js';
import { EwaldError } from '../../util/errors.js';
import { sizeOf } from '../chip/grid.js';
import { placeOf } from '../grid/frame-grid.js';
import { type MapFile, mapWriting } from '../grid/map-files.js';
import type { ChipSink } from '../grid/map-sink.js';
import type { Run } from '../run/run-state.js';
import { bandwidthOf } from '../streams/chunk.js';
import { regionStatus } from './region-status.js';
import type { ViewedRun } from './run-view.js';
import { type FrameSink, solutionSink } from './sink.js';
import { mapFiles, milleTarget, targetName, writingOf } from './targets.js';

/** Opens the files one after another. */
export async function* openSinks(
  run: Run,
  writing: WriteOptions,
  remarks: () => readonly string[],
): AsyncGenerator<FrameSink> {
  const { options, place, source, own, prepared, state, events } = run;
  const { chip, summary } = state;
  const { sol, hdf5, hits, html, rois, sinks = [] } = options;
  const { settings, geometry, commandLine, head: streamHead } = prepared;
  const { cells = [] } = settings;
  const mille = milleTarget(options);
  if (mille !== undefined) {
    const { milleSink } = await import('./mille.js');
    const output = await place.openOutput(mille, { ...writing, ...writingOf('milleFile', options) });
    const stacked = stackedGeometry(geometry.used, source.first);
    yield milleSink(output, targetName(mille, 'the output'), stacked, options.maxMilleLevel);
  }
  if (sol !== undefined) {
    const output = await place.openOutput(sol, { ...writing, ...writingOf('sol', options) });
    yield solutionSink(output, targetName(sol, 'the output'), cells.map(latticeName));
  }
  if (hdf5 !== undefined) {
    const { hdf5Sink } = await import('./hdf5.js');
    const output = await place.openOutput(hdf5, { ...writing, ...writingOf('hdf5', options) });
    if (typeof hdf5 === 'string' && !output.patch) {
      await output.discard();
      throw new EwaldError('Argument', `${hdf5} is no regular file; HDF5 cannot be written into a pipe or a device`);
    }
    const bandwidth = bandwidthOf(geometry.used);
    const regions =
      rois.length > 0 ? new (await import('./hdf5-rois.js')).RegionTable(rois, await own.detector()) : undefined;
    const profileFrames = settings.profile?.frames;
    const file = targetName(hdf5, 'the output');
    const { panels } = stackedGeometry(geometry.used, source.first);
    yield hdf5Sink(output, { file, commandLine, streamHead, bandwidth, panels, regions, profileFrames }, () =>
      place.openCodecs(),
    );
  }
  if (chip) yield await openMaps(chip, run, writing);
  // Before the report, which discards what it does not show of frames that were received live.
  const hitsSink = hits && (await (await import('../reduce/hits-sink.js')).openHits(run, hits, writing));
  if (hitsSink) yield hitsSink;
  if (html !== undefined) {
    const { reportSink } = await import('./report.js');
    const output = await place.openOutput(html, {
      ...writing,
      ...writingOf('html', options, source.live !== undefined),
    });
    yield reportSink(output, {
      file: targetName(html, 'the output'),
      title: source.first.name.replace(/^.*\//, ''),
      geometry: geometry.given,
      cell: cells[0],
      kept: source.kept,
      reopen: (file) => source.reopen(file),
      letGo: (dataset) => source.letGo(dataset),
      detector: own.detector,
      regions: rois,
      sections: () =>
        definedOf(
          [...(chip ? [chip] : []), ...(hitsSink ? [hitsSink] : []), ...sinks].map((sink) => sink.reportSection?.()),
        ),
      numbers: () => chip?.numbers() ?? [],
      script: place.numbersScript,
      commandLine,
      nonHitsInStream: options.nonHitsInStream,
      rate: () => summary.rate,
      remarks,
      warn: events.warnQuietly,
    });
  }
}

/** Opens the files of the maps of a chip. */
async function openMaps(chip: ChipSink, { options, place }: Run, writing: WriteOptions): Promise<ChipSink> {
  const open = (map: MapFile, file = map.file) => place.openOutput(file, { ...writing, ...mapWriting(map, options) });
  if (options.html !== undefined) chip.reports();
  const files: (MapFile & { readonly output: Output })[] = [];
  try {
    for (const map of mapFiles(options)) files.push({ ...map, output: await open(map) });
  } catch (error) {
    for (const { output } of files) await output.discard();
    throw error;
  }
  chip.writes(files, (map, file) => open(map, file));
  return chip;
}

/** The description of a run for its viewer. */
export function viewedRun(
  { source, options: { rois }, prepared: { settings, geometry }, state: { chip, summary } }: Run,
  sinks: readonly FrameSink[] = [],
): ViewedRun {
  const [height = 1, width = 1] = source.first.shape.sig.slice(-2);
  const splitting = sinks.find(({ datasetOf }) => datasetOf !== undefined);
  return {
    name: source.first.name,
    geometry: geometry.text,
    cells: settings.cells ?? [],
    peaks: settings.peaks,
    size: [width, height],
    total: source.total,
    wells: chip && sizeOf(chip.grid.grid),
    placeOf: chip && ((origin) => placeOf(chip.grid, origin)),
    received: source.received,
    rois: rois.map(({ name }) => name),
    panes: () => panesOf(sinks),
    datasetOf: splitting?.datasetOf && ((record) => splitting.datasetOf?.(record)),
    status: () => definedOf([...sinks.map((sink) => sink.status?.()), regionStatus(rois, summary.regions)]),
  };
}

/** What all sinks add to the page. */
function panesOf(sinks: readonly FrameSink[]): ShownPanes {
  const all = sinks.flatMap((sink) => sink.panes?.() ?? []);
  return {
    answers: all.flatMap(({ answers = [] }) => answers),
    alarms: all.flatMap(({ alarms = [] }) => alarms),
    origin: all.flatMap(({ origin = [] }) => origin),
  };
}

const definedOf = (texts: readonly (string | undefined)[]): string[] => texts.filter((text) => text !== undefined);
