/**
 * Draws the wells of a chip. A frame that arrives redraws its well alone, since a chip may have 160 000 of them; all are
 * drawn when the size, the quantity, the range or the appearance changes.
 */
import {
  type ChipMap,
  type MapQuantity,
  mapColour,
  mapColours,
  rangeOfMap,
  wellColour,
  wellStates,
} from '../../entries/pages.js';
import { fitCanvas } from './elements.js';

/** Room for the numbers of rows and columns, CSS pixels. */
const [left, below, edge] = [34, 18, 6];
/** Least time between two looks at the range of the colours, ms. */
const rangeMs = 1000;
/** Most wells that are looked at for it. */
const maxSampled = 10_000;

type Range = ReturnType<typeof rangeOfMap>;
type Colour = readonly [number, number, number];

/** Side of a well, and the corner of the first one. */
interface WellGrid {
  readonly side: number;
  readonly x: number;
  readonly y: number;
}

/** A well. */
export interface Well {
  readonly row: number;
  readonly column: number;
}

export class ChipCanvas {
  readonly canvas: HTMLCanvasElement;
  #map: ChipMap | undefined;
  #quantity: MapQuantity = 'hits';
  #range: Range = { from: 0, to: 1 };
  #rangedMs = Number.NEGATIVE_INFINITY;
  readonly #dirty = new Set<number>();
  #isWhole = true;
  #isScheduled = false;
  /** The colours by their numbers, as a pen takes them. */
  #inks: string[] = [];
  /** Called when the range of the colours has changed. */
  onRange: () => void = () => undefined;
  /** Called after each drawing. */
  onDrawn: () => void = () => undefined;
  /** Drawings of single wells, the wells that they drew and the time that they took; drawings of all wells. */
  readonly counts = { drawings: 0, wells: 0, ms: 0, wholes: 0 };

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  get range(): Range {
    return this.#range;
  }

  /** Shows a quantity of a map. */
  show(map: ChipMap, quantity: MapQuantity): void {
    this.#map = map;
    this.#quantity = quantity;
    this.#rangedMs = Number.NEGATIVE_INFINITY;
    this.redraw();
  }

  /** Redraws one well of the map that is shown. */
  touch(well: number): void {
    this.#dirty.add(well);
    this.#later();
  }

  redraw(): void {
    this.#isWhole = true;
    this.#later();
  }

  #later(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#draw();
    });
  }

  /** Side of a well, and the corner of the first one, in CSS pixels. */
  #place(): WellGrid {
    const { rows = 1, columns = 1 } = this.#map ?? {};
    const { clientWidth, clientHeight } = this.canvas;
    const [wide, tall] = [clientWidth - left - edge, clientHeight - below - edge];
    const side = Math.max(0.05, Math.min(wide / columns, tall / rows, 48));
    return { side, x: left + Math.max(0, (wide - side * columns) / 2), y: edge };
  }

  /** The well at a place of the canvas, in CSS pixels. */
  at(px: number, py: number): Well | undefined {
    if (!this.#map) return undefined;
    const { side, x, y } = this.#place();
    const [row, column] = [Math.floor((py - y) / side), Math.floor((px - x) / side)];
    const { rows, columns } = this.#map;
    return row >= 0 && row < rows && column >= 0 && column < columns ? { row, column } : undefined;
  }

  /** Where a well is, in CSS pixels. */
  boxOf({ row, column }: Well): WellGrid {
    const { side, x, y } = this.#place();
    return { x: x + column * side, y: y + row * side, side };
  }

  #draw(): void {
    const map = this.#map;
    if (!map || this.canvas.clientWidth === 0) return;
    const began = performance.now();
    if (fitCanvas(this.canvas)) this.#isWhole = true;
    if (began - this.#rangedMs > rangeMs) this.#look(map, began);
    // Without a graphics card a canvas in its memory takes several times as long for single wells.
    const how = { willReadFrequently: true };
    const pen = this.canvas.getContext('2d', how) as CanvasRenderingContext2D;
    if (this.#isWhole) this.#drawAll(pen, map);
    else {
      pen.setTransform(1, 0, 0, 1, 0, 0);
      const place = this.#place();
      for (const well of this.#dirty) this.#drawOne(pen, map, well, place);
      this.counts.wells += this.#dirty.size;
      this.counts.drawings++;
      this.counts.ms += performance.now() - began;
    }
    this.#dirty.clear();
    this.onDrawn();
  }

  /** Sets the range of the colours anew; a change that can be seen redraws all wells. */
  #look(map: ChipMap, now: number): void {
    this.#rangedMs = now;
    const range = rangeOfMap(this.#quantity, map.sample(this.#quantity, maxSampled));
    const before = this.#range;
    const least = 0.03 * Math.abs(before.to - before.from);
    if (Math.abs(range.from - before.from) <= least && Math.abs(range.to - before.to) <= least) return;
    this.#range = range;
    this.#isWhole = true;
    this.onRange();
  }

  /** The number of the colour of a well. */
  #colourOf(map: ChipMap, well: number): number {
    const state = map.stateOf(well);
    if (state !== 'known') return wellStates[state];
    return wellColour(this.#quantity, this.#range, map.value(this.#quantity, well));
  }

  #drawOne(pen: CanvasRenderingContext2D, map: ChipMap, well: number, { side, x, y }: WellGrid): void {
    const [row, column] = [Math.floor(well / map.columns), well % map.columns];
    const pixel = (css: number): number => Math.round(css * devicePixelRatio);
    const [px, py] = [pixel(x + column * side), pixel(y + row * side)];
    const [endX, endY] = [pixel(x + (column + 1) * side), pixel(y + (row + 1) * side)];
    pen.fillStyle = this.#inks[this.#colourOf(map, well)] ?? '';
    // A well that is smaller than a pixel is drawn as one.
    pen.fillRect(px, py, Math.max(1, endX - px), Math.max(1, endY - py));
  }

  /** All wells, as a picture of one pixel for each that is enlarged, and the numbers beside them. */
  #drawAll(pen: CanvasRenderingContext2D, map: ChipMap): void {
    this.#isWhole = false;
    this.counts.wholes++;
    const colours = coloursOf(this.canvas);
    this.#inks = colours.map((colour) => `rgb(${colour.join(' ')})`);
    const { rows, columns } = map;
    const image = new ImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    // Bytes of red, green, blue and alpha; every machine with a browser has little-endian numbers.
    const words = Uint32Array.from(colours, ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red);
    for (let i = 0; i < pixels.length; i++) pixels[i] = words[this.#colourOf(map, i)] as number;
    const small = new OffscreenCanvas(columns, rows);
    small.getContext('2d')?.putImageData(image, 0, 0);
    const { side, x, y } = this.#place();
    const { clientWidth, clientHeight } = this.canvas;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, clientWidth, clientHeight);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, x, y, columns * side, rows * side);
    const { color: quiet, outlineColor: line } = getComputedStyle(this.canvas);
    pen.strokeStyle = line;
    pen.lineWidth = 1;
    pen.strokeRect(x - 0.5, y - 0.5, columns * side + 1, rows * side + 1);
    pen.fillStyle = quiet;
    pen.font = '11px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    for (const tick of ticksOf(rows, rows * side)) {
      pen.textAlign = 'right';
      pen.fillText(String(tick), x - 5, y + Math.min(rows * side - 5, Math.max(5, (tick + 0.5) * side)));
    }
    pen.textAlign = 'center';
    for (const tick of ticksOf(columns, columns * side))
      pen.fillText(String(tick), x + (tick + 0.5) * side, y + rows * side + below / 2 + 1);
  }
}

/** Numbers of rows or columns beside the wells, which do not stand over each other. */
function ticksOf(count: number, px: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((one) => (one / count) * px >= 36) ?? count;
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}

/** The colours of the map, and those of wells without a value in the page's appearance. */
function coloursOf(canvas: HTMLCanvasElement): Colour[] {
  const found = Array.from({ length: mapColours }, (_, i): Colour => mapColour(i / (mapColours - 1)));
  const probe = document.createElement('i');
  canvas.parentElement?.append(probe);
  for (const [state, ink] of Object.entries({
    empty: 'var(--paper)',
    none: 'light-dark(#cdd1d7, #3d434c)',
    unreadable: 'var(--wrong)',
  })) {
    probe.style.color = ink;
    const numbers =
      getComputedStyle(probe)
        .color.match(/[\d.]+/g)
        ?.map(Number) ?? [];
    found[wellStates[state as keyof typeof wellStates]] = [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
  }
  probe.remove();
  return found;
}
