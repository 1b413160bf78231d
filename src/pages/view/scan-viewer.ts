/**
 * A scan next to its patterns: a virtual detector that can be dragged over the pattern, and the image that it records.
 * The scan is kept in the worker's memory, so that the image follows the pointer.
 */
import { Latest, type WorkerCalls } from './calls.js';
import { type AskedAnalysis, askedOf, commandOf, openingFlags } from './commands.js';
import type { FrameData } from './contrast.js';
import { beginsAt } from './field-shapes.js';
import type { ImagePane } from './image-pane.js';
import { PanelLayout, wholeFrame } from './layout.js';
import type { Pane } from './pane.js';
import type {
  LoadedScan,
  Opened,
  OpenRequest,
  Optics,
  ScanImage,
  ScanImageRequest,
  ScanRegion,
  ShiftAxes,
  ShownCalibration,
  VirtualShape,
} from './protocol.js';
import { isLive, type LiveQuantity, quantities, type ScanQuantity, type ScanUnits } from './scan-quantities.js';
import type { Point } from './viewport.js';

export class ScanViewer {
  /** The images of the scan; the first one stays. */
  readonly images: ImagePane[];
  /** The pattern with the detector on it. */
  readonly patternPane: Pane;
  shape: VirtualShape = { kind: 'disk', cx: 0, cy: 0, outer: 1, inner: 0 };
  /**
   * Maximum number of bytes of a scan in memory, which a tab can allocate on most machines. Larger scans are binned.
   */
  maxBytes = 2 ** 30;
  /** Positions of the scan whose mean pattern is shown; undefined: all. */
  region: ScanRegion | undefined;
  /** The scan in the worker's memory. */
  loaded: LoadedScan | undefined;
  /** What the frames say of their optics, once that has been asked for. */
  calibration: ShownCalibration | undefined;
  /** What the user states of the optics. */
  optics: Optics = {};
  /** How the file was opened. */
  request: OpenRequest | undefined;
  /** Milliseconds of the last change, in the worker. */
  ms = 0;
  onChange: () => void = () => undefined;
  /** Called with a pattern that will be displayed instead of a frame. */
  onPattern: (data: FrameData, name: string, size: LoadedScan) => void = () => undefined;
  /** Called with words for the user while something takes long, and with an empty text after it. */
  onWork: (text: string) => void = () => undefined;
  /** Called while a scan is read, with the fraction that is in memory, 0 … 1, and every how many positions were read. */
  onLoading: (share: number, every?: number) => void = () => undefined;
  /** Whether the images are computed in this tab, or by the server of the page. */
  where: 'here' | 'there' = 'here';
  /** By how much the numbers of an image may be off while the detector moves, and the share of the frames that it is of. */
  progress = '';
  readonly #engine: WorkerCalls;
  readonly #fail: (error: unknown) => void;
  readonly #changes: Latest<[]>;
  #noting: ReturnType<typeof setTimeout> | undefined;
  readonly #patterns: Latest<[]>;
  #columns = 1;
  #rows = 1;
  #size: readonly [width: number, height: number] = [1, 1];
  #name = '';
  /** The detector that followed from the calibration, in JSON. */
  #ofCalibration: string | undefined;
  /** Number of analyses of whole frames that are being waited for. */
  #analysing = 0;

  constructor(first: ImagePane, patternPane: Pane, engine: WorkerCalls, fail: (error: unknown) => void) {
    this.images = [first];
    this.patternPane = patternPane;
    this.#engine = engine;
    this.#fail = fail;
    this.#changes = new Latest(() => this.#sum(), fail);
    this.#patterns = new Latest(() => this.#read(), fail);
    this.#bind(first);
    patternPane.grab = (place) => (this.loaded ? this.#grab(place) : undefined);
  }

  /** The first image. */
  get #first(): ImagePane {
    return this.images[0] as ImagePane;
  }
  get pane(): Pane {
    return this.#first.pane;
  }
  get image(): Float64Array | undefined {
    return this.#first.image;
  }
  get quantity(): ScanQuantity {
    return this.#first.quantity;
  }
  get fourier(): boolean {
    return this.#first.fourier;
  }

  #bind(image: ImagePane): void {
    image.onChange = () => this.onChange();
    image.settle = () => this.settle();
    image.onQuantity = () => void this.#compute(image);
    image.pane.grab = (first, { shiftKey }) =>
      // Other planes are moved as pictures.
      image.plane
        ? undefined
        : (place) => {
            if (shiftKey) void this.average(this.#regionOf(first, place));
            else void this.moveTo(this.#positionAt(place));
          };
  }

  /** Shows another result of the scan in a separate pane. */
  add(image: ImagePane, quantity: ScanQuantity): Promise<void> {
    this.images.push(image);
    this.#bind(image);
    image.quantity = quantity;
    image.name = this.#name;
    image.units = this.units;
    image.place(this.#rows, this.#columns);
    return this.#compute(image);
  }

  /** Removes a pane. */
  remove(image: ImagePane): void {
    this.images.splice(this.images.indexOf(image), 1);
    this.onChange();
  }

  /** Reads the scan of the open file into the worker's memory, and shows it. */
  async open({ navigation, width, height, name }: Opened, request: OpenRequest | undefined): Promise<void> {
    const [rows = 1, columns = 1] = navigation;
    [this.#rows, this.#columns, this.#size, this.#name] = [rows, columns, [width, height], name];
    this.request = request;
    this.region = undefined;
    this.loaded = undefined;
    this.calibration = undefined;
    this.#ofCalibration = undefined;
    this.optics = {};
    // The middle pixel is that of ewald run: half the size, rounded down.
    const [cx, cy] = [Math.floor(width / 2) + 0.5, Math.floor(height / 2) + 0.5];
    this.shape = { kind: this.shape.kind, cx, cy, outer: width / 10, inner: width / 20 };
    for (const image of this.images) {
      image.name = name;
      image.place(rows, columns);
    }
    const { maxBytes, shape, where } = this;
    const loaded = await this.#engine.call('loadScan', { maxBytes, shape, where }, ({ share, image, every }) => {
      this.onLoading(share, every);
      this.#fill(image);
    });
    this.loaded = loaded;
    this.optics = loaded.optics;
    this.#calibrated(loaded.calibration);
    // As a run does, unless the user has moved the detector while the scan was read.
    if (loaded.calibration && this.shape === shape) this.#follow(beginsAt(shape, loaded.calibration));
    // Summed pixels are drawn in the size of the area that they cover.
    const { bin } = loaded;
    const pattern = wholeFrame(loaded.width, loaded.height);
    this.patternPane.place(new PanelLayout([{ ...pattern, fs: [bin, 0], ss: [0, bin] }]), -1);
    await Promise.all([this.change({}), this.#patterns.ask(), ...this.#analysed()]);
  }

  /** Shows the sum of the frames that have been read, while the others are read. */
  #fill(image: ScanImage): void {
    if (this.quantity === 'sum' && !this.fourier && !this.loaded) this.#first.show(image);
  }

  /** Forgets the scan, since another file is viewed frame by frame. */
  close(): void {
    this.loaded = undefined;
  }

  /** Units of positions and pixels, as far as they are known. */
  get units(): ScanUnits {
    return this.calibration?.units ?? this.loaded?.units ?? {};
  }

  #calibrated(shownCalibration: ShownCalibration | undefined): void {
    this.calibration = shownCalibration;
    if (shownCalibration) this.optics = { ...shownCalibration.optics, ...this.optics };
    for (const image of this.images) image.units = this.units;
  }

  /** The name under which the calibration is saved. */
  get calibrationFile(): string {
    return this.request?.calibration?.name ?? `${this.#name}.cal.json`;
  }

  /** Takes what the user states of the optics, and draws what depends on it. */
  async state(optics: Optics): Promise<void> {
    this.optics = { ...this.optics, ...optics };
    if (this.calibration) await this.calibrate();
    else this.onChange();
  }

  /** Finds centre, radius, rotation and drift in the frames, and draws everything with them. */
  async calibrate(): Promise<void> {
    await this.#work('Calibrating the scan…', async () => {
      this.#calibrated(await this.#engine.call('calibrate', this.optics));
    });
    await Promise.all([this.#isOnBeam ? this.fieldOf('bright') : this.change({}), ...this.#analysed()]);
  }

  /** Whether the detector is a disk that begins in the direct beam, which should hold it; others are what is wanted. */
  get #isOnBeam(): boolean {
    const { kind, cx, cy } = this.shape;
    const { centre: [y, x] = [0, 0], radius = 0 } = this.calibration ?? {};
    return kind === 'disk' && Math.hypot(cy - 0.5 - y, cx - 0.5 - x) < radius;
  }

  /** The detector that holds the bright field, or the ring outside it; calibrates the scan if it is not yet. */
  async fieldOf(kind: 'bright' | 'dark'): Promise<void> {
    if (!this.calibration) await this.calibrate();
    const shape = this.calibration?.fields?.[kind];
    if (!shape) {
      const why = this.calibration?.texts.find(([name]) => name === 'radius')?.[1] ?? '';
      this.#fail(new Error(`No bright field was found (${why}).`));
      return;
    }
    this.#follow(shape);
    await this.change({});
  }

  /** Takes a detector that follows from the calibration. */
  #follow(shape: VirtualShape): void {
    this.shape = shape;
    this.#ofCalibration = JSON.stringify(shape);
  }

  /** Whether the detector is as the calibration gave it. */
  get isOfCalibration(): boolean {
    return JSON.stringify(this.shape) === this.#ofCalibration;
  }

  /** How shifts are measured, by the calibration. */
  get #axes(): ShiftAxes {
    const { scanRotation, flipY, without, radius } = this.calibration ?? {};
    return { scanRotation, flipY, without, radius };
  }

  async #work(text: string, task: () => Promise<void>): Promise<void> {
    this.#analysing++;
    this.onWork(text);
    try {
      await task();
      this.onWork('');
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#analysing--;
      this.onChange();
    }
  }

  /** Computes the panes that do not follow the virtual detector. */
  #analysed(): Promise<void>[] {
    return this.images.filter(({ quantity }) => !isLive(quantity)).map((image) => this.#compute(image));
  }

  async #compute(image: ImagePane): Promise<void> {
    this.onChange();
    const { quantity } = image;
    if (!this.loaded) return;
    if (isLive(quantity)) return this.#changes.ask();
    image.fourier = false;
    image.clear();
    await this.#work(`Computing ${image.title.toLowerCase()}…`, async () => {
      const found = await this.#engine.call('analysed', { quantity, optics: this.optics });
      if (image.quantity !== quantity) return;
      this.#calibrated(found.calibration);
      image.command = this.#commandOf(image);
      image.show(found);
      image.note(found.notes ?? []);
    });
  }

  /** The command that computes what a pane shows, or the reason why no command does. */
  #commandOf({ quantity, fourier }: ImagePane): string {
    const { shape, loaded } = this;
    if (fourier) return 'Transforms of images have no command; save the image.';
    const words = commandOf({
      quantity,
      shape,
      file: this.#name,
      opening: openingFlags(this.request?.opening),
      calibration: this.calibrationFile,
      ...this.#axes,
    });
    if (words === undefined) return 'No command has this detector; a disk or a ring has one.';
    // Commands know no calibrated units.
    const [unit, factor] = quantities[quantity].unit(this.units);
    const remarks = [
      ...(loaded && loaded.bin > 1 && isLive(quantity) ? ['whose pixels are not summed'] : []),
      ...(factor === 1 ? [] : [`times ${Number(factor.toPrecision(6))} for ${unit}`]),
    ];
    return remarks.length > 0 ? `${words} # ${remarks.join(', ')}` : words;
  }

  /** The analysis that computes what a pane shows; undefined if none does. */
  askedOf({ quantity, fourier }: ImagePane): AskedAnalysis | undefined {
    return fourier ? undefined : askedOf({ quantity, shape: this.shape, ...this.#axes });
  }

  /** Whether all requested images and patterns are shown. */
  get idle(): boolean {
    return this.loaded !== undefined && this.#changes.idle && this.#patterns.idle && this.#analysing === 0;
  }

  /** Changes the computed quantity, or whether its image is transformed. */
  compute(what: { readonly quantity?: ScanQuantity; readonly fourier?: boolean }): Promise<void> {
    Object.assign(this.#first, what);
    return this.#compute(this.#first);
  }

  /** Changes the detector; of several changes, only the latest is summed. */
  change(shape: Partial<VirtualShape>): Promise<void> {
    this.shape = { ...this.shape, ...shape };
    // What takes long where the data are is not waited for.
    if (this.loaded?.isResident === false && !this.#changes.idle) void this.#engine.call('giveUp');
    this.onChange();
    return this.#changes.ask();
  }

  /** Moves the detector by pixels. */
  move(dx: number, dy: number): Promise<void> {
    const { cx, cy } = this.shape;
    const [width, height] = this.#size;
    return this.change({ cx: within(cx + dx, width), cy: within(cy + dy, height) });
  }

  /** Shows the pattern of a position; undefined: the mean of all. */
  moveTo(place: Point | undefined): Promise<void> {
    if (!place) return this.average(undefined);
    return this.average({ x: clamp(place[0], this.#columns - 1), y: clamp(place[1], this.#rows - 1), w: 1, h: 1 });
  }

  /** Shows the mean pattern of a region; undefined: of all positions. */
  average(region: ScanRegion | undefined): Promise<void> {
    this.region = region && this.#inside(region);
    this.onChange();
    return this.#patterns.ask();
  }

  /** Moves the cross, or the region, on the scan. */
  step(dx: number, dy: number): Promise<void> {
    const { x, y, w, h } = this.region ?? { x: 0, y: 0, w: 1, h: 1 };
    return this.average({ x: clamp(x + dx, this.#columns - w), y: clamp(y + dy, this.#rows - h), w, h });
  }

  /** Makes the region larger or smaller by a number of positions on each side. */
  grow(by: number): Promise<void> {
    const { x, y, w, h } = this.region ?? { x: 0, y: 0, w: 1, h: 1 };
    const larger = [w + 2 * by, h + 2 * by].map((size) => Math.max(1, size)) as [number, number];
    const [dw, dh] = [larger[0] - w, larger[1] - h];
    return this.average({ x: x - dw / 2, y: y - dh / 2, w: larger[0], h: larger[1] });
  }

  #inside({ x, y, w, h }: ScanRegion): ScanRegion {
    const [left, top] = [Math.round(clamp(x, this.#columns - 1)), Math.round(clamp(y, this.#rows - 1))];
    const size = (value: number, most: number): number => Math.max(1, Math.min(most, Math.round(value)));
    return { x: left, y: top, w: size(w, this.#columns - left), h: size(h, this.#rows - top) };
  }

  #positionAt([x, y]: Point): Point {
    return [clamp(Math.floor(x), this.#columns - 1), clamp(Math.floor(y), this.#rows - 1)];
  }

  #regionOf(first: Point, last: Point): ScanRegion {
    const [[x0, y0], [x1, y1]] = [this.#positionAt(first), this.#positionAt(last)];
    return { x: Math.min(x0, x1), y: Math.min(y0, y1), w: Math.abs(x1 - x0) + 1, h: Math.abs(y1 - y0) + 1 };
  }

  /** The part of the detector that a pointer going down on the pattern drags: its rim or its inside. */
  #grab([x, y]: Point): ((place: Point) => void) | undefined {
    const { cx, cy, outer, kind } = this.shape;
    const reach = Math.max(kind === 'point' ? 0 : outer, 6 / this.patternPane.viewport.zoom);
    const distance = Math.hypot(x - cx, y - cy);
    const rim = (6 * devicePixelRatio) / this.patternPane.viewport.zoom;
    if (kind !== 'point' && Math.abs(distance - outer) < rim)
      return ([u, v]) => void this.change({ outer: Math.max(0.5, Math.hypot(u - cx, v - cy)) });
    if (distance > reach + rim) return undefined;
    const [width, height] = this.#size;
    return ([u, v]) => void this.change({ cx: within(cx + u - x, width), cy: within(cy + v - y, height) });
  }

  /** Computes the panes that follow the virtual detector. */
  async #sum(): Promise<void> {
    if (!this.loaded) return;
    const { shape } = this;
    const axes = this.#axes;
    let ms = 0;
    for (const image of [...this.images]) {
      const { quantity, fourier, rim } = image;
      if (!isLive(quantity)) continue;
      const request = { shape, quantity: quantity as LiveQuantity, fourier, rim, axes };
      const isSame = (): boolean => image.quantity === quantity && image.fourier === fourier;
      const scanImage = await this.#engine.call('virtual', request, (part) => {
        if (isSame()) this.#showPart(image, part);
      });
      ms += scanImage.ms;
      if (scanImage.isGivenUp || !isSame()) continue;
      this.progress = scanImage.progress ?? '';
      image.command = this.#commandOf(image);
      image.show(scanImage);
    }
    this.ms = ms;
    this.onChange();
    clearTimeout(this.#noting);
    const wait = this.loaded.isResident === undefined ? stillMs : 2 * stillMs;
    this.#noting = setTimeout(() => void this.#note().catch((error: unknown) => this.#fail(error)), wait);
  }

  /** Shows an image of some of the frames. */
  #showPart(image: ImagePane, part: ScanImage): void {
    this.progress = part.progress ?? '';
    image.show(part);
  }

  /** Shows the numbers themselves instead of rounded ones, and what they should be read with. */
  async #showExact(image: ImagePane, request: ScanImageRequest): Promise<void> {
    const scanImage = await this.#engine.call('virtual', { ...request, rim: image.rim, exact: true });
    const { quantity, fourier } = image;
    if (
      scanImage.isGivenUp ||
      this.shape !== request.shape ||
      quantity !== request.quantity ||
      fourier !== request.fourier
    )
      return;
    this.progress = scanImage.progress ?? '';
    image.show(scanImage);
    image.note(fourier ? [] : (scanImage.notes ?? []));
    this.onChange();
  }

  /** Resolves when the panes show the numbers themselves, for saving them. */
  async settle(): Promise<void> {
    await this.#changes.done();
    if (this.loaded?.isResident === undefined) return;
    clearTimeout(this.#noting);
    await this.#note();
  }

  /** Writes what is wrong with the images of shifts under them, once the detector stands still. */
  async #note(): Promise<void> {
    const { shape } = this;
    const axes = this.#axes;
    for (const image of [...this.images]) {
      const { quantity, fourier } = image;
      if (!isLive(quantity)) continue;
      if (this.loaded?.isResident !== undefined) {
        await this.#showExact(image, { shape, quantity, fourier, axes });
        continue;
      }
      const asks = this.loaded && !fourier;
      const notes = asks ? await this.#engine.call('fieldNotes', { shape, quantity, axes }) : [];
      if (this.shape === shape && image.quantity === quantity) image.note(notes);
    }
  }

  async #read(): Promise<void> {
    const { region, loaded } = this;
    if (!loaded) return;
    const { data } = await this.#engine.call('pattern', region);
    if (region !== this.region) return;
    const name = !region
      ? 'mean pattern'
      : region.w * region.h === 1
        ? `pattern at ${region.y}, ${region.x}`
        : `mean of ${region.h} × ${region.w} patterns from ${region.y}, ${region.x}`;
    this.onPattern(data, loaded.bin > 1 ? `${name}, ${loaded.bin} × ${loaded.bin} pixels summed` : name, loaded);
  }
}

/** Milliseconds after which a detector stands still. */
const stillMs = 200;

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));
/** A place between the centres of the first and the last of so many pixels, as commands take it. */
const within = (value: number, size: number): number => clamp(value - 0.5, size - 1) + 0.5;
