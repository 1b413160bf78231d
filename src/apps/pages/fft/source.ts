/** Loads images from files and generates samples, as pixels. Every problem is explained to the user. */

import { breathe, messageOf } from '../../../entries/pages.js';
import type { Picture } from './engine.js';

import type { Sample } from './samples.js';

/** Longest side in pixels; larger images are scaled down, so that filtering stays interactive. */
const longestSide = 2048;
const mostBytes = 256 * 2 ** 20;

/** Pixels with a remark about them. */
export interface Source {
  readonly name: string;
  readonly pixels: ImageData;
  /** For a sample, what can be seen; for a file, how it was converted. */
  readonly note: string;
  /** Spots painted initially. */
  readonly spots: readonly (readonly [number, number])[];
}

const surface = (width: number, height: number): CanvasRenderingContext2D => {
  const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', {
    willReadFrequently: true,
  });
  if (!context) throw new Error('this browser cannot provide a canvas; close other pages and try again');
  return context;
};

/** Reads an image file. Throws with a message for the user. */
export async function readImage(file: Blob, name: string): Promise<Source> {
  const size = file.size < 2 ** 20 ? `${Math.ceil(file.size / 1024)} kB` : `${(file.size / 2 ** 20).toFixed(0)} MB`;
  if (file.size > mostBytes)
    throw new Error(`${name} has ${size}; expected an image file of at most ${mostBytes / 2 ** 20} MB`);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(
      `${name} (${file.type || 'unknown type'}, ${size}) is not an image that this browser can read; ` +
        'use a PNG, JPEG, WebP, GIF, AVIF or BMP file',
    );
  }
  try {
    const { width, height } = bitmap;
    const factor = Math.min(1, longestSide / Math.max(width, height));
    const [w, h] = [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
    const context = surface(w, h);
    // Transparent pixels become white.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, w, h);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, w, h);
    const scaled =
      factor < 1
        ? `, scaled down from ${width} × ${height}: filtering an image larger than ${longestSide} pixels would not ` +
          'be interactive'
        : '';
    return { name, pixels: context.getImageData(0, 0, w, h), note: `${name}${scaled}`, spots: [] };
  } catch (error) {
    throw new Error(`${name} could not be drawn: ${messageOf(error)}`, { cause: error });
  } finally {
    bitmap.close();
  }
}

/** Draws one of the built-in images, a few rows at a time. */
export async function drawSample(name: string, { width, height, pixel, about, spots }: Sample): Promise<Source> {
  const pixels = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = pixel(x, y);
      const k = 4 * (y * width + x);
      pixels.data[k] = r;
      pixels.data[k + 1] = g;
      pixels.data[k + 2] = b;
      pixels.data[k + 3] = 255;
    }
    if (y % 128 === 127) await breathe();
  }
  return { name, pixels, note: about, spots };
}

/** One channel of brightness (stored values weighted by the eye's sensitivity), or red, green and blue. */
export function channelsOf({ width, height, data }: ImageData, colour: boolean): Picture {
  const n = width * height;
  if (colour) {
    const channels = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
    for (const [c, channel] of channels.entries()) for (let i = 0; i < n; i++) channel[i] = data[4 * i + c] as number;
    return { width, height, channels };
  }
  const brightness = new Float32Array(n);
  for (let i = 0, k = 0; i < n; i++, k += 4) {
    const [r, g, b] = [data[k] as number, data[k + 1] as number, data[k + 2] as number];
    brightness[i] = r === g && g === b ? r : 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  return { width, height, channels: [brightness] };
}

/** Writes channels into pixels, either clamped to 0 … 255 or with their range stretched to it. */
export function fillPixels({ data }: ImageData, channels: readonly Float32Array[], stretch: boolean): void {
  let [low, high] = [0, 255];
  if (stretch) {
    [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const channel of channels) {
      for (let i = 0; i < channel.length; i++) {
        const value = channel[i] as number;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    // A uniform image is left unchanged.
    if (high - low < 0.5) [low, high] = [0, 255];
  }
  const factor = 255 / (high - low);
  const [r, g = r, b = r] = channels as [Float32Array, Float32Array?, Float32Array?];
  for (let i = 0, k = 0; i < r.length; i++, k += 4) {
    data[k] = ((r[i] as number) - low) * factor;
    data[k + 1] = ((g[i] as number) - low) * factor;
    data[k + 2] = ((b[i] as number) - low) * factor;
    data[k + 3] = 255;
  }
}
