/** Colour bars with numbers, and scale bars, drawn beside a picture or on it. */
import type { Limits } from './contrast.js';
import { type ScaleName, shareOf } from './shaders.js';

type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** The largest of 1, 2 and 5 times a power of ten that is at most `most`, which is positive. */
export function roundBelow(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  const digit = most / power;
  return (digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * power;
}

/** Round values between the limits, at least `apart` (a share of the bar) from each other. */
export function ticksOf(limits: Limits, scale: ScaleName, apart: number): number[] {
  const [low, high] = limits;
  if (!(high > low) || !Number.isFinite(high - low)) return [];
  const ticks: number[] = [];
  const step = roundBelow((high - low) * apart * 2.5);
  if (scale === 'linear') {
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++)
      ticks.push(k === 0 ? 0 : Number((k * step).toPrecision(12)));
    return ticks.filter((_, i) => ticks.length * apart <= 1.01 || i % 2 === 0);
  }
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const sizes: number[] = [];
  for (let size = roundBelow(largest); size > largest * 1e-6; size = roundBelow(size * 0.9)) sizes.push(size);
  const candidates = [...sizes, 0, ...sizes.map((size) => -size).reverse()];
  for (const value of candidates) {
    if (value < low || value > high) continue;
    const [last] = ticks.slice(-1);
    if (last === undefined || shareOf(last, limits, scale) - shareOf(value, limits, scale) >= apart) ticks.push(value);
  }
  return ticks.reverse();
}

/** A number with a true minus and thin spaces between thousands. */
export function written(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size >= 1e6 || size < 1e-3)
      ? value.toExponential(1).replace('.0e', 'e').replace('e+', 'e')
      : String(Number(value.toPrecision(6)));
  return text.replace('-', '−').replace(/\B(?=(\d{3})+(?!\d))/g, size >= 1e4 && size < 1e6 ? '\u202f' : '');
}

/** What a colour bar describes, and where it stands. */
export interface ColourBar {
  /** [256, 3] */
  readonly colours: Uint8Array;
  readonly limits: Limits;
  readonly scale: ScaleName;
  /** What stands above the bar: the unit, or the scale. */
  readonly title: string;
  /** Colour of the frame and of the numbers, which contrasts with what lies behind them. */
  readonly ink: string;
  /** Colour behind a bar that lies on the picture; without it, the bar is next to the picture. */
  readonly ground?: string;
}

/** Width that a colour bar takes at the right of a picture, in CSS pixels. */
export const barWidth = 78;
/** Height of a colour bar, and least distance of its numbers, in CSS pixels. */
const [longestBar, apartPx] = [220, 22];
/** A narrower picture has no bar on it, which would cover much of it; in CSS pixels. */
const minWidth = 280;

/** Draws a colour bar at the right edge of a picture, whose size is in pixels of the canvas. */
export function drawColourBar(pen: Pen, size: { width: number; height: number }, bar: ColourBar, dpr: number): void {
  const { colours, limits, scale, title, ink, ground } = bar;
  const { width, height } = size;
  // On whole pixels, so that colours do not mix with those of the frame around them.
  const length = Math.round(Math.min(longestBar * dpr, height - 70 * dpr));
  if (length < 40 * dpr || !(limits[1] > limits[0]) || (ground && width < minWidth * dpr)) return;
  const [x, y, thick] = [width - (barWidth - 12) * dpr, (height - length) / 2, 12 * dpr].map(Math.round) as [
    number,
    number,
    number,
  ];
  if (ground) {
    pen.fillStyle = ground;
    pen.fillRect(width - barWidth * dpr, y - 26 * dpr, barWidth * dpr, length + 36 * dpr);
  }
  pen.fillStyle = ink;
  pen.fillRect(x - dpr, y - dpr, thick + 2 * dpr, length + 2 * dpr);
  for (let row = 0; row < length; row++) {
    const at = 3 * Math.round(255 * (1 - row / (length - 1)));
    pen.fillStyle = `rgb(${colours[at]},${colours[at + 1]},${colours[at + 2]})`;
    pen.fillRect(x, y + row, thick, 1);
  }
  pen.fillStyle = ink;
  pen.font = `${11 * dpr}px system-ui, sans-serif`;
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  for (const value of ticksOf(limits, scale, (apartPx * dpr) / length)) {
    const at = y + length * (1 - shareOf(value, limits, scale));
    pen.fillRect(x + thick, Math.round(at), 4 * dpr, dpr);
    pen.fillText(written(value), x + thick + 6 * dpr, at);
  }
  pen.textAlign = 'right';
  pen.textBaseline = 'alphabetic';
  pen.fillText(title, width - 4 * dpr, y - 10 * dpr);
  pen.textAlign = 'left';
}

/** Draws a bar of a round length in the lower left corner; `perPixel` units are one pixel of the canvas. */
export function drawScaleBar(pen: Pen, perPixel: number, unit: string, dpr: number): void {
  const { width, height } = pen.canvas;
  const most = 0.25 * width * perPixel;
  if (!(most > 0) || !Number.isFinite(most)) return;
  // Positions and pixels are counted.
  const size = /^p(x|ixels|ositions)$/.test(unit) ? Math.max(1, roundBelow(most)) : roundBelow(most);
  const length = size / perPixel;
  const text = `${written(size)} ${unit}`;
  pen.font = `600 ${11 * dpr}px system-ui, sans-serif`;
  const box = Math.max(length, pen.measureText(text).width) + 16 * dpr;
  const [x, y] = [8 * dpr, height - 38 * dpr];
  pen.fillStyle = 'rgba(40,44,52,.8)';
  pen.fillRect(x, y, box, 30 * dpr);
  pen.fillStyle = '#fff';
  pen.textAlign = 'center';
  pen.textBaseline = 'alphabetic';
  pen.fillText(text, x + box / 2, y + 14 * dpr);
  pen.textAlign = 'left';
  pen.fillRect(x + (box - length) / 2, y + 20 * dpr, length, 3 * dpr);
}
