/**
 * PNG files of RGBA pixels, stored without compression, which suffices for small images. Format: RFC 2083, RFC 1950.
 */

import { filteredRows, pngFile } from '../base/png.js';

/** zlib's format with stored blocks of at most 65535 bytes. */
function stored(data: Uint8Array): Uint8Array {
  const most = 65535;
  const blocks = Math.max(1, Math.ceil(data.length / most));
  const out = new Uint8Array(2 + 5 * blocks + data.length + 4);
  const view = new DataView(out.buffer);
  out.set([0x78, 0x01]);
  let at = 2;
  for (let i = 0; i < blocks; i++) {
    const piece = data.subarray(i * most, (i + 1) * most);
    out[at] = i === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, piece.length, true);
    view.setUint16(at + 3, ~piece.length & 0xffff, true);
    out.set(piece, at + 5);
    at += 5 + piece.length;
  }
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  view.setUint32(at, ((b << 16) | a) >>> 0);
  return out;
}

/** The bytes of a PNG file; `rgba` is [height, width, 4]. */
export function encodePng(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number): Uint8Array {
  return pngFile(stored(filteredRows(rgba, 4 * width, height)), width, height);
}
