/**
 * The state of the page and the methods that change it. Everything displayed is derived from it; the controls call its
 * methods, and `onChange` is called when something has to be redrawn.
 */
import { counted, framesText } from '../../entries/pages.js';
import { Latest, Replaced, type WorkerCalls } from './calls.js';
import { type ColourMapName, colourMaps, isLight } from './colour-maps.js';
import { automaticLimits, type ContrastRule, type FrameData, Histogram, type Limits, sampleOf } from './contrast.js';
import { sortFiles } from './files.js';
import { type Filter, isOfKind, unknownKind } from './frame-filter.js';
import { PanelLayout, wholeFrame } from './layout.js';
import type { Pane } from './pane.js';
import type {
  AskedShape,
  FinderParameters,
  FrameSummary,
  InputFile,
  LiveFacts,
  Opened,
  OpeningHow,
  OpenRequest,
  ShownCrystal,
  ShownPeaks,
  ShownRing,
  StackKind,
} from './protocol.js';
import type { ScaleName } from './shaders.js';
import { type ShownStage, stageLimits, stageRange } from './stages.js';

/** Resolutions of the rings, Å. */
const ringResolutions = [40, 20, 10, 7, 5, 4, 3.5, 3, 2.5, 2.2, 2, 1.8, 1.6, 1.4, 1.2, 1];

/** Whether frames are shown as a scan: crystals of a known cell are viewed one by one. */
export const isScanOf = ({ navigation, cell, listed }: Opened): boolean => navigation.length === 2 && !cell && !listed;

/** Number of peaks of a frame that counts as a hit, as in a run. */
const hitPeaks = 5;

/** What takes longer than this, ms, is shown while it lasts. */
const blinkMs = 250;

/** A worker that has not answered for this long is replaced when other files are opened. */
const longestWaitMs = 3000;

/** A worker that dies again within this time, ms, is not replaced: what is open would kill every worker. */
const reviveMs = 60_000;

export class Viewer {
  readonly pane: Pane;
  readonly engine: WorkerCalls;
  opened: Opened | undefined;
  frame = 0;
  /** Name of the image that is shown instead of a frame, such as a sum of ten. */
  stackName: string | undefined;
  /** The picture of the frame that is shown: its values, or a stage of the peak search. */
  stage: ShownStage = 'frame';
  peaks: ShownPeaks | undefined;
  crystals: readonly ShownCrystal[] = [];
  rings: readonly ShownRing[] = [];
  /** Where the beam meets the displayed plane, which a drag may change. */
  beam: Opened['beam'];
  summaries: (FrameSummary | undefined)[] = [];
  parameters: FinderParameters = { threshold: 0, minSnr: 5, localBgRadius: 3 };
  /** Whether a slider has been moved; the address then contains the parameters. */
  parametersMoved = false;
  histogram = new Histogram(new Float64Array(0));
  locked = false;
  colours: ColourMapName = 'grey-inverse';
  filter: Filter = 'all';
  running = false;
  readonly show = new Set(['peaks', 'reflections', 'rings', 'mask', 'values', 'bar']);
  /** How often a geometry was adjusted in the page. */
  adopted = 0;
  /** Whether the open file is the run that the server of the page follows. */
  isLive = false;
  /** Whether the parameters of the finder have been tuned or set, and are not just a guess. */
  parametersKnown = false;
  /** What the page waits for, in a word; empty if there is nothing, or only for a blink. */
  busy = '';
  /** Number of workers that search all frames; default: one per core. */
  workers = navigator.hardwareConcurrency;
  /** The stream of the last search of all frames, and its report if it was requested. */
  stream: Blob | undefined;
  html: Blob | undefined;
  /** Ends the search of all frames. */
  stop: () => void = () => undefined;
  onChange: () => void = () => undefined;
  /** Called when a run has searched another frame, which changes lists and charts, but no picture. */
  onProgress: () => void = () => undefined;
  /** Called when a file has been opened and its first frame read. */
  onOpened: (opened: Opened) => Promise<void> = async () => undefined;
  /** Called for files without a header, to ask for what they do not state; whether it does. */
  onHeaderless: (files: readonly InputFile[], shape: AskedShape) => boolean = () => false;
  /** Called with messages for the user; `wrong` is true for errors. */
  onMessage: (text: string, wrong: boolean) => void = () => undefined;
  /** Reports an error to the user; bound, so that it can be passed on. */
  readonly fail = (error: unknown): void => {
    if (error instanceof Replaced) return;
    const text = error instanceof Error ? error.message : String(error);
    // A part of the page that is loaded when it is needed.
    const isPart = /dynamically imported module|module script/i.test(text);
    this.onMessage(
      isPart ? 'The server of this page does not answer; start it again and reload this page.' : text,
      true,
    );
  };
  readonly #frames: Latest<[frame: number]>;
  readonly #finds: Latest<[]>;
  /** Number of the open file, counting all that were opened; results for an earlier one are dropped. */
  #file = 0;
  /** The frame that was indexed last. */
  #indexed: number | undefined;
  /** How many times files were given; an error of an earlier time is not shown. */
  #drops = 0;
  /** What is being opened. */
  #opening: Promise<void> = Promise.resolve();
  #request: OpenRequest | undefined;
  /** Opens once more what is open; undefined while something is being opened. */
  #reopen: (() => Promise<unknown>) | undefined;
  /** When the worker was last replaced after it had died, ms. */
  #revivedAt = Number.NEGATIVE_INFINITY;
  /** Whether patterns of a scan are displayed, whose background is not flat. */
  #patterns = false;
  /** The scale of the frame while a stage is shown. */
  #frameScale: ScaleName = 'linear';
  /** How the limits of the displayed values are chosen. */
  #automatic: Limits | ContrastRule = 'spots';
  /** Whether the user has chosen the colours, which then no longer follow the page. */
  #coloursChosen = false;

  constructor(pane: Pane, engine: WorkerCalls) {
    this.pane = pane;
    this.engine = engine;
    this.#frames = new Latest((frame) => this.#load(frame), this.fail);
    this.#finds = new Latest(() => this.#find(), this.fail);
    engine.onDeath = (reason) => void this.#revive(reason);
    this.#setColours(this.colours);
  }

  /** Lists a frame that a run has searched. */
  readonly listFrame = (summary: FrameSummary): void => {
    this.summaries[summary.frame] = summary;
    this.onProgress();
  };

  /** Number of requests for frames and peaks that a newer request replaced. */
  get dropped(): number {
    return this.#frames.dropped + this.#finds.dropped;
  }

  /** Opens files. A geometry or a cell alone applies to the frames that are open. */
  async open(files: readonly InputFile[], how: OpeningHow = {}): Promise<void> {
    const drop = ++this.#drops;
    let sorted: OpenRequest | undefined;
    try {
      sorted = sortFiles(files);
      const brought = {
        ...sorted,
        opening: how.opening,
        calibration: how.calibration,
        leftOut: how.leftOut,
        compute: how.compute,
      };
      // A geometry that arrives while frames are being opened applies to them.
      if (brought.frames.length === 0) await this.#opening;
      // A raster scan is shown frame by frame once its cell is known.
      if (brought.cell && files.length === 1 && this.opened && this.opened.navigation.length !== 2) {
        await this.setCell(brought.cell);
        return;
      }
      const opening = this.#open(this.#completed(brought));
      this.#opening = opening.catch(() => undefined);
      await opening;
    } catch (error) {
      // The error of an earlier drop must not replace the message of a later one.
      if (drop !== this.#drops) return;
      const { frames } = sorted ?? { frames: [] };
      const { asks } = error as { readonly asks?: AskedShape };
      if (asks && this.onHeaderless(frames, asks)) this.onMessage('', false);
      else this.fail(error);
    }
  }

  /** Indexes with another cell from now on; undefined: with none until it is determined. */
  async setCell(file: InputFile | undefined): Promise<void> {
    const at = this.#file;
    const known = await this.engine.call('cell', file);
    if (at !== this.#file || !this.opened) return;
    if (this.#request) this.#request = { ...this.#request, cell: file };
    this.opened = { ...this.opened, ...known };
    this.onMessage(known.cell ? `Frames are indexed with the cell of ${file?.name}.` : 'No cell is known.', false);
    this.onChange();
  }

  /** Uses a geometry that was adjusted in the page, also for all frames; a frame with crystals is indexed anew. */
  async adopt(text: string): Promise<void> {
    this.adopted++;
    if (this.#request)
      this.#request = { ...this.#request, geometry: { name: 'adjusted.geom', blob: new Blob([text]) } };
    if (this.stackName) return;
    if ((this.crystals.length > 0 || this.#indexed === this.frame) && this.opened?.cell) await this.index();
    else await this.find();
  }

  /** What is open, and how it is read. */
  get request(): OpenRequest | undefined {
    return this.#request;
  }
  /** Opens the files again when the worker has died, unless it died while it opened them, or a moment ago as well. */
  async #revive(reason: string): Promise<void> {
    const reopen = performance.now() - this.#revivedAt > reviveMs ? this.#reopen : undefined;
    this.#revivedAt = performance.now();
    if (!reopen) {
      this.onMessage(`${reason}. Open the files again; outside of a browser, a run may use more memory.`, true);
      return;
    }
    const { frame } = this;
    const wasPattern = this.#patterns;
    try {
      await reopen();
      if (!wasPattern && !this.isLive) await this.go(frame);
      this.onMessage(`${reason}. The files have been opened again.`, true);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Opens the files once more as a scan of some shape; undefined: of the shape that they state. */
  async reshape(navShape: readonly number[] | undefined): Promise<void> {
    const request = this.#request;
    if (!request) return;
    // The server computes the shape that it was told.
    const other = { ...request, compute: undefined, opening: { ...request.opening, navShape } };
    await this.#open(other).catch((error) => this.fail(error));
  }

  #completed(brought: OpenRequest): OpenRequest {
    if (brought.frames.length > 0) return brought;
    if (!this.#request && brought.stream)
      throw new Error(`${brought.stream.name} is a stream; drop the frames that it names together with it.`);
    if (!this.#request)
      throw new Error('These files hold no frames; drop the frames together with their .geom and .cell.');
    return {
      ...this.#request,
      ...(brought.geometry ? { geometry: brought.geometry } : {}),
      ...(brought.cell ? { cell: brought.cell } : {}),
      ...(brought.stream ? { stream: brought.stream } : {}),
    };
  }

  async #open(request: OpenRequest): Promise<void> {
    const { frames, stream } = request;
    const file = ++this.#file;
    this.#reopen = undefined;
    this.onMessage(`Opening ${(stream ?? frames[0])?.name}…`, false);
    // A worker that is busy for long, or that never answers, is replaced, so that other files can always be opened.
    if (this.engine.waitingMs > longestWaitMs) this.engine.end(new Replaced('Other files were opened.'));
    const opened = await this.engine.call('open', request);
    if (file !== this.#file) return;
    this.#request = request;
    this.isLive = false;
    this.#reopen = () => this.#open(request);
    await this.#begin(opened);
  }

  /** Shows a run in progress, whose frames are `listed`; returns whether it has a frame that can be shown. */
  async openLive(facts: LiveFacts, client: string, listed: (FrameSummary | undefined)[]): Promise<boolean> {
    const file = ++this.#file;
    this.#reopen = undefined;
    const opened = await this.engine.call('openLive', { facts, client });
    if (!opened || file !== this.#file) return false;
    this.isLive = true;
    this.#reopen = () => this.openLive(facts, client, listed);
    await this.#begin(opened, listed);
    return true;
  }

  async #begin(
    opened: Opened,
    listed: (FrameSummary | undefined)[] = opened.listed ? [...opened.listed] : new Array(opened.frames),
  ): Promise<void> {
    this.opened = opened;
    this.frame = 0;
    this.stackName = undefined;
    this.peaks = undefined;
    this.crystals = [];
    this.rings = [];
    this.beam = opened.beam;
    this.#indexed = undefined;
    this.summaries = listed;
    this.stream = undefined;
    this.html = undefined;
    this.stage = 'frame';
    this.locked = false;
    this.parametersMoved = false;
    // The patterns of a scan have no flat background; the first frame is shown while the scan is read.
    this.#patterns = isScanOf(opened);
    if (unknownKind(this.filter, opened) !== undefined) this.filter = 'all';
    const { panels, width, height } = opened;
    this.pane.picture.clear();
    this.pane.place(new PanelLayout(panels ?? [wholeFrame(width, height)]), panels ? 1 : -1);
    // The value under the pointer was one of other frames.
    this.pane.onPoint(undefined);
    this.pane.picture.scale = this.#rule === 'range' ? 'log' : 'linear';
    const { leftOut = [], doubts = [], withoutDetector } = opened;
    const words = [
      ...doubts,
      ...leftOut.map((text) => `Left out: ${text}`),
      ...(withoutDetector ? [`No detector: ${withoutDetector}`] : []),
    ];
    this.onMessage(words.join('. '), leftOut.length + doubts.length > 0);
    await this.go(opened.first ?? 0);
    await this.#ring();
    await this.onOpened(opened);
    await this.tune();
  }

  /** Draws the rings of the frame that is shown. */
  async #ring(): Promise<void> {
    const { frame } = this;
    this.rings = await this.engine.call('rings', { resolutionsA: ringResolutions, frame });
    this.onChange();
  }

  /** Shows a frame; of several requests, only the latest is processed. */
  go(frame: number): Promise<void> {
    const { opened } = this;
    if (!opened) return Promise.resolve();
    return this.#frames.ask(Math.max(0, Math.min(opened.frames - 1, Math.round(frame))));
  }

  /** The frame of a number or an event; undefined for an unknown one. */
  async frameNamed(name: string): Promise<number | undefined> {
    const frame = /^\d+$/.test(name) ? Number(name) : await this.engine.call('named', name);
    return frame !== undefined && frame < (this.opened?.frames ?? 0) ? frame : undefined;
  }

  /** Goes to the next frame in a direction that matches the filter; frames not searched yet are not hits. */
  step(by: number): Promise<void> {
    const { opened } = this;
    if (!opened) return Promise.resolve();
    if (this.filter === 'all') return this.go(this.frame + by);
    const direction = Math.sign(by);
    let left = Math.abs(by);
    for (let frame = this.frame + direction; frame >= 0 && frame < opened.frames; frame += direction) {
      if (isOfKind(this.summaries[frame], this.filter) && --left === 0) return this.go(frame);
    }
    const searched = opened.unsearched ? ' among those that this page has searched' : '';
    this.onMessage(
      this.summaries.some(Boolean)
        ? `There is no further frame of the kind "${this.filter}"${searched}.`
        : 'Search all frames first: hits are not known yet.',
      false,
    );
    return Promise.resolve();
  }

  /** Restricts the frames to a kind; if it cannot be told, they stay unrestricted and the reason is shown. */
  setFilter(filter: Filter): void {
    const why = unknownKind(filter, this.opened);
    this.filter = why === undefined ? filter : 'all';
    if (why !== undefined) this.onMessage(why, true);
    this.onChange();
  }

  /** Searches a frame that has arrived without a run for what the filter asks, and lists it. */
  async searched(frame: number): Promise<boolean> {
    const { filter, parameters, opened } = this;
    const file = this.#file;
    if (unknownKind(filter, opened) !== undefined || filter === 'all') return true;
    const peaks = await this.engine.call('peaks', { frame, parameters });
    const indexed =
      filter === 'unindexed' && peaks.count >= hitPeaks
        ? await this.engine.call('index', { frame, parameters })
        : undefined;
    if (file !== this.#file) return false;
    this.#list(peaks, indexed?.crystals ?? []);
    return isOfKind(this.summaries[frame], filter);
  }

  async #load(frame: number): Promise<void> {
    const { opened } = this;
    const file = this.#file;
    if (!opened) return;
    const { data, peaks, crystals } = await this.engine.call('frame', frame).catch((error: unknown) => {
      // One that cannot be read is passed by, unless the worker has died, after which the frame before is shown again.
      if (file === this.#file && this.engine.isAlive && !this.isLive) this.#showNone(frame);
      throw error;
    });
    if (file !== this.#file) return;
    if (frame !== this.frame || crystals) this.crystals = crystals ?? [];
    // If the frame is the same, its peaks are shown until they have been found again.
    if (frame !== this.frame || peaks) this.peaks = peaks;
    this.frame = frame;
    this.stackName = undefined;
    // A stage is shown when the peaks have been found.
    if (this.stage === 'frame' || !this.parametersKnown) this.#showData(data);
    if (opened.beamVaries) void this.#ring().catch(this.fail);
    // Peaks of a stream are shown until a parameter of the search is changed.
    if (this.parametersKnown && (!peaks || this.parametersMoved || this.stage !== 'frame')) void this.find();
  }

  /** The place of a frame that cannot be read. */
  #showNone(frame: number): void {
    this.frame = frame;
    this.stackName = undefined;
    this.peaks = undefined;
    this.crystals = [];
    this.pane.picture.clear();
    this.onChange();
  }

  /** Shows `count` frames from this one on, combined into one. */
  async stack(count: number, kind: StackKind): Promise<void> {
    const { opened, frame } = this;
    if (!opened) return;
    if (!(Number.isInteger(count) && count >= 1)) {
      this.onMessage('The number of frames of a stack is a whole number from 1.', true);
      return;
    }
    try {
      const most = Math.min(count, opened.frames - frame);
      this.onMessage(`Reading ${counted(most, 'frame')}…`, false);
      const { data, by } = await this.engine.call('stack', { first: frame, count: most, kind });
      this.stackName = `${kind} of ${framesText(frame, most)}${by}`;
      this.peaks = undefined;
      this.crystals = [];
      this.onMessage('', false);
      this.#showData(data, kind === 'sum' ? most : 1);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Shows the frames of a scan one by one, since it cannot be shown as a whole. */
  async showFrames(): Promise<void> {
    this.#patterns = false;
    this.pane.picture.scale = this.#rule === 'range' ? 'log' : 'linear';
    await this.go(this.frame);
  }

  /** Shows a pattern of a scan, or the mean of several, instead of a frame. */
  showPattern(data: FrameData, name: string, size: { readonly width: number; readonly height: number }): void {
    this.stackName = name;
    this.peaks = undefined;
    this.crystals = [];
    this.#patterns = true;
    // The rings and panels of a geometry are not in the plane of the scan's pixels.
    this.rings = [];
    this.beam = undefined;
    const { opened } = this;
    const whole = size.width === opened?.width && size.height === opened.height;
    this.#show(data, whole ? opened.validRange : [-3e38, 3e38], 'range', {
      ...size,
      bad: whole ? opened.bad : undefined,
    });
  }

  get #rule(): ContrastRule {
    return this.opened?.electrons || this.#patterns ? 'range' : 'spots';
  }

  /** `frames` is the number of summed frames, by which the valid range is multiplied. */
  #showData(data: FrameData, frames = 1): void {
    const { opened } = this;
    if (!opened) return;
    const [least, greatest] = opened.validRange;
    this.#show(data, [least, greatest * frames], this.#rule);
  }

  /** Shows values of the frame's size; limits are given, or derived by a rule. */
  #show(
    data: FrameData,
    validRange: Limits,
    limits: Limits | ContrastRule,
    size: Pick<Opened, 'width' | 'height' | 'bad'> | undefined = this.opened,
  ): void {
    if (!size) return;
    const { width, height, bad } = size;
    const shown = { data, width, height, bad: this.show.has('mask') ? bad : undefined, validRange };
    this.pane.picture.show(shown);
    const sorted = sampleOf(data, { ...shown, bad });
    this.histogram = new Histogram(sorted);
    this.#automatic = limits;
    if (!this.locked) this.pane.picture.limits = typeof limits === 'string' ? automaticLimits(sorted, limits) : limits;
    this.onChange();
  }

  /** Sets the parameters that are tuned from the first frames. */
  async tune(): Promise<void> {
    if (!this.opened?.panels || this.#patterns) return;
    try {
      this.parameters = await this.#saying('tuning…', this.engine.call('tune'));
      this.parametersMoved = false;
      this.parametersKnown = true;
      this.onChange();
      if (this.peaks?.ms !== undefined || !this.peaks) await this.find();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Sets parameters of the finder and finds the peaks of this frame with them. */
  setParameters(parameters: Partial<FinderParameters>): Promise<void> {
    this.parameters = { ...this.parameters, ...parameters };
    this.parametersMoved = true;
    this.parametersKnown = true;
    this.onChange();
    return this.find();
  }

  find(): Promise<void> {
    if (!this.opened?.panels || this.stackName) return Promise.resolve();
    return this.#finds.ask();
  }

  async #find(): Promise<void> {
    const { frame, parameters } = this;
    const file = this.#file;
    const peaks = await this.#saying('searching…', this.engine.call('peaks', { frame, parameters }));
    if (file !== this.#file || frame !== this.frame || this.stackName) return;
    this.peaks = peaks;
    // The crystals explain peaks of another search.
    this.crystals = this.crystals.map((crystal) => ({ ...crystal, explained: undefined }));
    this.#list(peaks, []);
    this.onChange();
    await this.#showStage();
  }

  async #saying<T>(words: string, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.busy = words;
      this.onProgress();
    }, blinkMs);
    return work.finally(() => {
      clearTimeout(timer);
      if (this.busy !== words) return;
      this.busy = '';
      this.onProgress();
    });
  }

  /** Lists what was found in a frame that arrived without results. */
  #list({ frame, count }: ShownPeaks, crystals: readonly ShownCrystal[]): void {
    if (!this.opened?.unsearched) return;
    const [first] = crystals;
    this.summaries[frame] = {
      frame,
      peaks: count,
      hit: count >= hitPeaks,
      crystals: crystals.length,
      cell: first && [...first.lengths, ...first.angles],
      resolutionA: first?.resolutionA,
      error: undefined,
    };
  }

  /** Shows the frame, or a stage of the peak search; the limits become automatic. */
  setStage(stage: ShownStage): Promise<void> {
    if (!this.opened?.panels || this.stackName) {
      this.onMessage('Stages of the peak search are those of frames with a detector.', false);
      return Promise.resolve();
    }
    const { picture } = this.pane;
    // A scale that is chosen for the stages is kept between them.
    if (this.stage === 'frame') {
      this.#frameScale = picture.scale;
      picture.scale = 'linear';
    }
    this.stage = stage;
    this.locked = false;
    if (stage === 'frame') {
      picture.scale = this.#frameScale;
      return this.go(this.frame);
    }
    return this.find();
  }

  async #showStage(): Promise<void> {
    const { frame, parameters, stage, opened } = this;
    const file = this.#file;
    if (stage === 'frame' || !opened) return;
    const { data } = await this.engine.call('stage', { frame, parameters, stage });
    if (file !== this.#file || frame !== this.frame || this.stackName || stage !== this.stage) return;
    this.#show(data, stageRange(stage), stageLimits(stage) ?? 'range');
  }

  /** Indexes the displayed frame. */
  async index(): Promise<void> {
    const { opened, frame, parameters } = this;
    if (!opened) return;
    if (!opened.panels) {
      this.onMessage(`No detector: ${opened.withoutDetector}`, true);
      return;
    }
    if (!opened.cell) {
      this.onMessage('Indexing one frame takes a cell: drop a .cell file, or let "Index all" determine it.', true);
      return;
    }
    try {
      const { peaks, crystals, ms } = await this.#saying('indexing…', this.engine.call('index', { frame, parameters }));
      if (frame !== this.frame) return;
      this.peaks = peaks;
      this.crystals = crystals;
      this.#indexed = frame;
      this.#list(peaks, crystals);
      const count =
        crystals.length === 0 ? 'no crystal' : crystals.length === 1 ? '1 crystal' : `${crystals.length} crystals`;
      this.onMessage(`Frame ${frame}: ${count}, ${ms.toFixed(0)} ms`, false);
      this.onChange();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Sets limits manually; they are kept until `auto`. */
  setLimits(limits: Limits): void {
    this.pane.picture.limits = limits;
    this.locked = true;
    this.onChange();
  }

  lock(locked: boolean): void {
    this.locked = locked;
    this.onChange();
  }

  /** Returns to automatic limits. */
  auto(): void {
    this.locked = false;
    const { frame } = this.pane.picture;
    const rule = this.#automatic;
    if (typeof rule !== 'string') this.pane.picture.limits = rule;
    else if (frame)
      this.pane.picture.limits = automaticLimits(sampleOf(frame.data, { ...frame, bad: this.opened?.bad }), rule);
    this.onChange();
  }

  scale(name: ScaleName): void {
    this.pane.picture.scale = name;
    this.onChange();
  }

  colour(name: ColourMapName): void {
    this.#coloursChosen = true;
    this.#setColours(name);
  }

  /** Suits the colours to a light or a dark page until the user chooses them: a white frame dazzles in a dark room. */
  suit(dark: boolean): void {
    if (!this.#coloursChosen) this.#setColours(dark ? 'grey' : 'grey-inverse');
  }

  #setColours(name: ColourMapName): void {
    this.colours = name;
    this.pane.picture.colour(colourMaps[name]);
    this.onChange();
  }

  get light(): boolean {
    return isLight(this.colours);
  }

  /** Shows or hides an overlay. */
  toggle(name: string, shown = !this.show.has(name)): void {
    if (shown) this.show.add(name);
    else this.show.delete(name);
    const { frame } = this.pane.picture;
    if (name === 'mask' && frame)
      this.pane.picture.show({ ...frame, bad: this.show.has('mask') ? this.opened?.bad : undefined });
    this.onChange();
  }
}
