/**
 * A scan next to its patterns: a virtual detector that can be dragged over the pattern, and the image that it records.
 * The scan is kept in the worker's memory, so that the image follows the pointer.
 */
import { type Engine, Latest } from './calls.js';
import { colourMaps } from './colour-maps.js';
import { automaticLimits, type FrameData, type Limits, sampleOf } from './contrast.js';
import { Layout, wholeFrame } from './layout.js';
import type { Pane } from './pane.js';
import type { LoadedScan, Opened, ScanQuantity, ScanRegion, VirtualShape } from './protocol.js';
import type { Point } from './viewport.js';

/** The valid range of a virtual image, which contains every value. */
const everyValue: Limits = [-3.4e38, 3.4e38];

export class ScanViewer {
  /** The virtual image. */
  readonly pane: Pane;
  /** The pattern with the detector on it. */
  readonly patternPane: Pane;
  shape: VirtualShape = { kind: 'disk', cx: 0, cy: 0, outer: 1, inner: 0 };
  /**
   * Maximum number of bytes of a scan in memory, which a tab can allocate on most machines. Larger scans are binned.
   */
  mostBytes = 2 ** 30;
  /** The quantity that is computed from the pixels inside the detector. */
  quantity: ScanQuantity = 'sum';
  /** Whether the Fourier transform of the image is shown. */
  fourier = false;
  /** Positions of the scan whose mean pattern is shown; undefined: all. */
  region: ScanRegion | undefined;
  /** The image of the scan, [rows, columns]. */
  image: Float64Array | undefined;
  /** Colours of all directions while a field is shown. */
  wheel: Uint8Array | undefined;
  /** The scan in the worker's memory. */
  loaded: LoadedScan | undefined;
  /** Milliseconds of the last change, in the worker. */
  ms = 0;
  onChange: () => void = () => undefined;
  /** Called with a pattern that will be displayed instead of a frame. */
  onPattern: (data: FrameData, name: string, size: LoadedScan) => void = () => undefined;
  readonly #engine: Engine;
  readonly #changes: Latest<[]>;
  readonly #patterns: Latest<[]>;
  #columns = 1;
  #rows = 1;
  #size: readonly [width: number, height: number] = [1, 1];

  constructor(pane: Pane, patternPane: Pane, engine: Engine, fail: (error: unknown) => void) {
    this.pane = pane;
    this.patternPane = patternPane;
    this.#engine = engine;
    this.#changes = new Latest(() => this.#sum(), fail);
    this.#patterns = new Latest(() => this.#read(), fail);
    pane.picture.colour(colourMaps.grey);
    pane.onChange = () => this.onChange();
    pane.grab =
      (first, { shiftKey }) =>
      (place) => {
        if (shiftKey) void this.average(this.#regionOf(first, place));
        else void this.moveTo(this.#positionAt(place));
      };
    patternPane.grab = (place) => (this.loaded ? this.#grab(place) : undefined);
  }

  /** Reads the scan of the open file into the worker's memory, and shows it. */
  async open({ navigation, width, height }: Opened): Promise<void> {
    const [rows = 1, columns = 1] = navigation;
    [this.#rows, this.#columns, this.#size] = [rows, columns, [width, height]];
    this.region = undefined;
    this.image = undefined;
    this.loaded = undefined;
    this.shape = { kind: this.shape.kind, cx: width / 2, cy: height / 2, outer: width / 10, inner: width / 20 };
    const loaded = await this.#engine.call('loadScan', { mostBytes: this.mostBytes });
    this.loaded = loaded;
    this.pane.place(new Layout([wholeFrame(columns, rows)]), -1);
    // Summed pixels are drawn in the size of the area that they cover.
    const { bin } = loaded;
    const pattern = wholeFrame(loaded.width, loaded.height);
    this.patternPane.place(new Layout([{ ...pattern, fs: [bin, 0], ss: [0, bin] }]), -1);
    await Promise.all([this.change({}), this.#patterns.ask()]);
  }

  /** Forgets the scan, since another file is viewed frame by frame. */
  close(): void {
    this.loaded = undefined;
  }

  /** Whether all requested images and patterns are shown. */
  get idle(): boolean {
    return this.loaded !== undefined && this.#changes.idle && this.#patterns.idle;
  }

  /** Changes the computed quantity, or whether its image is transformed. */
  compute(what: { readonly quantity?: ScanQuantity; readonly fourier?: boolean }): Promise<void> {
    Object.assign(this, what);
    this.onChange();
    return this.#changes.ask();
  }

  /** Changes the detector; of several changes, only the latest is summed. */
  change(shape: Partial<VirtualShape>): Promise<void> {
    this.shape = { ...this.shape, ...shape };
    this.onChange();
    return this.#changes.ask();
  }

  /** Moves the detector by pixels. */
  move(dx: number, dy: number): Promise<void> {
    const { cx, cy } = this.shape;
    const [width, height] = this.#size;
    return this.change({ cx: clamp(cx + dx, width), cy: clamp(cy + dy, height) });
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
    return ([u, v]) => void this.change({ cx: clamp(cx + u - x, width), cy: clamp(cy + v - y, height) });
  }

  async #sum(): Promise<void> {
    if (!this.loaded) return;
    const { quantity, fourier } = this;
    const { image, rgba, wheel, ms } = await this.#engine.call('virtual', { shape: this.shape, quantity, fourier });
    [this.image, this.wheel, this.ms] = [image, wheel, ms];
    const data = new Float32Array(image);
    const shown = { data, rgba, width: this.#columns, height: this.#rows, bad: undefined, validRange: everyValue };
    this.pane.picture.show(shown);
    this.pane.picture.scale = fourier ? 'log' : 'linear';
    this.pane.picture.limits = automaticLimits(sampleOf(data, shown), 'range');
    this.onChange();
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

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));
