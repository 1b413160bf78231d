/**
 * A scan next to its patterns: a virtual detector that can be dragged over the pattern, and the image that it records.
 * The scan is kept in the worker's memory, so that the image follows the pointer.
 */
import { type Engine, Latest } from './calls.js';
import { colourMaps } from './colour-maps.js';
import { automaticLimits, type FrameData, type Limits, sampleOf } from './contrast.js';
import { Layout, wholeFrame } from './layout.js';
import type { Pane } from './pane.js';
import type { Opened, VirtualShape } from './protocol.js';
import type { Point } from './viewport.js';

/** The valid range of a virtual image, which contains every value. */
const everyValue: Limits = [-3.4e38, 3.4e38];

export class ScanViewer {
  /** The virtual image. */
  readonly pane: Pane;
  /** The pattern with the detector on it. */
  readonly patternPane: Pane;
  shape: VirtualShape = { kind: 'disk', cx: 0, cy: 0, outer: 1, inner: 0 };
  /** Position of the scan whose pattern is shown; undefined: the mean of all. */
  position: number | undefined;
  /** Sums of the virtual detector, [rows, columns]. */
  image: Float32Array | undefined;
  /** Milliseconds of the last change, in the worker. */
  ms = 0;
  onChange: () => void = () => undefined;
  /** Called with a pattern that will be displayed instead of a frame. */
  onPattern: (data: FrameData, name: string) => void = () => undefined;
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
    pane.grab = () => (place) => this.moveTo(this.#positionAt(place));
    patternPane.grab = (place) => this.#grab(place);
  }

  /** Reads the scan of the open file into the worker's memory, and shows it. */
  async open({ navigation, width, height }: Opened): Promise<void> {
    const [rows = 1, columns = 1] = navigation;
    [this.#rows, this.#columns, this.#size] = [rows, columns, [width, height]];
    this.position = undefined;
    this.shape = { kind: this.shape.kind, cx: width / 2, cy: height / 2, outer: width / 10, inner: width / 20 };
    await this.#engine.call('loadScan');
    this.pane.place(new Layout([wholeFrame(columns, rows)]), -1);
    await Promise.all([this.change({}), this.#patterns.ask()]);
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
  moveTo(position: number | undefined): Promise<void> {
    this.position = position;
    this.onChange();
    return this.#patterns.ask();
  }

  /** Moves the cross on the scan. */
  step(dx: number, dy: number): Promise<void> {
    const at = this.position ?? 0;
    const [x, y] = [(at % this.#columns) + dx, Math.floor(at / this.#columns) + dy];
    return this.moveTo(clamp(y, this.#rows - 1) * this.#columns + clamp(x, this.#columns - 1));
  }

  /** Row and column of the cross. */
  get cross(): Point | undefined {
    if (this.position === undefined) return undefined;
    return [(this.position % this.#columns) + 0.5, Math.floor(this.position / this.#columns) + 0.5];
  }

  #positionAt([x, y]: Point): number {
    return clamp(Math.floor(y), this.#rows - 1) * this.#columns + clamp(Math.floor(x), this.#columns - 1);
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
    const { image, ms } = await this.#engine.call('virtual', this.shape);
    [this.image, this.ms] = [image, ms];
    const shown = { data: image, width: this.#columns, height: this.#rows, bad: undefined, validRange: everyValue };
    this.pane.picture.show(shown);
    this.pane.picture.limits = automaticLimits(sampleOf(image, shown), 'range');
    this.onChange();
  }

  async #read(): Promise<void> {
    const { position } = this;
    const { data } = await this.#engine.call('pattern', position);
    if (position !== this.position) return;
    const name =
      position === undefined
        ? 'mean pattern'
        : `pattern at ${Math.floor(position / this.#columns)}, ${position % this.#columns}`;
    this.onPattern(data, name);
  }
}

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));
