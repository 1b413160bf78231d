/**
 * The spectrum as an image and in words: logarithm of the power, zero frequency in the middle, filtered-out parts shown
 * pale.
 */

import type { Picture } from './engine.js';

export type Palette = 'ember' | 'sea' | 'grey';

const stops: Record<Palette, readonly (readonly [number, number, number])[]> = {
  ember: [
    [9, 8, 22],
    [66, 22, 92],
    [176, 46, 82],
    [245, 140, 58],
    [255, 249, 214],
  ],
  sea: [
    [6, 12, 30],
    [18, 62, 116],
    [26, 140, 152],
    [136, 210, 148],
    [252, 252, 222],
  ],
  grey: [
    [0, 0, 0],
    [255, 255, 255],
  ],
};
const maskSteps = 16;

/** Colours as 32-bit pixels of a little-endian machine: 256 levels for each of 17 steps of the mask. */
export function colourTable(palette: Palette): Uint32Array {
  const colours = stops[palette];
  const table = new Uint32Array((maskSteps + 1) * 256);
  for (let level = 0; level < 256; level++) {
    const place = (level / 255) * (colours.length - 1);
    const first = Math.min(Math.floor(place), colours.length - 2);
    const colour = [0, 1, 2].map((i) => {
      const [a, b] = [colours[first]?.[i] ?? 0, colours[first + 1]?.[i] ?? 0];
      return a + (b - a) * (place - first);
    });
    const grey = 0.3 * (colour[0] ?? 0) + 0.6 * (colour[1] ?? 0) + 0.1 * (colour[2] ?? 0);
    const removed = [26 + 0.28 * grey, 30 + 0.3 * grey, 42 + 0.34 * grey];
    for (let step = 0; step <= maskSteps; step++) {
      const [r, g, b] = colour.map((value, i) =>
        Math.round((removed[i] ?? 0) + (value - (removed[i] ?? 0)) * (step / maskSteps)),
      );
      table[step * 256 + level] = ((255 << 24) | ((b ?? 0) << 16) | ((g ?? 0) << 8) | (r ?? 0)) >>> 0;
    }
  }
  return table;
}

const decades = 7;

/**
 * Levels 0 … 255 of the logarithm of a power spectrum, from the power exceeded by nine tenths of the bins to the
 * maximum apart from the mean; at most seven decades, since more cannot be distinguished.
 */
export function levelsOf(power: Float32Array): Uint8Array {
  const logs = new Float32Array(power.length);
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < power.length; i++) {
    const value = Math.log10((power[i] as number) + 1e-12);
    logs[i] = value;
    if (i > 0 && value > most) most = value;
  }
  // A uniform image has only rounding errors besides its mean, which stay dark.
  most = Math.max(most, (logs[0] as number) - 11);
  const bottom = most - decades;
  const counts = new Uint32Array(512);
  const place = (value: number): number => Math.min(511, Math.max(0, Math.floor(((value - bottom) / decades) * 511)));
  for (let i = 0; i < logs.length; i++) {
    const bin = place(logs[i] as number);
    counts[bin] = (counts[bin] as number) + 1;
  }
  let bin = 0;
  for (let seen = counts[0] as number; seen < power.length / 10 && bin < 511; ) seen += counts[++bin] as number;
  // At least a tenth of the range; otherwise noise alone would fill it.
  const low = bottom + (Math.min(bin, 460) / 511) * decades;
  const levels = new Uint8Array(power.length);
  for (let i = 0; i < logs.length; i++)
    levels[i] = Math.min(255, Math.max(0, Math.round((((logs[i] as number) - low) / (most - low)) * 255)));
  return levels;
}

/** Draws the full spectrum from the stored half; `pixels` has width × height. */
export function drawSpectrum(
  pixels: Uint32Array,
  levels: Uint8Array,
  mask: Float32Array,
  table: Uint32Array,
  width: number,
  height: number,
): void {
  const half = (width >> 1) + 1;
  const [middleX, middleY] = [width >> 1, height >> 1];
  for (let y = 0; y < height; y++) {
    const row = (y - middleY + height) % height;
    const mirrored = (height - row) % height;
    for (let x = 0; x < width; x++) {
      const column = x - middleX;
      const i = column >= 0 ? row * half + column : mirrored * half - column;
      pixels[y * width + x] = table[
        Math.round((mask[i] as number) * maskSteps) * 256 + (levels[i] as number)
      ] as number;
    }
  }
}

/** Describes a bin (x, y counted from the zero frequency, y downwards): the wave it stands for and its amplitude. */
export function describeBin(
  [x, y]: readonly [number, number],
  power: Float32Array,
  { width, height, channels }: Picture,
): string {
  const [fx, fy] = [x / width, -y / height];
  const f = Math.hypot(fx, fy);
  // Of two mirror images, the half spectrum holds the one with x ≥ 0; each has half of the wave's amplitude.
  const sign = x < 0 ? -1 : 1;
  const bin = ((sign * y + height) % height) * ((width >> 1) + 1) + sign * x;
  const pair = (2 * x) % width === 0 && (2 * y) % height === 0 ? 1 : 2;
  const amplitude = (pair * Math.sqrt((power[bin] as number) / channels.length)) / (width * height);
  const wave =
    f === 0
      ? 'the mean'
      : `period ${(1 / f).toPrecision(4)} px ` +
        `at ${((Math.atan2(fy, fx) * 180) / Math.PI).toFixed(1)}°, ${f.toFixed(4)} cycles/px`;
  return `(${x}, ${0 - y}): ${wave}, amplitude ${amplitude.toPrecision(3)} grey levels`;
}
