/** The inputs of a run: its geometry, cells and frames, opened before anything is searched. */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Metadata } from '../../frames/dataset.js';
import { openDetector } from '../../frames/detector/detector.js';
import { ofDataset, openedArray } from '../../frames/detector/geometry-dataset.js';
import { refuseImpossible } from '../../frames/detector/impossible.js';
import { inUnitsOf } from '../../frames/detector/stated-units.js';
import type { Inputs } from '../../frames/files/inputs.js';
import { sliceLength } from '../../options/frame-slice.js';
import { abortable } from '../../util/aborted.js';
import { PushQueue } from '../../util/push-queue.js';
import { OwnSearch } from '../first-frames/prepare.js';
import type { Plans } from '../frame-searcher.js';
import { fieldNames, hasGrid } from '../grid/grid-options.js';
import { type GivenGeometry, givenCells, givenGeometry } from '../inputs/given.js';
import type { GivenInputs } from '../inputs/inputs.js';
import { filesOfPanel, withFilesInside } from '../inputs/inside.js';
import type { RunPlace } from '../inputs/place.js';
import type { PipelineItem } from '../one-frame.js';
import { failureOf } from '../record.js';
import type { CheckedRun } from '../run-options.js';
import { startedEarly } from '../search-places.js';
import { checkTargets } from '../sinks/targets.js';
import { FileSource, NoneReadable } from '../sources/files.js';
import { rawOptionsOf, refuseRaw } from '../sources/raw-options.js';
import { isSelected } from '../sources/selection.js';
import type { FrameSpec, RunSource, SourceOptions } from '../sources/source.js';
import { settingsOfSpots, spotsMadeOf } from '../sources/spots-file.js';
import { RunSummary } from '../summary.js';
import { type FrameInputs, refuseForInputs } from './refusals.js';
import type { CheckedCall, OpenRun } from './run-state.js';

/**
 * Opens the inputs of a run, which `closeRun` closes. Pushed files of which none can be read are items with `error`; the
 * result is undefined then, and for a run into which nothing was pushed. Throws `Argument`, `Format`, `File`.
 */
export async function* openRun(
  call: CheckedCall,
  frameInputs: FrameInputs,
): AsyncGenerator<PipelineItem, OpenRun | undefined, undefined> {
  const { context, place, options } = call;
  const { signal, dataset } = options;
  const asGiven = withMasks(
    await abortable(givenGeometry(options.geometry, place), signal),
    options,
    frameInputs,
    place,
  );
  const stated = await abortable(givenCells(options.cells, place), signal);
  refuseForInputs(frameInputs, options);
  const known = await abortable(orientationsOf(call, frameInputs, stated), signal);
  const cells = known?.cells ?? stated;
  const reads = readsOf(options, frameInputs);
  const most = sliceLength(options.selection.range, Number.POSITIVE_INFINITY);
  const before = await checkTargets(options, place, { reads, most, isLive: frameInputs.kind === 'live' });
  const source = yield* sourceOrFailures(call, frameInputs, asGiven?.geometry);
  if (!source) return undefined;
  const starting = startedEarly(options, source);
  const geometry = asGiven && readFrom(asGiven, dataset && openedArray(source.first), source.first.meta);
  const own = searchOf(context, source, options, geometry?.geometry);
  const orientations = known?.orientations;
  const spots = await abortable(spotsMadeOf(source.first), signal);
  const warnings: string[] = [];
  const settings = spots ? settingsOfSpots(options.settings, spots, (text) => warnings.push(text)) : options.settings;
  const asMade = { ...call, options: { ...options, settings }, spots, warnings };
  const opened = { ...asMade, given: frameInputs, source, geometry, cells, orientations, own, reads, before, starting };
  try {
    return { ...opened, grid: await abortable(gridOf(options, source, place), signal) };
  } catch (error) {
    await closeRun(opened);
    throw error;
  }
}

export async function closeRun({ own, source }: Pick<OpenRun, 'own' | 'source'>): Promise<void> {
  await own.dispose();
  await source.close();
}

/** The orientations that a run is given, and their cells; undefined if lattices are searched for. */
async function orientationsOf(
  { place, options, events }: CheckedCall,
  frameInputs: FrameInputs,
  cells: OpenRun['cells'],
) {
  const { orientations: input, asTheyAre } = options;
  if (input === undefined) return undefined;
  const { readOrientations } = await import('../inputs/orientations.js');
  const read = await readOrientations(input, place, { cells, isKept: asTheyAre, inputs: filesOf(frameInputs) });
  for (const text of read.warnings) events.warn(text);
  return read;
}

/** The geometry of a run, whose masks and maps in other files are where the caller allows them. Throws `File`. */
export function withMasks(
  found: GivenGeometry | undefined,
  { geometry: given, allowOutside }: Pick<CheckedRun, 'geometry' | 'allowOutside'>,
  inputs: GivenInputs,
  place: RunPlace,
): GivenGeometry | undefined {
  if (!found) return undefined;
  const isList = inputs.kind === 'frames' && Array.isArray(inputs.wanted);
  const frames = isList ? (inputs.wanted as readonly FrameSpec[]).map(({ file, input }) => input ?? file) : [];
  const siblings = inputs.kind === 'frames' ? inputs.siblings.map(({ name }) => name) : [];
  const beside = { given, name: found.name, frames, siblings, allowOutside };
  return { ...found, geometry: withFilesInside(found.geometry, beside, place) };
}

/** The search of the frames of a source in this process, with the given geometry or that of its first file. */
export const searchOf = (
  context: Plans,
  source: RunSource,
  { bad, openOther, highres, signal }: CheckedRun,
  given: Geometry | undefined,
): OwnSearch =>
  new OwnSearch(context, given, (geometry) => {
    const open = async () => {
      const known = { mayDiffer: source.isOneFile !== true };
      const detector = await openDetector(source.first, { geometry, bad, openOther, highres }, source.openOther, known);
      refuseImpossible(detector.geometry, detector.beam);
      return detector;
    };
    return abortable(source.patient?.(open) ?? open(), signal);
  });

/** The grid of a run, and the sink that maps its wells, whose code is loaded for it; undefined without one. */
async function gridOf(options: CheckedRun, source: RunSource, place: RunPlace) {
  if (!hasGrid(options)) return undefined;
  const [{ runGrid }, { ChipSink }] = await Promise.all([import('../grid/run-grid.js'), import('../grid/map-sink.js')]);
  const found = await runGrid(options, source, place);
  return found && { found, ChipSink };
}

/** The geometry for a stream, which states the dataset that the user named, and the units of converted frames. */
function readFrom(given: GivenGeometry, path: string | undefined, meta: Metadata): GivenGeometry {
  const geometry = inUnitsOf(ofDataset(given.geometry, path), meta);
  return geometry === given.geometry ? given : { ...given, geometry, text: formatGeometry(geometry) };
}

/** The source of a run, or an item for each of its pushed files, if none of them can be read. */
async function* sourceOrFailures(
  call: CheckedCall,
  frameInputs: FrameInputs,
  geometry: Geometry | undefined,
): AsyncGenerator<PipelineItem, RunSource | undefined, undefined> {
  const { place, options, events } = call;
  try {
    return await openSource(place, frameInputs, options, geometry, events.warn);
  } catch (error) {
    if (!(error instanceof NoneReadable)) throw error;
    const { serialStart, selection } = options;
    if (error.failed.length === 0 && !(options.inputs instanceof PushQueue)) throw error;
    const summary = new RunSummary(error.failed.length, undefined);
    for (const [i, { wanted, error: cause }] of error.failed.entries()) {
      if (!isSelected(selection, i)) continue;
      const item = { origin: { filename: wanted.file, event: undefined, serial: serialStart + i }, error: cause };
      summary.add(failureOf(item));
      yield item;
    }
    if (!error.areAll) throw error;
    events.report({ kind: 'end', isWhole: true, summary, outputs: [], isLive: false });
    return undefined;
  }
}

/** The frames of a run. Throws `Argument`, `Format`, `File`, and `NoneReadable` for pushed files alone. */
export async function openSource(
  place: RunPlace,
  frameInputs: FrameInputs,
  options: CheckedRun,
  geometry: Geometry | undefined,
  warn: SourceOptions['warn'],
): Promise<RunSource> {
  const { dataset, thresholdChannel, serialStart, allowMissing, checksums, maxFrameBytes, copyHeader, signal } =
    options;
  const { gridFields } = options;
  const reading: SourceOptions = {
    geometry,
    dataset,
    thresholdChannel,
    raw: rawOptionsOf(options),
    serialStart,
    allowMissing,
    checksums,
    maxFrameBytes,
    allowOutside: options.allowOutside === true,
    copyHeader,
    positions: gridFields === undefined ? undefined : fieldNames(gridFields),
    shown: options.html !== undefined || options.hits !== undefined,
    viewed: options.view !== undefined,
    signal,
    warn,
    firstFramesTimeoutS: options.firstFramesTimeoutS,
    isFirstTimed: options.given.firstFramesTimeoutS !== undefined,
  };
  if (frameInputs.kind === 'live') refuseRaw(reading.raw, 'frames that are received');
  if (frameInputs.kind === 'live') return frameInputs.input.openLive(reading);
  const { siblings } = frameInputs;
  const { selection, awayS } = options;
  // Files that the geometry names, such as masks, are given with the frames in pages, where nothing lies beside a File.
  const named = new Set(geometry?.panels.flatMap(filesOfPanel).map((file) => file.replace(/^.*\//, '')));
  const wanted = Array.isArray(frameInputs.wanted)
    ? frameInputs.wanted.filter(({ file, input }) => !(input && named.has(file)))
    : frameInputs.wanted;
  return FileSource.open(place, { ...reading, wanted, siblings, selection, follow: awayS });
}

/** The names of the files whose frames are known beforehand. */
const filesOf = (givenInputs: GivenInputs): readonly string[] =>
  givenInputs.kind === 'frames' && Array.isArray(givenInputs.wanted) ? givenInputs.wanted.map(({ file }) => file) : [];

/** The files that the run reads, which no output may replace. */
function readsOf({ inputs, geometry, orientations, cells = [] }: CheckedRun, givenInputs: GivenInputs): Inputs {
  const isName = (one: unknown): one is string => typeof one === 'string' && !/[\r\n]/.test(one);
  const all: readonly unknown[] = Array.isArray(inputs) ? inputs : [inputs];
  const member = (name: string): unknown[] =>
    all.flatMap((one) =>
      typeof one === 'object' && one !== null && name in one ? [(one as Record<string, unknown>)[name]] : [],
    );
  const series = [...all, ...member('file')].filter(isName);
  const lists = member('list');
  const files = [...filesOf(givenInputs), ...lists, geometry, orientations, ...[cells].flat()];
  return { inputs: files.filter(isName), series, everyFormat: true };
}
