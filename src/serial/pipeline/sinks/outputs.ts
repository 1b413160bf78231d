/** All outputs of a run. They are independent: an output that fails is reported, and the others are written. */
import { checkedValue, row } from '../../../base/call-options.js';
import { EwaldError } from '../../../base/errors.js';
import type { PlatformSignal } from '../../../base/globals.js';
import { inspect } from '../../../base/options.js';
import { argumentError, namesOf, setting } from '../../../base/parameters.js';
import type { Geometry } from '../../../crystal/geometry/geometry.js';
import { latticeName } from '../../../crystal/lattice-name.js';
import { marks } from '../../../crystal/stream/stream.js';
import { sizeOf } from '../../../io/chip/grid.js';
import type { Detector } from '../../../io/detector/detector.js';
import { stackedGeometry } from '../../../io/detector/stacked.js';
import type { Inputs } from '../../../io/files/inputs.js';
import type { Output, WriteOptions } from '../../../io/files/write.js';
import type { ShownPanes } from '../../../io/live/shown-panes.js';
import type { DetectorRemarks, SettledCells } from '../../refinement/detector-remarks.js';
import { placeOf } from '../grid/frame-grid.js';
import type { GridOptions } from '../grid/grid-options.js';
import { type MapFile, mapWriting, parseMapFile } from '../grid/map-files.js';
import type { ChipSink } from '../grid/map-sink.js';
import type { OutputTarget, RunPlace } from '../inputs/place.js';
import { milleDefaults, sinkRows } from '../parameters.js';
import { type FrameFailure, type FrameRecord, isFailure } from '../record.js';
import type { Region } from '../regions/region.js';
import type { SearchSettings } from '../settings.js';
import type { ShardFolder } from '../shards/folder.js';
import { JoinedStream } from '../shards/joined-stream.js';
import type { IsDone, RunSource } from '../sources/source.js';
import { bandwidthOf } from '../streams/chunk.js';
import type { RunSummary } from '../summary.js';
import { Ends } from './ends.js';
import { abortableTarget } from './function-output.js';
import { DetectorSink } from './refined-geometry.js';
import { regionStatus } from './region-status.js';
import type { RunView, ViewedRun } from './run-view.js';
import { type FrameSink, type OutputEnd, sinkWriting, solutionSink } from './sink.js';
import { agreementSink } from './stream-agreement.js';
import type { EarlierFrames, StreamFile } from './stream-file.js';
import { type StreamContents, streamText } from './stream-text.js';

/** The outputs of a run; the options are named like the flags of `ewald index`. */
export interface OutputOptions extends StreamContents {
  /** A CrystFEL stream. */
  readonly output?: OutputTarget | undefined;
  /** Peaks, cells and reflections as HDF5. */
  readonly hdf5?: OutputTarget | undefined;
  /** Orientations in the format that CrystFEL's `--indexing=file` reads. */
  readonly sol?: OutputTarget | undefined;
  /** A report with images, as one self-contained page. */
  readonly html?: OutputTarget | undefined;
  /** The geometry with the distance and beam position refined from the crystals. */
  readonly refinedGeometry?: OutputTarget | undefined;
  /** Writes calibration data for Millepede-II and CrystFEL's `align_detector`. Default false. */
  readonly mille?: boolean | undefined;
  /** With `mille`: the file that is written; default mille-data.bin in the current directory. */
  readonly milleFile?: OutputTarget | undefined;
  /** With `mille`: the deepest level of groups that may move, 0 (the whole detector alone) … 99; default 99. */
  readonly maxMilleLevel?: number | undefined;
  /** Further outputs; they receive every frame in order, and are closed with the run. */
  readonly sinks?: readonly FrameSink[] | undefined;
  /**
   * A viewer that follows the run in a browser: `await serveView([])` of `ewald/view`, owned by the caller. It never
   * slows down the run.
   */
  readonly view?: RunView | undefined;
  /** Continues the stream of a run that did not end; frames that could not be read are tried again. Default false. */
  readonly resume?: boolean | undefined;
  /** Replaces files that ewald did not write, and a stream that is not finished. Default false. */
  readonly force?: boolean | undefined;
  /**
   * How the run was started, as recorded in the stream and the report; default: the options that determine the contents
   * of the stream.
   */
  readonly commandLine?: string | undefined;
}

export const outputNames = [...namesOf(sinkRows), 'resume', 'sinks', 'view', 'commandLine'] as const;

/** What is written: the outputs, and the maps of a chip. */
type RunOutputs = OutputOptions & Pick<GridOptions, 'map'>;

/** The properties of a run that its outputs require. */
interface OutputScene extends SettledCells {
  readonly place: RunPlace;
  /** The signal of the run. */
  readonly signal: PlatformSignal | undefined;
  readonly source: RunSource;
  /** The chips that are scanned, if the run says where its images are. */
  readonly chip?: ChipSink | undefined;
  /** The given geometry; undefined if the first file describes its own. */
  readonly geometry: Geometry | undefined;
  /** The given geometry, or the one that the file describes. */
  readonly usedGeometry: Geometry;
  /** The text of the geometry, if the run has refined it before searching its frames. */
  readonly refined?: string | undefined;
  readonly settings: SearchSettings;
  /** Frames per second of this session. */
  readonly rate: () => number;
  /** The regions of its frames, and their means in the last minute. */
  readonly rois: readonly Region[];
  readonly regionMeans: () => RunSummary['regions'];
  /** Whether the cell is in doubt according to the frames so far, so that no geometry can be fitted to it. */
  readonly isDoubtful: () => boolean;
  /** Remarks that known cells are not those of the peaks. */
  readonly cellDoubts: () => readonly string[];
  /** Whether they are multiples of the right ones, or of other centrings. */
  readonly isOtherCell: () => boolean;
  readonly head: string;
  /** The text of the geometry in the head. */
  readonly geometryText: string;
  readonly commandLine: string;
  readonly detector: () => Promise<Detector>;
  readonly reads: Inputs;
  readonly warn: (text: string, isDoubtful?: boolean) => void;
  /** What was warned of so far. */
  readonly warnings: ReadonlySet<string>;
  readonly failed: (error: unknown) => void;
}

/** The results of an earlier session of the run. */
export interface Earlier {
  readonly frame: (chunk: {
    readonly filename: string;
    readonly event: string | undefined;
    readonly serial: number;
    readonly hit: boolean;
    readonly cells: readonly (readonly number[])[];
    readonly text: string;
    readonly frameSum: number | undefined;
  }) => void;
  readonly unread: (serials: ReadonlySet<number>) => void;
}

/** The name of an output in messages. */
const targetName = (target: OutputTarget, what: string): string => (typeof target === 'string' ? target : what);

const { file: usualMilleFile, levels: maxLevels } = milleDefaults;

const kinds = ['refinedGeometry', 'sol', 'hdf5', 'html'] as const;

const targetNames = ['output', 'milleFile', ...kinds] as const;

/** The outputs of a run that ends with a signal, whatever functions of the caller receive them. */
export function endingOutputs<T extends OutputOptions>(options: T, signal: PlatformSignal): T {
  const targets = targetNames.map((name) => [name, options[name]] as const);
  const heeded = targets.map(
    ([name, to]) => [name, typeof to === 'function' ? abortableTarget(to, signal) : to] as const,
  );
  return { ...options, ...Object.fromEntries(heeded.filter(([, target]) => target !== undefined)) };
}

/** Checks that the outputs can be combined. Throws `Argument`. */
export function checkOutputs(options: OutputOptions): void {
  const { output, resume } = options;
  if (resume && output === undefined)
    throw new EwaldError('Argument', 'pipeline: resume needs a stream to continue: output');
  checkMille(options);
  for (const name of targetNames) {
    const target = options[name];
    if (target !== undefined && typeof target !== 'string' && typeof target !== 'function')
      throw new EwaldError('Argument', `pipeline: ${name} is no path and no function that receives bytes`);
  }
  if (options.view !== undefined && typeof (options.view as Partial<RunView> | null)?.runSink !== 'function')
    throw new EwaldError(
      'Argument',
      `pipeline: view is ${inspect(options.view)}; it expects what await serveView([]) of ewald/view gives`,
    );
}

/** Checks the options of calibration data. Throws `Argument`. */
function checkMille(options: OutputOptions): void {
  const isWanted = checkedValue('pipeline: mille', options.mille, row.flag);
  checkedValue('pipeline: maxMilleLevel', options.maxMilleLevel, row.integer(0, maxLevels, maxLevels));
  const alone = (['milleFile', 'maxMilleLevel'] as const).find((name) => !isWanted && options[name] !== undefined);
  if (alone !== undefined)
    throw new EwaldError('Argument', `pipeline: ${alone} belongs to calibration data: mille: true (--mille)`);
}

/** The file of calibration data; undefined if none is wanted. */
const milleTarget = ({ mille, milleFile = usualMilleFile }: OutputOptions): OutputTarget | undefined =>
  mille ? milleFile : undefined;

/** The files of maps of a chip. */
const mapFiles = ({ map = [] }: Pick<GridOptions, 'map'>): MapFile[] => map.map(parseMapFile);

/** Rejects outputs that have one name, before anything is read. Throws `Argument`. */
export async function checkNames(options: RunOutputs, place: RunPlace): Promise<void> {
  const targets = ['output' as const, ...kinds].map((name) => options[name]);
  const maps = mapFiles(options).map(({ file }) => file);
  await place.refuseSame([...targets, milleTarget(options), ...maps].filter((target) => target !== undefined));
}

/** Rejects early outputs that cannot be written; `most` is how many frames the run may have. */
export async function checkTargets(
  options: RunOutputs,
  place: RunPlace,
  { reads, most, isLive }: { readonly reads: Inputs; readonly most: number; readonly isLive: boolean },
): Promise<void> {
  const force = options.force ?? false;
  if (options.output !== undefined)
    await place.checkStream(options.output, { force, resume: options.resume ?? false, reads, most });
  for (const kind of kinds) {
    const target = options[kind];
    if (target !== undefined) await place.checkOutput(target, { force, ...reads, ...writingOf(kind, options, isLive) });
  }
  for (const map of mapFiles(options))
    await place.checkOutput(map.file, { force, ...reads, ...mapWriting(map, options) });
  const mille = milleTarget(options);
  if (mille !== undefined) await place.checkOutput(mille, { force, ...reads, ...writingOf('milleFile', options) });
}

/** Which files an output may replace: a run that is resumed writes those of its earlier sessions anew. */
function writingOf(kind: keyof typeof sinkWriting, { resume }: OutputOptions, isLive = false): WriteOptions {
  const { left, ...writing }: WriteOptions = sinkWriting[kind];
  // A report that is there may be of received frames as well.
  if (isLive && writing.replaces)
    return { ...writing, replaces: undefined, otherwise: 'may be of frames that cannot come again' };
  return { ...writing, left, ...(resume && left ? { replaces: left } : {}) };
}

/** Outputs that need the frames of all sessions, apart from the sinks of the caller. */
const ofAllFrames = ['hdf5', 'sol', 'html', 'refinedGeometry', 'mille'] as const;

/** The outputs that are open. */
interface Opened {
  /** The files other than the stream, with the one that `stand` may write. */
  readonly files: readonly FrameSink[];
  readonly stand: DetectorSink;
  readonly view: readonly FrameSink[];
  readonly stream: StreamFile | undefined;
}

export class Outputs {
  readonly #options: OutputOptions;
  readonly #scene: OutputScene;
  readonly #ends: Ends;
  readonly #sinks: readonly FrameSink[];
  #stream: StreamFile | undefined;
  #joined: JoinedStream | undefined;
  readonly #frames: EarlierFrames | undefined;
  readonly #stand: DetectorSink;
  /** The files other than the stream. */
  readonly #files: readonly FrameSink[];
  /**
   * What the first new frame leads to, in a run that is resumed after all its files were finished: until then, they
   * stay as they are.
   */
  #lacks: (() => void) | undefined;
  /** Whether this session has written a chunk. */
  #isWritten = false;

  private constructor(options: OutputOptions, { files, stand, view, stream }: Opened, scene: OutputScene) {
    this.#options = options;
    // The sinks of the caller are closed before the report and the viewer, which show their results.
    this.#sinks = [...(options.sinks ?? []), ...files, ...view];
    this.#files = files;
    this.#stand = stand;
    this.#stream = stream;
    this.#frames = stream?.frames;
    this.#scene = scene;
    this.#ends = new Ends(this.#sinks, scene.failed);
  }

  /** Remarks on the detector, derived from the crystals. */
  aboutDetector(): DetectorRemarks {
    return this.#stand.told();
  }

  /** Opens all outputs: one that cannot be written must not leave an unfinished stream. */
  static async open(options: RunOutputs, scene: OutputScene, earlier: Earlier): Promise<Outputs> {
    const { place, reads } = scene;
    const writing: WriteOptions = { force: options.force ?? false, signal: scene.signal, ...reads };
    const sinks: FrameSink[] = [];
    try {
      const { refinedGeometry } = options;
      const { isDoubtful } = scene;
      const stand =
        refinedGeometry === undefined
          ? new DetectorSink(scene, isDoubtful)
          : new DetectorSink(scene, isDoubtful, {
              output: await place.openOutput(refinedGeometry, { ...writing, ...writingOf('refinedGeometry', options) }),
              name: targetName(refinedGeometry, 'the refined geometry'),
              refined: scene.refined,
            });
      sinks.push(stand);
      const remarks = (): string[] => {
        const { doubts, remarks: others } = stand.told();
        // What is wrong with the files matters to whoever reads the report, too.
        return [...new Set([...scene.cellDoubts(), ...doubts, ...others, ...scene.warnings])];
      };
      for await (const sink of openSinks(options, scene, writing, remarks)) sinks.push(sink);
      const { findings } = scene.source;
      const agreement = findings ? [agreementSink(findings, scene.settings.finder === 'stream', scene.warn)] : [];
      sinks.push(...agreement);
      const files = [...sinks];
      const ofPage = [...(options.sinks ?? []), ...agreement];
      const view = options.view ? [options.view.runSink(viewedRun(scene, ofPage))] : [];
      sinks.push(...view);
      const stream =
        options.output === undefined
          ? undefined
          : await place.openStream(options.output, {
              force: options.force ?? false,
              resume: options.resume ?? false,
              keepsFrames:
                ofAllFrames.some((name) => options[name]) || options.sinks?.some((sink) => sink.isOfWholeRun === true),
              reads,
              head: scene.head,
              tell: scene.warn,
              signal: scene.signal,
              earlier: earlier.frame,
              unread: earlier.unread,
            });
      return new Outputs(options, { files, stand, view, stream }, scene);
    } catch (error) {
      for (const sink of sinks) await sink.discard();
      throw error;
    }
  }

  async add(item: FrameRecord | FrameFailure): Promise<void> {
    if (isFailure(item)) {
      for (const sink of this.#sinks) sink.fail?.(item);
      await this.#stream?.unread(item.origin.serial);
      return;
    }
    this.#lacks?.();
    await this.#ends.add(item);
    await this.#frames?.add(item);
    const { storedText } = item;
    if (storedText) await (storedText.length > 0 && this.#joined?.join(storedText));
    else {
      const text = item.text ?? (this.#stream && streamText(item, this.#options));
      if (text && text.length > 0) await this.#stream?.write(text);
    }
    this.#isWritten = true;
  }

  /** Whether there is a stream that a later run can continue: a regular file. */
  get isContinuable(): boolean {
    return this.#stream?.isContinuable === true;
  }

  /** Whether an output needs frames with their peaks, indices and reflections. */
  get needsWhole(): boolean {
    return this.#sinks.some(({ isBrief }) => !isBrief);
  }

  /**
   * Passes the frames of earlier sessions to the outputs that hold them, and to `learn`; `streamed` of them are in the
   * stream. If some are missing, throws `Argument` for tables, and warns of other outputs, that would lack them; if all
   * outputs were finished, only when a frame is added.
   */
  async resume(isDone: IsDone, streamed: number, learn: (record: FrameRecord) => void): Promise<void> {
    if (!this.#frames) return;
    let found = 0;
    const done = ({ origin: { serial, filename, event = 0 } }: FrameRecord): boolean => isDone(serial, filename, event);
    for await (const record of this.#frames.read(done)) {
      if (record.hit || this.#options.nonHitsInStream !== false) found++;
      learn(record);
      await this.#ends.add(record, true);
    }
    if (found >= streamed) return;
    const lacking = ofAllFrames.filter((name) => this.#options[name]);
    const tables = lacking.filter((name) => name === 'hdf5' || name === 'sol');
    const why = `the results of ${streamed - found} of the ${streamed} frames in the stream were not kept`;
    const lacks = (): void => {
      this.#lacks = undefined;
      if (tables.length > 0)
        throw argumentError(
          'pipeline',
          (said) =>
            `${tables.map(said).join(' and ')} would lack frames: ${why}; leave it out with ${said('resume')}, or ` +
            `begin again with ${setting(said, 'force', true)}`,
        );
      this.#scene.warn(
        `${lacking.length > 0 ? lacking.join(' and ') : 'the merge'} will cover only frames of this session: ${why}`,
      );
    };
    // The merge of a run has no file; it was told when the stream was finished.
    const areFinished =
      lacking.length > 0 ? await this.#areFinished(lacking) : this.#stream?.isFinished === true && found === 0;
    if (found === 0 && areFinished) this.#lacks = lacks;
    else lacks();
  }

  /** Whether files were finished after the stream, as the end of a run does: each is then of all its frames. */
  async #areFinished(names: readonly (typeof ofAllFrames)[number][]): Promise<boolean> {
    const { files } = this.#scene.place;
    const { output } = this.#options;
    const targets = names.map((name) => (name === 'mille' ? milleTarget(this.#options) : this.#options[name]));
    for (const target of targets)
      if (typeof target !== 'string' || typeof output !== 'string' || !(await files?.isAfter(target, output)))
        return false;
    return true;
  }

  /** Joins the stream from the texts that workers store in a folder. */
  joinFrom(folder: ShardFolder): void {
    if (!this.#stream) return;
    this.#joined = new JoinedStream(this.#stream, folder);
    this.#stream = this.#joined;
  }

  /** Ends a run: outputs are complete, or contain the frames finished so far; with `mayGoOn`, `resume` adds more. */
  async close(isWhole: boolean, mayGoOn: boolean): Promise<OutputEnd[]> {
    const { output } = this.#options;
    const wholes = (this.#options.sinks ?? []).filter(({ isOfWholeRun }) => isOfWholeRun);
    const finished = this.#lacks ? [...this.#files, ...wholes] : [];
    if (isWhole && this.#isWritten && this.#scene.isOtherCell()) await this.#stream?.write(`${marks.otherCell}\n`);
    const ended = await this.#ends.close(this.#stream, isWhole, finished);
    // The last thing of a run: a process that is killed before has lost nothing of an output.
    if (isWhole && !mayGoOn && this.#frames) {
      if (!this.#ends.failed) await this.#frames.remove();
      else this.#scene.warn('the results of the frames are kept: resume (--resume) writes the outputs once more');
    }
    const sinks = ended.sinks.filter((text) => text !== '');
    const state = isWhole ? 'written' : 'kept';
    const all: OutputEnd[] = [];
    if (this.#stream) {
      const file = typeof ended.stream === 'string' ? ended.stream : isWhole ? plainName(output) : undefined;
      all.push({ output: 'stream', state: ended.stream === false ? 'failed' : state, file });
    }
    for (const text of sinks) all.push({ output: 'sink', state, text });
    if (this.#ends.failed && ended.stream !== false) all.push({ output: 'sink', state: 'failed' });
    return all;
  }

  /** Ends a failed run; returns the name of the unfinished stream, if it is kept. */
  async discard(): Promise<string | undefined> {
    await this.#ends.discard();
    return this.#stream?.leave();
  }
}

/** Opens the files of the maps of a chip. */
async function openMaps(
  chip: ChipSink,
  options: RunOutputs,
  place: RunPlace,
  writing: WriteOptions,
): Promise<ChipSink> {
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
function viewedRun(
  { source, geometryText, settings, chip, rois, regionMeans }: OutputScene,
  sinks: readonly FrameSink[] = [],
): ViewedRun {
  const [height = 1, width = 1] = source.first.shape.sig.slice(-2);
  const splitting = sinks.find(({ datasetOf }) => datasetOf !== undefined);
  return {
    name: source.first.name,
    geometry: geometryText,
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
    status: () => definedOf([...sinks.map((sink) => sink.status?.()), regionStatus(rois, regionMeans())]),
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

const plainName = (target: OutputTarget | undefined): string | undefined =>
  typeof target === 'string' && target !== '-' ? target : undefined;

async function* openSinks(
  options: RunOutputs,
  scene: OutputScene,
  writing: WriteOptions,
  remarks: () => readonly string[],
): AsyncGenerator<FrameSink> {
  const { sol, hdf5, html, sinks = [] } = options;
  const { place, source, settings, commandLine, warn, chip } = scene;
  const { cells = [] } = settings;
  const mille = milleTarget(options);
  if (mille !== undefined) {
    const { milleSink } = await import('./mille.js');
    const output = await place.openOutput(mille, { ...writing, ...writingOf('milleFile', options) });
    const geometry = stackedGeometry(scene.usedGeometry, source.first);
    yield milleSink(output, targetName(mille, 'the output'), geometry, options.maxMilleLevel ?? maxLevels);
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
    const bandwidth = bandwidthOf(scene.usedGeometry);
    const { rois, head: streamHead } = scene;
    const regions =
      rois.length > 0 ? new (await import('./hdf5-rois.js')).RegionTable(rois, await scene.detector()) : undefined;
    const profileFrames = settings.profile?.frames;
    const file = targetName(hdf5, 'the output');
    yield hdf5Sink(output, { file, commandLine, streamHead, bandwidth, regions, profileFrames }, () =>
      place.openCodecs(),
    );
  }
  if (chip) yield await openMaps(chip, options, place, writing);
  if (html !== undefined) {
    const { reportSink } = await import('./report.js');
    const output = await place.openOutput(html, {
      ...writing,
      ...writingOf('html', options, source.live !== undefined),
    });
    yield reportSink(output, {
      file: targetName(html, 'the output'),
      title: source.first.name.replace(/^.*\//, ''),
      geometry: scene.geometry,
      cell: cells[0],
      kept: source.kept,
      reopen: (file) => source.reopen(file),
      detector: scene.detector,
      regions: scene.rois,
      sections: () => definedOf([...(chip ? [chip] : []), ...sinks].map((sink) => sink.reportSection?.())),
      commandLine,
      rate: scene.rate,
      remarks,
      warn,
    });
  }
}
