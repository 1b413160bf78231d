/** A picture of a result that can be shown as it is: large pixels, a bar with numbers and unit, and a scale bar. */
import { drawText, type Picture, textWidth } from '../../base/picture-text.js';
import { colourOf, fullLength, robustLimits, toRgba, vectorsToRgba } from '../images/colormap.js';
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
  readonly rgba: Uint8ClampedArray;
}

/** Values of both signs are shown about zero, others from their least to their greatest. */
function scaleOf({ data, vectors, log = false }: NamedResult): Scale | undefined {
  if (vectors) return undefined;
  const values = data as Float64Array;
  const [low, high] = robustLimits(values);
  if (log || low >= 0 || high <= 0 || Math.min(-low, high) < 0.1 * Math.max(-low, high))
    return { low, high, colour: colourOf, rgba: toRgba(values, log ? { log } : { limits: [low, high] }) };
  const most = Math.max(-low, high);
  const rgba = new Uint8ClampedArray(4 * values.length);
  for (let i = 0; i < values.length; i++)
    if (!Number.isNaN(values[i])) rgba.set([...signedColour((values[i] as number) / most), 255], 4 * i);
  return { low: -most, high: most, colour: (share) => signedColour(2 * share - 1), rgba };
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
  const vectors = new Float64Array(2 * side * side).fill(Number.NaN);
  for (let i = 0; i < side * side; i++) {
    const [dy, dx] = [Math.floor(i / side) - wheelRadius, (i % side) - wheelRadius];
    if (Math.hypot(dy, dx) <= wheelRadius) vectors.set([dy, dx], 2 * i);
  }
  const colours = vectorsToRgba(vectors, { most: wheelRadius });
  for (let i = 0; i < side * side; i++)
    if (colours[4 * i + 3] === 255)
      picture.rgba.set(
        colours.subarray(4 * i, 4 * i + 4),
        4 * ((2 + Math.floor(i / side)) * picture.width + x + (i % side)),
      );
  drawText(picture, x, side + 12, `rim ${most.toPrecision(3)}`);
}

/**
 * The picture of a result of two axes. `step` is the length of a pixel of the scan in nm; without it, the scale bar
 * counts positions, or pixels of the detector.
 */
export function pictureOf(result: NamedResult, step: number | undefined): Picture {
  const { shape, data, navAxes, across, log = false } = result;
  const [rows = 1, columns = 1] = shape;
  const factor = Math.ceil(minSide / Math.max(rows, columns));
  const scale = scaleOf(result);
  const most = scale ? 0 : fullLength(data as Float64Array);
  const rgba = scale?.rgba ?? vectorsToRgba(data as Float64Array, { most });
  const caption = `${result.name}${result.desc === undefined ? '' : `: ${result.desc}`}`;
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
  for (let y = 0; y < down; y++)
    for (let x = 0; x < width; x++)
      to[y * whole.width + x] = from[Math.floor(y / factor) * columns + Math.floor(x / factor)] as number;
  if (scale) drawBar(whole, width + gap, down, scale, log);
  else drawWheel(whole, width + gap, most);
  const ofScan = step === undefined ? { step: 1, unit: 'positions' } : { step, unit: 'nm' };
  const { step: each, unit } = across ?? (navAxes === 2 ? ofScan : { step: 1, unit: 'pixels' });
  const length = roundLength((columns * each) / 3);
  const top = down + gap;
  if (length >= each) {
    const bar = Math.round((length / each) * factor);
    fill(whole, [2, top, bar, 6], [0, 0, 0]);
    drawText(whole, bar + 12, top - 5, `${length} ${unit}`);
  }
  drawText(whole, 2, top + lineHeight - 6, caption);
  return whole;
}
