/** Writes palette PNG files: one palette index per pixel. */

import { filteredRows, pngFile } from '../base/png.js';

/** `CompressionStream`'s deflate is the zlib format, as PNG requires. */
async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** A PNG file of `pixels` [height, width], each a palette index; `palette` holds r, g, b of up to 256 colours. */
export async function png(pixels: Uint8Array, width: number, height: number, palette: Uint8Array): Promise<Uint8Array> {
  return pngFile(await deflate(filteredRows(pixels, width, height)), width, height, palette);
}

/** The data URL of an image embedded in a page. */
export function dataUrl(file: Uint8Array): string {
  let text = '';
  for (let i = 0; i < file.length; i += 8192) text += String.fromCharCode(...file.subarray(i, i + 8192));
  return `data:image/png;base64,${btoa(text)}`;
}
