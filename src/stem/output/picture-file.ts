/** A picture of a result that can be shown as it is: large pixels, a bar with numbers and unit, and a scale bar. */

import { type BlockValue, blockSide, valuesOfBlocks } from '../../report/blocks.js';
import {
  colourOf,
  endsOf,
  fullLength,
  isAboutZero,
  limitsOf,
  logarithms,
  logEndsOf,
  painted,
  toRgba,
  vectorsToRgba,
} from '../../udf/live/colormap.js';
import { directionWheel } from '../../udf/live/direction-wheel.js';
import { drawText, type Picture, textWidth } from '../../util/picture-text.js';
import type { NamedResult } from './named-results.js';

/** The longer side of the image in pixels is at least this: a value becomes a square of pixels. */
const minSide = 512;
const [gap, barWidth, lineHeight] = [12, 24, 22];
/** Radius of the wheel of directions in pixels. */
const wheelRadius = 48;

/** From blue through white to red, −1 to 1: which side of zero a value is on is seen at once. */
function signedColour(value: number): readonly [number, number, number] {
  const t = Math.max(-1, Math.min(1, value));
  const [r, g, b] = t < 0 ? [33, 102, 172] : [178, 24, 43];
  const mix = (to: number): number => Math.round(247 + (to - 247) * Math.abs(t));
  return [mix(r), mix(g), mix(b)];
}

/** How the values of an image become colours. */
interface Scale {
  readonly low: number;
  readonly high: number;
  readonly colour: (share: number) => readonly [number, number, number];
}

/** The image of a result in colours: of large results, one value of each block. */
interface Coloured {
  readonly rgba: Uint8ClampedArray;
  /** Values along a side of a block, and which of them is shown. */
  readonly by: number;
  readonly which: BlockValue;
  /** Undefined for vectors, which have a rim instead. */
  readonly scale?: Scale;
  readonly rim: number;
}

/**
 * Values of both signs are shown about zero, others from their least to their greatest; vectors by their directions.
 * Limits are those of all values, whichever are shown.
 */
function coloured({ data, shape, vectors, log = false }: NamedResult): Coloured {
  const [rows = 1, columns = 1] = shape;
  const by = blockSide(rows, columns);
  const shown = (values: ArrayLike<number>, which: BlockValue): ArrayLike<number> =>
    by === 1 ? values : valuesOfBlocks(values, [rows, columns], by, which);
  if (vectors) {
    const which = 'longest';
    const some = shown(data as Float64Array, which);
    const rim = fullLength(some);
    return { rgba: vectorsToRgba(some, { most: rim }), by, which, rim };
  }
  // 64-bit integers are rounded to numbers.
  const values =
    typeof data[0] === 'bigint' ? Float64Array.from(data as BigInt64Array, Number) : (data as Float64Array);
  const ends = endsOf(values) ?? { least: 0, low: 0, high: 1, most: 1 };
  const [low, high] = limitsOf(ends);
  if (log || !isAboutZero([low, high])) {
    const which = 'greatest';
    const some = shown(values, which);
    const drawn = log ? logarithms(some, ends.least) : some;
    const limits = log ? limitsOf(logEndsOf(ends)) : ([low, high] as const);
    return { rgba: toRgba(drawn, { limits }), by, which, scale: { low, high, colour: colourOf }, rim: 0 };
  }
  const most = Math.max(-low, high);
  const which = 'farthest from 0';
  const colour = (share: number) => signedColour(2 * share - 1);
  const rgba = painted(shown(values, which), [-most, most], colour);
  return { rgba, by, which, scale: { low: -most, high: most, colour }, rim: 0 };
}

/** A length of 1, 2 or 5 times a power of ten that is at most `most`. */
function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((n) => n * power <= most) ?? 1) * power;
}

/** A filled rectangle of an opaque colour. */
function fill({ rgba, width }: Picture, [x0, y0, w, h]: readonly number[], colour: readonly number[]): void {
  for (let y = y0 as number; y < (y0 as number) + (h as number); y++)
    for (let x = x0 as number; x < (x0 as number) + (w as number); x++) rgba.set([...colour, 255], 4 * (y * width + x));
}

/** The bar of the colours with its limits, to the right of an image. */
function drawBar(picture: Picture, x: number, height: number, { low, high, colour }: Scale, log: boolean): void {
  for (let y = 0; y < height; y++) fill(picture, [x, y, barWidth, 1], colour(1 - y / (height - 1)));
  const label = (value: number, y: number): void => drawText(picture, x + barWidth + 6, y, value.toPrecision(3));
  label(high, 2);
  if (log) drawText(picture, x + barWidth + 6, height / 2 - 8, 'log');
  else label((low + high) / 2, height / 2 - 8);
  label(low, height - 18);
}

/** The wheel of the colours of all directions, to the right of an image, and the length of the vectors at its rim. */
function drawWheel(picture: Picture, x: number, most: number): void {
  const side = 2 * wheelRadius + 1;
  const colours = directionWheel(wheelRadius);
  for (let i = 0; i < side * side; i++)
    if (colours[4 * i + 3] === 255)
      picture.rgba.set(
        colours.subarray(4 * i, 4 * i + 4),
        4 * ((2 + Math.floor(i / side)) * picture.width + x + (i % side)),
      );
  drawText(picture, x, side + 12, `rim ${most.toPrecision(3)}`);
}

/** What stands below a picture: the name of the result, and which values are shown of one that has too many. */
function captionOf({ name, desc, shape, navAxes, scales }: NamedResult, { by, which }: Coloured): string {
  const [rows = 1, columns = 1] = shape;
  const unit = scales ? 'values' : navAxes === 0 ? 'pixels' : 'positions';
  const of = `${Math.min(by, rows)} × ${Math.min(by, columns)} ${unit}`;
  return `${name}${desc === undefined ? '' : `: ${desc}`}${by === 1 ? '' : ` (the ${which} of ${of})`}`;
}

/**
 * The picture of a result of two axes. `step` is the length of a pixel of the scan in nm; without it, the scale bar
 * counts positions, or pixels of the detector.
 */
export function pictureOf(result: NamedResult, step: number | undefined): Picture {
  const { shape, navAxes, scales, log = false } = result;
  const image = coloured(result);
  const { rgba, by, scale, rim } = image;
  const [rows, columns] = [Math.ceil((shape[0] ?? 1) / by), Math.ceil((shape[1] ?? 1) / by)];
  const factor = Math.ceil(minSide / Math.max(rows, columns));
  const caption = captionOf(result, image);
  const [width, down] = [columns * factor, rows * factor];
  const side = gap + (scale ? barWidth + 6 + textWidth('-0.000e+00') : textWidth('rim 0.000e+00'));
  const picture: Picture = {
    width: Math.max(width + side, Math.min(textWidth(caption), 2 * width)) + gap,
    height: down + 2 * lineHeight + gap,
    rgba: new Uint8ClampedArray(0),
  };
  const whole: Picture = { ...picture, rgba: new Uint8ClampedArray(4 * picture.width * picture.height).fill(255) };
  const from = new Uint32Array(rgba.buffer, rgba.byteOffset, rows * columns);
  const to = new Uint32Array(whole.rgba.buffer);
  for (let y = 0; y < down; y++) {
    const row = from.subarray(Math.floor(y / factor) * columns).subarray(0, columns);
    if (factor === 1) to.set(row, y * whole.width);
    else for (let x = 0; x < width; x++) to[y * whole.width + x] = row[Math.floor(x / factor)] as number;
  }
  if (scale) drawBar(whole, width + gap, down, scale, log);
  else drawWheel(whole, width + gap, rim);
  const ofScan = step === undefined ? { step: 1, unit: 'positions' } : { step, unit: 'nm' };
  const { step: each, unit } = scales?.at(-1) ?? (navAxes === 2 ? ofScan : { step: 1, unit: 'pixels' });
  const length = roundLength((columns * by * each) / 3);
  const top = down + gap;
  if (length >= each) {
    const bar = Math.round(((length / each) * factor) / by);
    fill(whole, [2, top, bar, 6], [0, 0, 0]);
    drawText(whole, bar + 12, top - 5, `${length} ${unit}`);
  }
  drawText(whole, 2, top + lineHeight - 6, caption);
  return whole;
}
