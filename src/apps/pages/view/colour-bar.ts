/** The colour bar of a picture: which value has which colour, with numbers. */
import { ticks } from '../../../entries/pages.js';
import type { Limits } from './contrast.js';
import type { ScaleName } from './shaders.js';

/** What a bar describes. */
interface BarScene {
  readonly limits: Limits;
  readonly scale: ScaleName;
  /** The table of colours, [256, 3]. */
  readonly colours: Uint8Array;
  /** Whether low values are light. */
  readonly light: boolean;
}

/** Sizes in CSS pixels: the bar, the room for numbers, the distance from the edges, and between two numbers. */
const [wide, longest, words, margin, apart] = [12, 220, 46, 8, 15];
/** A smaller picture has no bar. */
const [leastWidth, leastHeight] = [280, 160];

const curves: Readonly<Record<ScaleName, (value: number) => number>> = {
  linear: (value) => value,
  sqrt: (value) => Math.sqrt(Math.max(0, value)),
  log: (value) => Math.log1p(Math.max(0, value)),
  asinh: Math.asinh,
};

/** The place of a value on a bar, 0 … 1, as the shader colours it. */
export function shareOnBar(value: number, [low, high]: Limits, scale: ScaleName): number {
  const curve = curves[scale];
  const zero = Math.min(low, 0);
  const dark = curve(low - zero);
  return (curve(value - zero) - dark) / Math.max(curve(high - zero) - dark, 1e-20);
}

/** Round values on a bar of some length, of which neighbours are at least `least` apart. */
export function barTicks(limits: Limits, scale: ScaleName, length: number, least: number): number[] {
  const [low, high] = limits;
  if (scale === 'linear') return ticks(low, high).filter((value) => value >= low && value <= high);
  const top = Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high), 1e-9)));
  const found: number[] = [];
  // Powers of ten come first, then their halves and fifths.
  for (const leading of [1, 5, 2])
    for (let power = top; power >= top - 9; power--)
      for (const value of [leading * 10 ** power, -leading * 10 ** power]) {
        const at = shareOnBar(value, limits, scale) * length;
        const isFree = found.every((other) => Math.abs(shareOnBar(other, limits, scale) * length - at) >= least);
        if (value >= low && value <= high && isFree) found.push(Number(value.toPrecision(1)));
      }
  const zero = shareOnBar(0, limits, scale);
  if (
    low <= 0 &&
    high >= 0 &&
    found.every((other) => Math.abs(shareOnBar(other, limits, scale) - zero) * length >= least)
  )
    found.push(0);
  return found.sort((a, b) => a - b);
}

/** Draws the bar at the right edge of a canvas. */
export function drawColourBar(
  pen: CanvasRenderingContext2D,
  { width, height }: { readonly width: number; readonly height: number },
  { limits, scale, colours, light }: BarScene,
): void {
  const px = devicePixelRatio;
  if (width < leastWidth * px || height < leastHeight * px) return;
  const long = Math.min(longest * px, height / 2);
  const left = width - (wide + words + margin) * px;
  const top = (height - long) / 2;
  pen.save();
  pen.fillStyle = light ? 'rgba(255,255,255,.85)' : 'rgba(0,0,0,.7)';
  pen.fillRect(left - 5 * px, top - 22 * px, (wide + words + 8) * px, long + 32 * px);
  for (let level = 0; level < 256; level++) {
    pen.fillStyle = `rgb(${colours.subarray(3 * level, 3 * level + 3).join(' ')})`;
    // Neighbours overlap, so that no seam is seen between them.
    pen.fillRect(left, top + long * (1 - (level + 1) / 256), wide * px, long / 256 + (level > 0 ? 1 : 0));
  }
  pen.fillStyle = light ? '#1d2129' : '#e6e8ec';
  pen.strokeStyle = pen.fillStyle;
  pen.lineWidth = px;
  pen.strokeRect(left, top, wide * px, long);
  pen.font = `${11 * px}px system-ui, sans-serif`;
  pen.textBaseline = 'middle';
  pen.fillText(scale, left, top - 12 * px);
  for (const value of barTicks(limits, scale, long, apart * px)) {
    const y = top + long * (1 - shareOnBar(value, limits, scale));
    pen.fillRect(left + wide * px, y - px / 2, 4 * px, px);
    pen.fillText(String(Number(value.toPrecision(4))).replace('-', '−'), left + (wide + 7) * px, y);
  }
  pen.restore();
}
