/**
 * The run (`ctx.pipeline`): searches the frames of one detector for peaks, indexes and integrates them, in order,
 * several concurrently, with bounded memory, and writes the outputs. `ewald index` prints its events.
 */

import { abortable, closeIterator } from '../../base/aborted.js';
import { type Observer, observer } from '../../base/callbacks.js';
import { EwaldError, isEwaldError } from '../../base/errors.js';
import { sliceLength } from '../../base/frame-slice.js';
import { checkSignal } from '../../base/options.js';
import { PushQueue } from '../../base/push-queue.js';
import type { Resource } from '../../base/resource.js';
import { largestInverseD } from '../../crystal/geometry/edge.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import { latticeName } from '../../crystal/lattice-name.js';
import type { ChipMap } from '../../io/chip/chip-map.js';
import { type Detector, openDetector } from '../../io/detector/detector.js';
import { geometryFromFile } from '../../io/detector/from-file.js';
import { ofDataset, openedArray } from '../../io/detector/geometry-dataset.js';
import { geometryRemarks, unsettledDistance, warningsOf } from '../../io/detector/geometry-remarks.js';
import { refuseImpossible } from '../../io/detector/impossible.js';
import { stackedGeometry } from '../../io/detector/stacked.js';
import { cellRemark } from '../refinement/detector-remarks.js';
import { isCellWrong } from './cell-agreement.js';
import { cellDoubts, isOtherCell, tinyCellText } from './doubt.js';
import { type RunEvent, startEvent } from './events.js';
import { OwnSearch } from './first-frames/prepare.js';
import { startOfRun } from './first-frames/start-of-run.js';
import type { Plans } from './frame-searcher.js';
import { fieldNames, hasGrid } from './grid/grid-options.js';
import { type GivenGeometry, givenCells, givenGeometry } from './inputs/given.js';
import { type GivenInputs, givenInputs } from './inputs/inputs.js';
import { withMasksInside } from './inputs/inside.js';
import type { LoadPlace, RunPlace } from './inputs/place.js';
import { endingPlace } from './inputs/place-inputs.js';
import { profileBinsOf } from './profile/frame-profiles.js';
import { type FrameFailure, type FrameRecord, failureOf, isFailure, pipelineItem } from './record.js';
import { beyondTexts, spansOf } from './regions/spans.js';
import { type CheckedRun, checkRun, commandLineOf, type PipelineOptions } from './run-options.js';
import type { PipelineItem } from './search-all.js';
import { type RunScene, searched, startedEarly } from './search-places.js';
import { methodName, type SearchSettings } from './settings.js';
import { storedResults, withStored } from './shards/stored.js';
import { checkNames, checkTargets, endingOutputs, Outputs } from './sinks/outputs.js';
import type { FrameSink } from './sinks/sink.js';
import { streamHead } from './sinks/stream-head.js';
import { FileSource, NoneReadable } from './sources/files.js';
import { isSelected } from './sources/selection.js';
import type { FrameSpec, IsDone, RunSource, SourceOptions } from './sources/source.js';
import { omittedMark } from './streams/chunk.js';
import { RunSummary } from './summary.js';

/**
 * Runs frames through all stages and yields their results in order; a frame that cannot be read yields an `error`.
 * Warnings of a run without `onEvent` are passed to `log`.
 *
 * Throws `Argument`, `Shape`, `Format`, `File` before the first frame, `Aborted` at its signal.
 */
export async function* runPipeline(
  context: Plans,
  resource: Resource,
  loadPlace: LoadPlace,
  asked: PipelineOptions,
  log: (warning: string) => void,
): AsyncGenerator<PipelineItem, void, undefined> {
  const checked = checkRun(asked);
  const warnings = new Set<string>();
  const onEvent = eventsOf(asked, log, warnings);
  checkSignal(asked.signal);
  // A context that is disposed ends the runs that wait for their next frame.
  const signal = resource.until(asked.signal);
  const options = { ...endingOutputs(asked, signal), onEvent, signal };
  const place = endingPlace(await loadPlace(), signal);
  await checkNames(options, place);
  const check = (one: FrameSpec): void => options.executor && refuseForWorkers(one, options.executor.kind);
  const given = await abortable(givenInputs(options.inputs, place, signal, check, checked.allowOutside), signal);
  if (given.kind === 'stream') {
    const { indexStream } = await import('./sources/stream.js');
    yield* indexStream(context, place, given.input, options, checked);
    return;
  }
  const warn = (text: string, isDoubtful = false): void =>
    onEvent({ kind: 'warning', text, ...(isDoubtful ? { isDoubtful } : {}) });
  try {
    const asGiven = withMasks(await abortable(givenGeometry(options.geometry, place), signal), options, given, place);
    const cells = await abortable(givenCells(options.cells, place), signal);
    refuseForInputs(given, options, checked);
    const reads = readsOf(options, given);
    const most = sliceLength(checked.selection.range, Number.POSITIVE_INFINITY);
    await checkTargets(options, place, { reads, most, isLive: given.kind === 'live' });
    const source = yield* sourceOrFailures(place, given, options, checked, asGiven?.geometry, warn);
    if (!source) return;
    const starting = startedEarly(options, source);
    const geometry = asGiven && readFrom(asGiven, options.dataset && openedArray(source.first));
    const searchWith = searchesOf(context, source, options);
    let own = searchWith(geometry?.geometry);
    const grid = await abortable(gridOf(options, source, place), signal).catch(async (error) => {
      await own.dispose();
      await source.close();
      throw error;
    });
    try {
      // Warnings before a refusal would hide what it says.
      if (checked.rois.length > 0) spansOf(await own.detector(), checked.rois);
      for (const sink of options.sinks ?? []) {
        if (cells) sink.checkCells?.(cells);
        await checkReach(sink, own);
      }
      const isDistanceOpen = await abortable(toldOf(geometry, source, !!cells, onEvent), signal);
      for (const warning of asGiven?.geometry.warnings ?? []) warn(`${asGiven?.name}: ${warning}`);
      for (const text of source.warnings) warn(text);
      if (checked.rois.length > 0) for (const text of beyondTexts(await own.detector(), checked.rois)) warn(text);
      if (grid?.found.doubt !== undefined) warn(grid.found.doubt, true);
      // A range beyond the detector is refused before any frame is searched.
      if (checked.settings.profile) profileBinsOf(await own.detector(), checked.settings as SearchSettings);
      const start = { place, given, geometry, source, cells, options, onEvent, checked, searchWith };
      const { settings, refined, isDoubtful, fitted } = await startOfRun(context, own, start);
      if (isDistanceOpen && !fitted?.isDistanceKnown) onEvent(unsettledDistance);
      const commandLine = options.commandLine ?? commandLineOf(options);
      const usedGeometry = refined?.geometry ?? geometry?.geometry ?? geometryFromFile(source.first);
      const text = refined?.text ?? geometry?.text ?? formatGeometry(usedGeometry);
      if (refined) {
        await own.dispose();
        own = searchWith(usedGeometry);
        if (checked.rois.length > 0) spansOf(await own.detector(), checked.rois);
      }
      const summary = new RunSummary(source.total, settings.cells, source);
      const isCellTold = (fitted?.cells ?? []).some((cell) => cellRemark(cell) !== undefined);
      const chip = grid && new grid.ChipSink(grid.found);
      const scene = {
        place,
        signal,
        source,
        chip,
        usedGeometry,
        settings,
        rois: checked.rois,
        commandLine,
        reads,
        detector: own.detector,
        warn: (text: string, isDoubtful?: boolean) =>
          quietly(onEvent, { kind: 'warning', text, ...(isDoubtful ? { isDoubtful } : {}) }),
        warnings,
        rate: () => summary.rate,
        regionMeans: () => summary.regions,
        isOtherCell: () => isOtherCell(summary.doubt, summary.multiples),
        isDoubtful: () => summary.doubt !== undefined || summary.multiples.some(isCellWrong),
        cellDoubts: () => cellDoubts(summary.doubt, summary.multiples, settings.cells ?? [], isCellTold),
        geometry: refined?.geometry ?? geometry?.geometry,
        refined: refined && text,
        fitted,
        isCellGiven: cells !== undefined,
        head: streamHead(text, settings, commandLine, source.identities, isDoubtful),
        geometryText: text,
        failed: (error: unknown) => quietly(onEvent, { kind: 'failed', error }),
      };
      onEvent(startEvent('searching the first frames', source));
      yield* runFrames({ context, options, checked, own, scene, summary, given: scene.geometry, starting });
    } finally {
      await own.dispose();
      await source.close();
    }
  } finally {
    if (given.kind === 'frames' && !Array.isArray(given.wanted))
      await closeIterator(given.wanted as AsyncGenerator<unknown, void, undefined>);
  }
}

/** The geometry of a run, whose masks in other files are where the caller allows them. Throws `File`. */
export function withMasks(
  found: GivenGeometry | undefined,
  options: Pick<PipelineOptions, 'geometry' | 'allowOutside'>,
  inputs: GivenInputs,
  place: RunPlace,
): GivenGeometry | undefined {
  if (!found) return undefined;
  const { geometry: given, allowOutside = false } = options;
  const isList = inputs.kind === 'frames' && Array.isArray(inputs.wanted);
  const frames = isList ? (inputs.wanted as readonly FrameSpec[]).map(({ file, input }) => input ?? file) : [];
  const siblings = inputs.kind === 'frames' ? inputs.siblings.map(({ name }) => name) : [];
  const beside = { given, name: found.name, frames, siblings, allowOutside };
  return { ...found, geometry: withMasksInside(found.geometry, beside, place) };
}

/** The grid of a run, and the sink that maps its wells, whose code is loaded for it; undefined without one. */
async function gridOf(options: PipelineOptions, source: RunSource, place: RunPlace) {
  if (!hasGrid(options)) return undefined;
  const [{ runGrid }, { ChipSink }] = await Promise.all([import('./grid/run-grid.js'), import('./grid/map-sink.js')]);
  const found = await runGrid(options, source, place);
  return found && { found, ChipSink };
}

/** Warns of what is wrong with a geometry; true if its distance is in doubt unless the crystals tell it. */
async function toldOf(
  given: { readonly geometry: Geometry; readonly name: string } | undefined,
  source: RunSource,
  isCellKnown: boolean,
  onEvent: (event: RunEvent) => void,
): Promise<boolean> {
  const find = async () => (given ? geometryRemarks(given.geometry, source) : []);
  const remarks = await (source.patient?.(find) ?? find());
  // Without a known cell, nothing tells the wavelength.
  for (const event of warningsOf(given?.name, remarks, isCellKnown ? [] : ['wavelength', 'pixel size'])) onEvent(event);
  return !isCellKnown && remarks.some(({ contradicts }) => contradicts === 'distance');
}

/** Searches of the frames of a source, by geometry. */
const searchesOf =
  (context: Plans, source: RunSource, options: PipelineOptions) =>
  (geometry: Geometry | undefined): OwnSearch =>
    new OwnSearch(context, () => {
      const { bad, openOther, highres, signal } = options;
      const open = async () => {
        const detector = await openDetector(source.first, { geometry, bad, openOther, highres }, source.openOther);
        refuseImpossible(detector.geometry, detector.beam);
        return detector;
      };
      return abortable(source.patient?.(open) ?? open(), signal);
    });

/** Warnings that a report repeats. */
const maxWarnings = 64;

/** Receives the events of a run: its viewer, and the caller's function, or the log for warnings. */
function eventsOf(asked: PipelineOptions, log: (warning: string) => void, warnings: Set<string>): Observer<[RunEvent]> {
  const { view } = asked;
  const logged = (event: RunEvent): void => (event.kind === 'warning' ? log(event.text) : undefined);
  const told = observer('pipeline', asked.onEvent === undefined ? { onEvent: logged } : asked, 'onEvent');
  const both = (event: RunEvent): void => {
    view?.happened?.(event);
    if (event.kind === 'warning' && warnings.size < maxWarnings) warnings.add(event.text);
    told(event);
  };
  return Object.defineProperty(both, 'failure', { get: () => told.failure }) as Observer<[RunEvent]>;
}

type FrameInputs = Exclude<GivenInputs, { kind: 'stream' }>;

/** Refuses options that do not go with the inputs or with the executor. */
function refuseForInputs(given: FrameInputs, options: PipelineOptions, { follow }: CheckedRun): void {
  if (given.kind === 'live') refuseForLive(given.input.address, options);
  else if (options.firstFramesTimeoutS !== undefined && follow === undefined && Array.isArray(given.wanted))
    throw new EwaldError(
      'Argument',
      'pipeline: firstFramesTimeoutS is for frames that are still arriving: follow: true, an iterable of inputs, or ' +
        'a live source',
    );
  if (options.executor) refuseForExecutor(options);
}

/** After this number of crystals a long run warns that its known cell is a multiple; the summary repeats it. */
const enoughForMultiples = 30;
/** Tells where outputs are open or errors caught: what the function throws ends the run at the next frame. */
function quietly(onEvent: Observer<[RunEvent]>, event: RunEvent): void {
  try {
    onEvent(event);
  } catch {
    // It is onEvent.failure.
  }
}

/** Warnings that the frames of a run give rise to, each of them once. */
class FrameWarnings {
  readonly #scene: RunScene['scene'];
  readonly #summary: RunSummary;
  /** Header fields of which no frame has lacked one yet. */
  readonly #present: Set<string>;
  #isOmittedTold = false;
  /** Images that have no well. */
  #unplaced = 0;
  #areMultiplesTold = false;

  constructor(scene: RunScene['scene'], summary: RunSummary, copyHeader: readonly string[]) {
    this.#scene = scene;
    this.#summary = summary;
    this.#present = new Set(copyHeader);
  }

  /** Tells what a frame shows that has just been added to the summary. */
  of(record: FrameRecord | FrameFailure): void {
    this.#multiples();
    if (isFailure(record)) return;
    this.#omitted(record);
    if (record.grid?.missing !== undefined && this.#unplaced++ === 0)
      this.#scene.warn(`${record.grid.missing}: it has no well on the chip; further ones are counted`);
    for (const { name, missing } of record.headers ?? [])
      if (missing !== undefined && this.#present.delete(name))
        this.#scene.warn(`the header field ${name} is not copied from frames without it: ${missing}`);
  }

  /** Tells at the end how many images have no well, or may have a wrong one. */
  ofWells(maps: readonly ChipMap[]): void {
    for (const { doubt, series } of maps)
      if (doubt !== undefined) this.#scene.warn(`${series === undefined ? '' : `${series}: `}${doubt}`, true);
    if (this.#unplaced > 1) this.#scene.warn(`${this.#unplaced} images have no well on the chip`);
  }

  #multiples(): void {
    if (this.#areMultiplesTold || this.#summary.crystals < enoughForMultiples) return;
    this.#areMultiplesTold = true;
    for (const text of this.#scene.cellDoubts()) if (text !== this.#summary.doubt) this.#scene.warn(text);
  }

  #omitted({ origin, peaks: { count, omitted } }: FrameRecord): void {
    if (this.#isOmittedTold || !omitted) return;
    this.#isOmittedTold = true;
    this.#scene.warn(
      `${origin.filename} has ${count + omitted} peaks, of which the ${count} strongest are kept, as in every ` +
        `frame with more; the stream states the number of the others as ${omittedMark.split(' ')[0]}`,
    );
  }
}

/** Whether a later session may add frames to a run that ends now: one that was ended, or of the first frames only. */
const mayGoOn = ({ options: { signal, first }, scene: { source }, summary }: RunScene): boolean =>
  source.live === undefined && (signal?.aborted === true || summary.done >= (first ?? Number.POSITIVE_INFINITY));

/** Searches the frames that an earlier run did not finish, and writes the requested outputs. */
async function* runFrames(run: RunScene): AsyncGenerator<PipelineItem, void, undefined> {
  const { options, checked, scene, summary } = run;
  const { onEvent } = options;
  const { source, settings } = scene;
  const tell = (event: RunEvent): void => quietly(onEvent, event);
  const checkTold = (): void => {
    if (onEvent.failure) throw onEvent.failure;
  };
  const done = new Set<string>();
  const doneSerials = new Set<number>();
  let last = Number.NEGATIVE_INFINITY;
  let again: ReadonlySet<number> = new Set();
  let streamed = 0;
  const outputs = await Outputs.open(options, scene, {
    frame: (chunk) => {
      const { filename, event, serial, hit, cells, frameSum } = chunk;
      scene.chip?.earlier(chunk);
      streamed++;
      last = Math.max(last, serial);
      doneSerials.add(serial);
      if (checked.follow !== undefined) done.add(`${filename} ${event ?? '//0'}`);
      if (frameSum !== undefined) source.expectFrame?.(filename, event ?? '//0', frameSum);
      summary.addEarlier({ hit, cells });
    },
    unread: (serials) => {
      again = serials;
    },
  });
  for (const serial of again) last = Math.max(last, serial);
  if (last >= checked.serialStart) tell({ kind: 'resumed', after: last, again: again.size });
  const { total = streamed } = source;
  if (streamed > total)
    scene.warn(
      `the stream keeps the ${streamed} frames that it has, more than the ${total} that this run is to search`,
    );
  const isDone: IsDone = (serial, file, event) =>
    checked.follow !== undefined
      ? done.has(`${file} ${source.eventOf?.(file, event) ?? `//${event}`}`)
      : // A stream without its non-hits does not tell which frames before the last one were searched; any other does,
        // also if another choice of frames is searched now.
        options.nonHitsInStream === false || options.output === undefined
        ? serial <= last && !again.has(serial)
        : doneSerials.has(serial);
  try {
    await outputs.resume(isDone, streamed, (record) => summary.learn(record));
  } catch (error) {
    await outputs.discard();
    throw error;
  }
  const isFollowed = checked.follow !== undefined;
  const { place, head, warn } = scene;
  const stored = await storedResults({ options, place, head, isFollowed, warn }, outputs, isDone);
  const isFound: IsDone = (...frame) => stored.has(...frame) || isDone(...frame);
  const records = withStored(searched(run, stored, isFound), stored, options.signal);
  const warnings = new FrameWarnings(scene, summary, checked.copyHeader);
  let state: 'under way' | 'whole' | 'failed' = 'under way';
  const end = async (isWhole: boolean): Promise<void> => {
    summary.end();
    for (const text of scene.cellDoubts()) scene.warn(text);
    const question =
      summary.hits > 0 && summary.indexed === 0 ? tinyCellText(scene.settings.cells, 'frame') : undefined;
    if (question !== undefined) scene.warn(question);
    const hint = summary.lengthsHint();
    if (hint !== undefined) scene.warn(hint);
    const { doubts, remarks } = outputs.aboutDetector();
    if (doubts.length + remarks.length > 0) tell({ kind: 'detector', doubts, remarks });
    const ended = await outputs.close(isWhole, mayGoOn(run));
    const maps = scene.chip && { maps: scene.chip.maps.maps };
    warnings.ofWells(maps?.maps ?? []);
    tell({ kind: 'end', isWhole, summary, outputs: ended, isLive: source.live !== undefined, ...maps });
    checkTold();
  };
  const lattices = (settings.cells ?? []).map(latticeName);
  const geometry = stackedGeometry(scene.usedGeometry, source.first);
  const itemScene = { geometry, lattices, method: methodName(settings) };
  try {
    for await (const { record, item } of records) {
      checkTold();
      summary.add(record);
      warnings.of(record);
      await abortable(outputs.add(record), options.signal);
      onEvent({ kind: 'progress', stage: 'frames', share: summary.share, summary });
      yield item ?? pipelineItem(record, itemScene);
    }
    checkTold();
    state = 'whole';
  } catch (error) {
    if (!isEwaldError(error, 'Aborted') && error !== onEvent.failure) {
      state = 'failed';
      tell({ ...(await keptOf(outputs)), summary, isLive: source.live !== undefined });
    } else if ((checked.follow !== undefined || source.live !== undefined) && summary.done > 0) {
      // This is how one ends a run that waits for more. `resume` continues a complete stream of files as well.
      state = 'whole';
    }
    throw error;
  } finally {
    await closeIterator(records);
    // If the consumer leaves the loop or the signal fires, finished results are kept.
    if (state !== 'failed') await end(state === 'whole');
  }
}

/** The end of a run that failed: what it keeps of its outputs. */
async function keptOf(outputs: Outputs): Promise<Pick<RunEvent & { kind: 'end' }, 'kind' | 'isWhole' | 'outputs'>> {
  const file = await outputs.discard().catch(() => undefined);
  const kept = file === undefined ? [] : [{ output: 'stream' as const, state: 'kept' as const, file }];
  return { kind: 'end', isWhole: false, outputs: kept };
}

/** The geometry for a stream, which states the dataset that the user named instead of the one in the file. */
function readFrom(given: GivenGeometry, path: string | undefined): GivenGeometry {
  const geometry = ofDataset(given.geometry, path);
  return geometry === given.geometry ? given : { ...given, geometry, text: formatGeometry(geometry) };
}

/**
 * The source of a run; undefined for pushed files of which none can be read, which are items with `error`, and for a
 * run into which nothing was pushed.
 */
async function* sourceOrFailures(
  ...opening: Parameters<typeof openSource>
): AsyncGenerator<PipelineItem, RunSource | undefined, undefined> {
  try {
    return await openSource(...opening);
  } catch (error) {
    if (!(error instanceof NoneReadable)) throw error;
    const [, , { inputs, onEvent }, { serialStart, selection }] = opening;
    if (error.failed.length === 0 && !(inputs instanceof PushQueue)) throw error;
    const summary = new RunSummary(error.failed.length, undefined);
    for (const [i, { wanted, error: cause }] of error.failed.entries()) {
      if (!isSelected(selection, i)) continue;
      const item = { origin: { filename: wanted.file, event: undefined, serial: serialStart + i }, error: cause };
      summary.add(failureOf(item));
      yield item;
    }
    if (!error.areAll) throw error;
    onEvent?.({ kind: 'end', isWhole: true, summary, outputs: [], isLive: false });
    return undefined;
  }
}

export async function openSource(
  place: RunPlace,
  given: FrameInputs,
  options: PipelineOptions,
  { serialStart, selection, follow, firstFramesTimeoutS, copyHeader, allowOutside }: CheckedRun,
  geometry: Geometry | undefined,
  warn: SourceOptions['warn'],
): Promise<RunSource> {
  const { dataset, allowMissing, checksums, maxFrameBytes, signal } = options;
  const shown = options.html !== undefined;
  const viewed = options.view !== undefined;
  const reading: SourceOptions = {
    geometry,
    dataset,
    serialStart,
    allowMissing,
    checksums,
    maxFrameBytes,
    allowOutside: allowOutside === true,
    copyHeader,
    positions: options.gridFields === undefined ? undefined : fieldNames(options.gridFields),
    numbered: hasGrid(options),
    shown,
    viewed,
    signal,
    warn,
    firstFramesTimeoutS,
    isFirstTimed: options.firstFramesTimeoutS !== undefined,
  };
  if (given.kind === 'live') return given.input.openLive(reading);
  const { siblings } = given;
  // Files that the geometry names, such as masks, are given with the frames in pages, where nothing lies beside a File.
  const named = new Set(geometry?.panels.flatMap(({ masks }) => masks.map(({ file }) => file?.replace(/^.*\//, ''))));
  const wanted = Array.isArray(given.wanted)
    ? given.wanted.filter(({ file, input }) => !(input && named.has(file)))
    : given.wanted;
  return FileSource.open(place, { ...reading, wanted, siblings, selection, follow });
}

/** For live frames, rejects options that require files. */
function refuseForLive(address: string, options: PipelineOptions): void {
  const names = ['follow', 'first', 'frames', 'shard', 'resume', 'bad'] as const;
  const without = names.find((name) => options[name] !== undefined && options[name] !== false);
  if (without !== undefined)
    throw new EwaldError(
      'Argument',
      `pipeline: ${without} is for frames in files; those of ${address} arrive only once`,
    );
}

/** Rejects options that cannot be sent to workers. */
function refuseForExecutor(options: PipelineOptions): void {
  const without = (['bad', 'openOther'] as const).find((name) => options[name] !== undefined);
  if (without !== undefined)
    throw new EwaldError('Argument', `pipeline: ${without} is of this process; an executor's workers do not get it`);
}

/** Rejects frames that workers cannot open: a dataset, and a File outside of this process. Throws `Argument`. */
function refuseForWorkers({ file, dataset, input }: FrameSpec, kind: string): void {
  const isFile = typeof input === 'object' && !('href' in input);
  if (dataset === undefined && !(isFile && !['workers', 'inline'].includes(kind))) return;
  throw new EwaldError(
    'Argument',
    `pipeline: ${file} is ${dataset ? 'open' : 'a File'} in this process; an executor's workers open ` +
      `${isFile ? '' : 'Files, '}paths and addresses`,
  );
}

/** The files that the run reads, which no output may replace. */
function readsOf({ inputs, geometry, cells = [] }: PipelineOptions, given: GivenInputs) {
  const isName = (one: unknown): one is string => typeof one === 'string' && !/[\r\n]/.test(one);
  const all: readonly unknown[] = Array.isArray(inputs) ? inputs : [inputs];
  const member = (name: string): unknown[] =>
    all.flatMap((one) =>
      typeof one === 'object' && one !== null && name in one ? [(one as Record<string, unknown>)[name]] : [],
    );
  const series = [...all, ...member('file')].filter(isName);
  const wanted = given.kind === 'frames' && Array.isArray(given.wanted) ? given.wanted : [];
  const lists = member('list');
  const files = [...wanted.map(({ file }) => file), ...lists, geometry, ...[cells].flat()];
  return { inputs: files.filter(isName), series, everyFormat: true };
}

/** Refuses what a sink wants beyond the corner of the detector; the position of the detector may still be refined. */
async function checkReach({ checkReach: check }: FrameSink, own: { detector(): Promise<Detector> }): Promise<void> {
  if (!check) return;
  const { geometry, beam } = await own.detector();
  check(largestInverseD(geometry, beam));
}
