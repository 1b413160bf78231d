/** Pictures of few colours as PNG files: an index a pixel into a palette. */

import { filteredRows, pngFile } from '../base/png.js';

/** What `CompressionStream` calls deflate is zlib's format, which PNG wants. */
async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** A PNG file of `pixels` [height, width], each the number of a colour; `palette` holds r, g, b of up to 256 of them. */
export async function png(pixels: Uint8Array, width: number, height: number, palette: Uint8Array): Promise<Uint8Array> {
  return pngFile(await deflate(filteredRows(pixels, width, height)), width, height, palette);
}

/** The address of a picture that is part of a page. */
export function dataUrl(file: Uint8Array): string {
  let text = '';
  for (let i = 0; i < file.length; i += 8192) text += String.fromCharCode(...file.subarray(i, i + 8192));
  return `data:image/png;base64,${btoa(text)}`;
}
