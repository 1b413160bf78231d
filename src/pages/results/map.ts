/** A result with two axes or more: a picture of two of them, with limits, colours, values and profiles. */

import { directionWheel, isAboutZero, painted, type StoredAxis, type StoredResult } from '../../entries/pages.js';
import { robustLimits, vectorsToRgba } from '../../entries/udf.js';
import { type ColourMapName, colourMapNames, colourMaps } from '../view/colour-maps.js';
import { createButton, createElement, readLimits } from '../view/elements.js';
import { placeText, spanText } from './axes.js';
import { curveOf } from './curve.js';
import { markAt, marksOf, marksShown } from './marks.js';
import {
  elementText,
  type Numbers,
  partOf,
  partsOf,
  pictureAxes,
  pictureIndices,
  type ShownNumber,
  shown,
  unitText,
} from './numbers.js';

/** A pixel of the picture. */
interface Pixel {
  readonly y: number;
  readonly x: number;
}

/** Limits of some numbers and their usual colours: of both signs about zero, of phases a whole turn. */
function usualOf(
  values: Float64Array,
  part: ShownNumber,
): { limits: readonly [number, number]; colours: ColourMapName } {
  if (part === 'phase') return { limits: [-Math.PI, Math.PI], colours: 'blue-red' };
  const limits = robustLimits(values);
  const most = Math.max(...limits.map(Math.abs));
  return isAboutZero(limits) ? { limits: [-most, most], colours: 'blue-red' } : { limits, colours: 'cividis' };
}

/** Share of each number of the range between limits; of logarithms, of the numbers less the lower limit plus one. */
function shareOf([low, high]: readonly [number, number], isLog: boolean): (value: number) => number {
  if (!isLog) return (value) => (value - low) / (high - low || 1);
  const whole = Math.log1p(high - low) || 1;
  return (value) => Math.log1p(Math.max(0, value - low)) / whole;
}

/** The colour of a share of the range between limits. */
const colourOf =
  (map: Uint8Array) =>
  (share: number): readonly [number, number, number] => {
    const at = 3 * Math.round(255 * share);
    return [map[at] as number, map[at + 1] as number, map[at + 2] as number];
  };

/** The pixels nearest to a line, about one for each pixel of its length. */
function pixelsAlong(from: Pixel, to: Pixel): Pixel[] {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.y - from.y, to.x - from.x)));
  return Array.from({ length: steps + 1 }, (_, i) => ({
    y: Math.round(from.y + (i / steps) * (to.y - from.y)),
    x: Math.round(from.x + (i / steps) * (to.x - from.x)),
  }));
}

/** Length of a pixel along a line, with its unit: pixels where the axes have no common unit. */
function scaleOf(row: StoredAxis, column: StoredAxis, from: Pixel, to: Pixel): { length: number; unit: string } {
  const [dy, dx] = [to.y - from.y, to.x - from.x];
  const isKnown = row.step !== undefined && column.step !== undefined && row.unit === column.unit;
  if (!isKnown) return { length: Math.hypot(dy, dx), unit: row.name.startsWith('scan_') ? 'positions' : 'pixels' };
  return { length: Math.hypot(dy * (row.step ?? 1), dx * (column.step ?? 1)), unit: row.unit ?? '' };
}

const wheelRadius = 36;

/** The colours of all directions. */
function wheelOf(): HTMLCanvasElement {
  const side = 2 * wheelRadius + 1;
  const wheel = createElement('canvas', { className: 'wheel', width: side, height: side });
  wheel.role = 'img';
  wheel.ariaLabel = 'wheel of the colours of all directions, as they lie in the picture';
  const pen = wheel.getContext('2d') as CanvasRenderingContext2D;
  pen.putImageData(new ImageData(directionWheel(wheelRadius), side, side), 0, 0);
  return wheel;
}

/** A field for one of the limits. */
const limitField = (label: string): HTMLInputElement =>
  createElement('input', { type: 'text', inputMode: 'decimal', ariaLabel: label, title: label });

/** The picture of a result with its controls. */
class ResultMap {
  readonly #result: StoredResult;
  readonly #numbers: Numbers;
  readonly #readout: HTMLElement;
  readonly #row: StoredAxis;
  readonly #column: StoredAxis;
  readonly #canvas = createElement('canvas');
  readonly #line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  readonly #frame: HTMLElement;
  readonly #bar = createElement('canvas', { className: 'bar', width: 256, height: 1 });
  readonly #ends = [createElement('span'), createElement('span')] as const;
  readonly #wheel = wheelOf();
  readonly #scale = createElement('div');
  readonly #profile = createElement('div');
  /** The marks of each kind, which the reader can hide. */
  readonly #marks: readonly SVGElement[];
  readonly #part: HTMLSelectElement;
  readonly #colours: HTMLSelectElement;
  readonly #low = limitField('lower limit');
  readonly #high = limitField('upper limit');
  readonly #log = createElement('input', { type: 'checkbox' });
  /** Which element of each axis is shown, apart from those of the picture. */
  readonly #slice: number[];
  #indices: Uint32Array = new Uint32Array();
  #values: Float64Array = new Float64Array();
  #limits: readonly [number, number] = [0, 1];
  #from: Pixel | undefined;
  #to: Pixel | undefined;
  #at: Pixel = { y: 0, x: 0 };

  constructor(result: StoredResult, numbers: Numbers, readout: HTMLElement) {
    [this.#result, this.#numbers, this.#readout] = [result, numbers, readout];
    [this.#row, this.#column] = pictureAxes(result).map((k) => result.axes[k]) as [StoredAxis, StoredAxis];
    this.#slice = result.axes.map(() => 0);
    const { length: height } = this.#row;
    const { length: width } = this.#column;
    Object.assign(this.#canvas, { width, height });
    this.#marks = (result.marks ?? []).map(marksOf);
    const overlay = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    overlay.setAttribute('viewBox', `0 0 ${width} ${height}`);
    overlay.setAttribute('preserveAspectRatio', 'none');
    overlay.append(...this.#marks, this.#line);
    const inner = createElement('div', this.#canvas, overlay);
    // Axes of other kinds have no common length: long pictures of them are stretched into the card.
    const isSpace = [this.#row, this.#column].every(({ name }) => /^(?:scan_|sig_|[xy]$)/.test(name));
    const shape = isSpace ? width / height : Math.max(0.8, Math.min(2.5, width / height));
    Object.assign(inner.style, { aspectRatio: String(shape), maxWidth: `${Math.round(560 * shape)}px` });
    this.#frame = createElement('div', inner, { className: 'picture', tabIndex: 0, role: 'img' });
    this.#frame.setAttribute('aria-label', `picture of ${result.name}; arrow keys move the place whose value is shown`);
    this.#part = createElement('select', { ariaLabel: 'what is shown' });
    this.#part.append(...partsOf(result).map((part) => new Option(part)));
    this.#colours = createElement('select', { ariaLabel: 'colours' });
    this.#colours.append(...colourMapNames.map((name) => new Option(name.replace('-', ' '), name)));
    this.#log.checked = result.log ?? false;
    this.#scale.append(this.#bar, this.#wheel, createElement('div', ...this.#ends, { className: 'ends' }));
    this.#bind(inner);
    this.#read(true);
  }

  get elements(): readonly Element[] {
    const { axes } = this.#result;
    const ofPicture = pictureAxes(this.#result);
    const sliders = axes.flatMap((axis, k) => (ofPicture.includes(k) ? [] : [this.#slider(axis, k)]));
    const auto = createButton('Auto', { title: 'limits from the numbers', onclick: () => this.#read(true) });
    const log = createElement('label', this.#log, ' log');
    const parts = partsOf(this.#result).length > 1 ? [this.#part] : [];
    const controls = createElement('div', ...parts, this.#colours, this.#low, '…', this.#high, auto, log);
    controls.className = 'controls';
    const chosen = sliders.length > 0 ? [createElement('div', ...sliders, { className: 'controls' })] : [];
    const marks = (this.#result.marks ?? []).map((mark, i) => marksShown(mark, this.#marks[i] as SVGElement));
    const shown = marks.length > 0 ? [createElement('div', ...marks, { className: 'controls' })] : [];
    const named = [this.#row, this.#column].every(({ step }) => step !== undefined)
      ? [
          createElement('div', `down: ${spanText(this.#row)}; across: ${spanText(this.#column)}`, {
            className: 'quiet',
          }),
        ]
      : [];
    return [...chosen, this.#frame, ...named, this.#scale, ...shown, controls, this.#readout, this.#profile];
  }

  #slider(axis: StoredAxis, k: number): HTMLElement {
    const text = createElement('output', placeText(axis, 0));
    const slider = createElement('input', { type: 'range', min: '0', max: String(axis.length - 1), value: '0' });
    slider.ariaLabel = axis.name;
    slider.oninput = () => {
      this.#slice[k] = Number(slider.value);
      text.value = placeText(axis, Number(slider.value));
      this.#read(false);
    };
    return createElement('label', text, ' ', slider);
  }

  /** Takes the numbers that are chosen; `isNew`: with their own limits. */
  #read(isNew: boolean): void {
    const part = this.#part.value as ShownNumber;
    this.#indices = pictureIndices(this.#result, this.#slice);
    this.#values = partOf(this.#numbers, part, this.#indices);
    if (isNew) {
      const { limits, colours } = usualOf(this.#values, part);
      this.#limits = limits;
      this.#colours.value = colours;
    }
    const isDirection = part === 'direction';
    for (const control of [this.#colours, this.#low, this.#high, this.#log]) control.disabled = isDirection;
    this.#bar.hidden = isDirection;
    this.#wheel.hidden = !isDirection;
    this.#draw();
    this.#tell();
  }

  /** The vectors of the picture, (y, x) of each pixel. */
  get #vectors(): Float64Array {
    const both = (['y', 'x'] as const).map((part) => partOf(this.#numbers, part, this.#indices));
    return Float64Array.from({ length: 2 * this.#indices.length }, (_, i) => both[i % 2]?.[i >> 1] as number);
  }

  #draw(): void {
    const { width, height } = this.#canvas;
    const isDirection = (this.#part.value as ShownNumber) === 'direction';
    const map = colourMaps[this.#colours.value as ColourMapName];
    const rgba = isDirection
      ? vectorsToRgba(this.#vectors, { most: this.#limits[1] })
      : painted(this.#values.map(shareOf(this.#limits, this.#log.checked)), [0, 1], colourOf(map));
    const pen = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    pen.putImageData(new ImageData(rgba, width, height), 0, 0);
    const ramp = painted(
      Float64Array.from({ length: 256 }, (_, i) => i),
      [0, 255],
      colourOf(map),
    );
    const bar = this.#bar.getContext('2d') as CanvasRenderingContext2D;
    bar.putImageData(new ImageData(ramp, 256, 1), 0, 0);
    const { unit } = this.#result;
    const [low, high] = this.#limits;
    const most = `${shown(high)}${unitText(unit)}`;
    this.#ends[0].textContent = isDirection ? 'a vector points as its colour lies in the wheel' : shown(low);
    this.#ends[1].textContent = isDirection ? `rim: ${most} and more` : most;
    for (const [field, value] of [
      [this.#low, low],
      [this.#high, high],
    ] as const)
      if (document.activeElement !== field) field.value = String(Number(value.toPrecision(6)));
    this.#profile.replaceChildren(...this.#curve());
  }

  /** The numbers along the line, if there is one. */
  #curve(): readonly Element[] {
    const [from, to] = [this.#from, this.#to];
    if (!from || !to || (from.x === to.x && from.y === to.y)) return [];
    const pixels = pixelsAlong(from, to);
    const { length, unit } = scaleOf(this.#row, this.#column, from, to);
    const curve = curveOf({
      values: Float64Array.from(pixels, ({ y, x }) => this.#values[y * this.#column.length + x] as number),
      first: 0,
      step: length / (pixels.length - 1),
      across: `along the line (${unit})`,
      onPoint: (i) => {
        this.#at = pixels[i] as Pixel;
        this.#tell();
      },
    });
    return [curve];
  }

  /** Says what is at the place that is pointed at. */
  #tell(): void {
    const { y, x } = this.#at;
    const i = y * this.#column.length + x;
    const text = elementText(this.#numbers, this.#result, this.#indices[i] as number);
    const part = this.#part.value as ShownNumber;
    const own = part === 'value' || part === 'direction' ? '' : `, ${part} ${shown(this.#values[i] as number)}`;
    const { unit } = this.#result;
    const where = `${placeText(this.#row, y)}, ${placeText(this.#column, x)}`;
    const marked = markAt(this.#result.marks ?? [], this.#marks, x + 0.5, y + 0.5);
    const within = text === shown(Number.NaN) ? '' : unitText(unit);
    this.#readout.textContent = `${where}: ${text}${within}${own}${marked}`;
  }

  #bind(inner: HTMLElement): void {
    const pixelAt = ({ clientX, clientY }: PointerEvent): Pixel => {
      const box = this.#canvas.getBoundingClientRect();
      const inside = (share: number, length: number) => Math.max(0, Math.min(length - 1, Math.floor(share * length)));
      return {
        y: inside((clientY - box.top) / box.height, this.#row.length),
        x: inside((clientX - box.left) / box.width, this.#column.length),
      };
    };
    let isDown = false;
    inner.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      isDown = true;
      inner.setPointerCapture(event.pointerId);
      this.#from = pixelAt(event);
      this.#stretch(this.#from);
    });
    inner.addEventListener('pointermove', (event) => {
      this.#at = pixelAt(event);
      if (isDown) this.#stretch(this.#at);
      this.#tell();
    });
    for (const end of ['pointerup', 'pointercancel'] as const)
      inner.addEventListener(end, () => {
        isDown = false;
      });
    this.#frame.addEventListener('keydown', (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [dy = 0, dx = 0] = step;
      this.#at = {
        y: Math.max(0, Math.min(this.#row.length - 1, this.#at.y + dy)),
        x: Math.max(0, Math.min(this.#column.length - 1, this.#at.x + dx)),
      };
      this.#tell();
    });
    this.#part.onchange = () => this.#read(true);
    this.#colours.onchange = () => this.#draw();
    this.#log.onchange = () => this.#draw();
    this.#low.onchange = () => this.#limit(this.#low, 'low');
    this.#high.onchange = () => this.#limit(this.#high, 'high');
  }

  /** Draws the line of the profile up to a pixel. */
  #stretch(to: Pixel): void {
    this.#to = to;
    const from = this.#from ?? to;
    const isLine = from.x !== to.x || from.y !== to.y;
    const ends = isLine ? { x1: from.x + 0.5, y1: from.y + 0.5, x2: to.x + 0.5, y2: to.y + 0.5 } : {};
    for (const name of ['x1', 'y1', 'x2', 'y2'] as const) this.#line.setAttribute(name, String({ ...ends }[name] ?? 0));
    this.#profile.replaceChildren(...this.#curve());
  }

  #limit(field: HTMLInputElement, end: 'low' | 'high'): void {
    const limits = readLimits(field, end, this.#limits);
    if (!limits) return;
    this.#limits = limits;
    this.#draw();
  }
}

/** The elements of a picture of a result. */
export const mapOf = (result: StoredResult, numbers: Numbers, readout: HTMLElement): readonly Element[] =>
  new ResultMap(result, numbers, readout).elements;
