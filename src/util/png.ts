/** PNG files with 8 bits per sample and unfiltered rows. Format: RFC 2083, RFC 1950. */

import { crc32 } from './crc32.js';
import type { OwnBytes } from './globals.js';
import { joined } from './joined.js';

function chunk(type: string, data: Uint8Array): OwnBytes {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** Rows as PNG stores them: each preceded by its filter type, none. */
function filteredRows(bytes: Uint8Array | Uint8ClampedArray, rowBytes: number, height: number): Uint8Array {
  const rows = new Uint8Array(height * (rowBytes + 1));
  for (let y = 0; y < height; y++) rows.set(bytes.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  return rows;
}

/** A file of filtered rows compressed in zlib format: palette indices if there is a palette, else RGBA. */
function pngFile(packed: Uint8Array, width: number, height: number, palette?: Uint8Array): OwnBytes {
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([8, palette ? 3 : 6, 0, 0, 0], 8);
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', head),
    ...(palette ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', packed),
    chunk('IEND', new Uint8Array(0)),
  ];
  return joined(Uint8Array, parts);
}

/** The bytes of a PNG file; `rgba` is [height, width, 4]. `pack` gives zlib's format. */
export async function encodePng(
  rgba: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  pack: (rows: Uint8Array) => Promise<Uint8Array>,
): Promise<OwnBytes> {
  return pngFile(await pack(filteredRows(rgba, 4 * width, height)), width, height);
}

/** Bytes compressed in zlib format, which `CompressionStream` calls deflate. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/**
 * A PNG file of `pixels` [height, width], each the number of a colour; `palette` holds r, g, b of up to 256 of them.
 */
export async function png(pixels: Uint8Array, width: number, height: number, palette: Uint8Array): Promise<OwnBytes> {
  return pngFile(await deflate(filteredRows(pixels, width, height)), width, height, palette);
}

/** A PNG file with a text after its header, such as the name of the program that made it; both are ASCII. */
export function withPngText(file: Uint8Array, keyword: string, text: string): OwnBytes {
  const added = chunk('tEXt', new TextEncoder().encode(`${keyword}\0${text}`));
  // The signature has 8 bytes, the header 25.
  const out = new Uint8Array(file.length + added.length);
  out.set(file.subarray(0, 33));
  out.set(added, 33);
  out.set(file.subarray(33), 33 + added.length);
  return out;
}

/** Bytes as text of base64. */
export function base64(bytes: Uint8Array): string {
  const texts: string[] = [];
  // A multiple of three bytes has no filling at its end.
  for (let i = 0; i < bytes.length; i += 12_288)
    texts.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 12_288))));
  return texts.join('');
}

/** The address of a picture that is part of a page. */
export const dataUrl = (file: Uint8Array): string => `data:image/png;base64,${base64(file)}`;
