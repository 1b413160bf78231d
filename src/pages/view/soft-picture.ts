/**
 * A frame drawn by the processor, for browsers without a graphics card: the same picture as the shaders'.
 *
 * Each stage is kept until what it depends on changes:
 *
 *     keys     frame, mask        a whole number for each pixel that is ordered as its brightness
 *     screen   keys, viewport     the greatest key of the pixels that a screen pixel covers
 *     colours  screen, contrast   a colour for each key
 *
 * The greatest key is found before colours are chosen, so that contrast and colours touch pixels of the screen only. A
 * picture that moves by whole screen pixels is moved in memory, and only its new edges are drawn.
 */
import type { PlacedPanel } from './layout.js';
import { type Colour, Picture, type ShownFrame, saturatedColour } from './picture.js';
import { maxBinned, shareOf } from './shaders.js';
import type { Viewport } from './viewport.js';

/** A part of the screen. */
interface ScreenArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Keys beside the panels, of bad and of saturated pixels; those of all numbers lie between the last two. */
const [empty, bad, saturated] = [-(2 ** 31), -(2 ** 31) + 2 ** 16, 2 ** 31 - 1];
/** The levels of a table of colours, and those of the other three keys. */
const levels = 256;
const [emptyLevel, badLevel, saturatedLevel] = [levels, levels + 1, levels + 2];

/** The bytes of a colour in the order of the machine. */
function packed(red: number, green: number, blue: number): number {
  const bytes = Uint8Array.of(red, green, blue, 255);
  return new Uint32Array(bytes.buffer)[0] as number;
}
const inkOf = (colour: Colour): number =>
  packed(...(colour.map((part) => Math.round(255 * part)) as [number, number, number]));

export class SoftPicture extends Picture {
  readonly isSoftware = true;
  readonly #pen: CanvasRenderingContext2D;
  /** The key of each pixel of the frame, or its colour. */
  #keys: Int32Array | undefined;
  /** The key or colour of each pixel of the screen. */
  #screen = new Int32Array(0);
  #image: ImageData | undefined;
  /** What the screen's keys were made of, beside the place of the picture, and that place. */
  #shown = { of: '', centre: [0, 0] as Viewport['centre'] };
  /** What the colours of the screen were made of. */
  #toned = '';
  #table = new ColourTable();
  /** Number of changes of frame and panels, and of the table of colours. */
  #places = 0;
  #tables = 0;

  constructor(canvas: HTMLCanvasElement) {
    super();
    // Accelerated and opaque: the quickest of all ways to bring pixels to the screen, also by a software renderer.
    this.#pen = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D;
  }

  override clear(): void {
    super.clear();
    this.#keys = undefined;
    this.#places++;
  }

  override show(frame: ShownFrame): void {
    super.show(frame);
    this.#keys = undefined;
    this.#places++;
  }

  override colour(colours: Uint8Array): void {
    super.colour(colours);
    this.#tables++;
  }

  override place(panels: readonly PlacedPanel[]): void {
    super.place(panels);
    this.#places++;
  }

  draw(viewport: Viewport, anew = false): void {
    if (!this.isStale(viewport) && !anew) return;
    const { width, height } = viewport;
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.#image = new ImageData(width, height);
      this.#screen = new Int32Array(width * height);
      this.#shown.of = '';
    }
    const moved = this.#move(viewport);
    const { frame } = this;
    for (const part of moved.parts) this.#fill(part, viewport);
    const isColoured = frame?.rgba !== undefined;
    const toned = [...this.limits, this.scale, ...this.background, isColoured, this.#tables].join();
    const whole = { left: 0, right: width, top: 0, bottom: height };
    const stale = toned === this.#toned ? moved.parts : [whole];
    if (toned !== this.#toned) this.#tone();
    this.#toned = toned;
    const pixels = new Int32Array(this.#image.data.buffer);
    const paper = inkOf(this.background) | 0;
    for (const part of stale)
      if (isColoured) copyColours(pixels, this.#screen, width, part, paper);
      else this.#table.colour(pixels, this.#screen, width, part);
    this.#pen.putImageData(this.#image, 0, 0);
  }

  /** Moves what is on the screen if it can; returns the parts that have to be drawn. */
  #move({ centre, zoom, up, width, height }: Viewport): { readonly parts: readonly ScreenArea[] } {
    const of = [this.#places, zoom, up].join();
    const [x, y] = this.#shown.centre;
    const [dx, dy] = [(x - centre[0]) * zoom, up * (centre[1] - y) * zoom];
    const [right, down] = [Math.round(dx), Math.round(dy)];
    const isWhole = Math.abs(dx - right) < 1e-6 && Math.abs(dy - down) < 1e-6;
    const canMove = isWhole && of === this.#shown.of && Math.abs(right) < width && Math.abs(down) < height;
    if (!canMove) {
      this.#shown = { of, centre };
      return { parts: [{ left: 0, right: width, top: 0, bottom: height }] };
    }
    this.#shown.centre = centre;
    const by = down * width + right;
    for (const kept of [this.#screen, new Int32Array((this.#image as ImageData).data.buffer)])
      if (by > 0) kept.copyWithin(by, 0, kept.length - by);
      else if (by < 0) kept.copyWithin(0, -by);
    const [top, bottom] = down > 0 ? [down, height] : [0, height + down];
    return {
      parts: [
        { left: 0, right: width, top: down > 0 ? 0 : bottom, bottom: down > 0 ? top : height },
        { left: right > 0 ? 0 : width + right, right: right > 0 ? right : width, top, bottom },
      ].filter((part) => part.left < part.right && part.top < part.bottom),
    };
  }

  /** Finds the keys of a part of the screen. */
  #fill(part: ScreenArea, viewport: Viewport): void {
    const { frame } = this;
    const isColoured = frame?.rgba !== undefined;
    const nothing = isColoured ? 0 : empty;
    const { width } = viewport;
    for (let y = part.top; y < part.bottom; y++)
      this.#screen.fill(nothing, y * width + part.left, y * width + part.right);
    if (!frame || !this.colours) return;
    this.#keys ??= isColoured ? coloursOf(frame) : keysOf(frame);
    const maxWindow = isColoured ? 1 : maxBinned;
    for (const panel of this.panels) {
      const at = placedOn(panel, viewport, maxWindow);
      if (at) fillPanel(panel, at, part, { keys: this.#keys, pitch: frame.width, screen: this.#screen, width });
    }
  }

  /** Prepares the table of colours. */
  #tone(): void {
    const { colours, limits, scale } = this;
    if (!colours) return;
    const levelOf = (value: number): number =>
      Math.floor(Math.min(1, Math.max(0, shareOf(value, limits, scale))) * (levels - 1) + 0.5);
    const inks = Array.from({ length: levels }, (_, i) =>
      packed(...(colours.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number])),
    );
    this.#table.set(levelOf, [...inks, inkOf(this.background), inkOf(this.badColour), inkOf(saturatedColour)]);
  }
}

/**
 * The keys of all pixels. The bits of a number in single precision, with those of negative ones turned around, are
 * ordered as the numbers are.
 */
function keysOf({ data, bad: mask, validRange }: ShownFrame): Int32Array {
  const keys = new Int32Array(data.length);
  const values = new Float32Array(keys.buffer);
  values.set(data);
  const [least, greatest] = validRange.map(Math.fround) as [number, number];
  for (let i = 0; i < keys.length; i++) {
    const value = values[i] as number;
    if (value >= least && value <= greatest) {
      const bits = keys[i] as number;
      if (bits < 0) keys[i] = bits ^ 0x7fffffff;
    } else keys[i] = value > greatest ? saturated : bad;
  }
  if (mask) for (let i = 0; i < keys.length; i++) if (mask[i] !== 0) keys[i] = bad;
  return keys;
}

const bitsOf = new Int32Array(1);
const floatOf = new Float32Array(bitsOf.buffer);
/** The number of a key. */
function valueOfKey(key: number): number {
  bitsOf[0] = key < 0 ? key ^ 0x7fffffff : key;
  return floatOf[0] as number;
}
/** The keys of the greatest numbers of both signs. */
const [minKey, greatestKey] = [~0x7f7fffff, 0x7f7fffff];

/** The colours of pixels that have colours instead of values. */
function coloursOf({ rgba = new Uint8Array(0) }: ShownFrame): Int32Array {
  const bytes = new Uint8Array(rgba.length);
  for (let i = 0; i < rgba.length; i += 4) {
    const share = (rgba[i + 3] as number) / 255;
    for (let k = 0; k < 3; k++) bytes[i + k] = Math.round((rgba[i + k] as number) * share);
    bytes[i + 3] = 255;
  }
  return new Int32Array(bytes.buffer);
}

/**
 * Where a panel is on the screen: pixel (column, row) of the screen shows fs + column · fsX + row · fsY of the panel,
 * and ss likewise, of windows of `wide` × `tall` pixels.
 */
interface Placed {
  readonly fs: number;
  readonly ss: number;
  readonly fsX: number;
  readonly ssX: number;
  readonly fsY: number;
  readonly ssY: number;
  readonly wide: number;
  readonly tall: number;
}

function placedOn(
  { origin, fs: [fx, fy], ss: [sx, sy] }: PlacedPanel,
  { centre, zoom, up, width, height }: Viewport,
  maxWindow: number,
): Placed | undefined {
  const determinant = fx * sy - fy * sx;
  if (determinant === 0) return undefined;
  const inverse = (x: number, y: number): readonly [number, number] => [
    (x * sy - y * sx) / determinant,
    (y * fx - x * fy) / determinant,
  ];
  const [fsX, ssX] = inverse(1 / zoom, 0);
  const [fsY, ssY] = inverse(0, -up / zoom);
  const x = centre[0] + (0.5 - width / 2) / zoom - origin[0];
  const y = centre[1] - (up * (0.5 - height / 2)) / zoom - origin[1];
  // A hair beyond the middle of a screen pixel, so that rounding decides nothing where it is between two pixels.
  const [fs, ss] = inverse(x, y).map((at) => at + 1e-6) as [number, number];
  const step = Math.max(Math.hypot(fsX, ssX), Math.hypot(fsY, ssY));
  // As in the shader: between the screen pixels of a turned panel its pixels lie further apart.
  const window = (apart: number): number =>
    Math.min(maxWindow, Math.max(1, Math.ceil(step - 0.001), Math.ceil(apart - 0.05)));
  const [wide, tall] = [window(Math.abs(fsX) + Math.abs(fsY)), window(Math.abs(ssX) + Math.abs(ssY))];
  return { fs, ss, fsX, ssX, fsY, ssY, wide, tall };
}

/** The keys of a frame, with the length of its rows, and those of the screen. */
interface Keys {
  readonly keys: Int32Array;
  readonly pitch: number;
  readonly screen: Int32Array;
  readonly width: number;
}

/** Finds the keys of the part of the screen that a panel covers. */
function fillPanel(
  { minFs, minSs, endFs, endSs }: PlacedPanel,
  { fs, ss, fsX, ssX, fsY, ssY, wide, tall }: Placed,
  { left, right, top, bottom }: ScreenArea,
  { keys, pitch, screen, width }: Keys,
): void {
  const [w, h] = [endFs - minFs, endSs - minSs];
  const start = minSs * pitch + minFs;
  const [beforeX, beforeY] = [wide >> 1, tall >> 1];
  for (let row = top; row < bottom; row++) {
    const [f0, s0] = [fs + row * fsY, ss + row * ssY];
    const [first, end] = within(f0, fsX, w, within(s0, ssX, h, [left, right]));
    for (let column = first; column < end; column++) {
      const f = f0 + column * fsX;
      const s = s0 + column * ssX;
      if (f < 0 || s < 0 || f >= w || s >= h) continue;
      const [x, y] = [Math.floor(f), Math.floor(s)];
      const firstX = f < wide ? 0 : x - beforeX;
      const lastX = f + wide > w ? w - 1 : x - beforeX + wide - 1;
      const firstY = s < tall ? 0 : y - beforeY;
      const lastY = s + tall > h ? h - 1 : y - beforeY + tall - 1;
      let most = empty;
      for (let line = firstY; line <= lastY; line++) {
        const last = start + line * pitch + lastX;
        for (let at = start + line * pitch + firstX; at <= last; at++) most = Math.max(most, keys[at] as number);
      }
      screen[row * width + column] = most;
    }
  }
}

/** The columns of `columns` at which start + column · step is within 0 … most, and perhaps one more at each end. */
function within(start: number, step: number, most: number, [first, end]: readonly [number, number]): [number, number] {
  if (step === 0) return start < 0 || start >= most ? [first, first] : [first, end];
  const [one, other] = [-start / step, (most - start) / step];
  return [Math.max(first, Math.floor(Math.min(one, other))), Math.min(end, Math.ceil(Math.max(one, other)) + 1)];
}

/** Colours of a part of the screen that needs no table. */
function copyColours(pixels: Int32Array, screen: Int32Array, width: number, part: ScreenArea, paper: number): void {
  for (let y = part.top; y < part.bottom; y++)
    for (let i = y * width + part.left; i < y * width + part.right; i++) pixels[i] = screen[i] || paper;
}

/** From keys to colours. */
class ColourTable {
  /** The least key of each level. */
  readonly #edges = new Float64Array(saturatedLevel + 2).fill(Number.POSITIVE_INFINITY);
  /** The level of the least key of each group of 65 536 keys. */
  readonly #level = new Uint16Array(65_536);
  readonly #inks = new Int32Array(saturatedLevel + 1);

  /** Takes the level of each number, which must not fall with it, and the colour of each level. */
  set(levelOf: (value: number) => number, inks: readonly number[]): void {
    this.#inks.set(inks);
    const edges = this.#edges;
    edges[0] = Number.NEGATIVE_INFINITY;
    for (let level = 1; level < levels; level++) {
      // The least key whose number has this level, by bisection.
      let [below, above] = [Math.max(minKey, edges[level - 1] as number) - 1, greatestKey + 1];
      while (above - below > 1) {
        const middle = Math.floor((below + above) / 2);
        if (levelOf(valueOfKey(middle)) >= level) above = middle;
        else below = middle;
      }
      edges[level] = above;
    }
    let level = 0;
    for (let group = 0; group < 65_536; group++) {
      const key = (group - 32_768) * 65_536;
      while (key >= (edges[level + 1] as number) && level < levels - 1) level++;
      this.#level[group] = level;
    }
    for (const [key, of] of [
      [empty, emptyLevel],
      [bad, badLevel],
      [saturated, saturatedLevel],
    ] as const)
      this.#level[(key >> 16) + 32_768] = of;
  }

  /** Colours a part of the screen. */
  colour(pixels: Int32Array, screen: Int32Array, width: number, { left, right, top, bottom }: ScreenArea): void {
    const [edges, inks, first] = [this.#edges, this.#inks, this.#level];
    for (let y = top; y < bottom; y++) {
      const end = y * width + right;
      for (let i = y * width + left; i < end; i++) {
        const key = screen[i] as number;
        let level = first[(key >> 16) + 32_768] as number;
        while (key >= (edges[level + 1] as number)) level++;
        pixels[i] = inks[level] as number;
      }
    }
  }
}
