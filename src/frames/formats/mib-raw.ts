/**
 * MIB's raw frames (R64): counters as the chips shift them out, in 64-bit words with their pixels in reverse order, and
 * the four chips of a quad next to each other in a row.
 *
 * 1 bit was checked against files of detectors; 6, 12 and 24 bits follow the description only.
 */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import type { DataType } from '../../bytes/dtype.js';

/** The header of a raw frame. */
interface RawHeader {
  readonly width: number;
  readonly height: number;
  /** 1x1 or 2x2. */
  readonly layout: string;
  /** Bits per counter, if the header states them. */
  readonly bits: number | undefined;
}

/** The layout of a raw frame in the file. */
export interface RawLayout {
  readonly bits: 1 | 6 | 12 | 24;
  readonly dtype: DataType;
  /** Width of the image. */
  readonly width: number;
  readonly height: number;
  /** Pixels per row in the file: a quad has its four chips next to each other. */
  readonly rowPixels: number;
  readonly rows: number;
  readonly quad: boolean;
  readonly storedBytes: number;
}

const dtypes = { 1: 'u8', 6: 'u8', 12: 'u16', 24: 'u32' } as const;
/** Bytes per eight pixels in the file: 24 bits are two consecutive frames of 12. */
const bytesOfEight = { 1: 1, 6: 8, 12: 16, 24: 32 } as const;
const chipPixels = 256;

/** The layout of a raw frame. Throws `Format` for unknown bit depths and layouts. */
export function rawLayout(source: Pick<ByteSource, 'name'>, header: RawHeader): RawLayout {
  const { bits, layout } = header;
  if (bits !== 1 && bits !== 6 && bits !== 12 && bits !== 24)
    throw badFile(source, `raw frames have ${bits} bits; expected 1, 6, 12 or 24`);
  const quad = layout === '2x2';
  if (!quad && layout !== '1x1') throw badFile(source, `raw frames have layout ${layout}; expected 1x1 or 2x2`);
  // With 24 bits, the width counts both frames of 12.
  const rowPixels = bits === 24 ? header.width / 2 : header.width;
  if (rowPixels !== chipPixels * (quad ? 4 : 1))
    throw badFile(source, `raw rows of ${rowPixels} pixels do not fit layout ${layout}: a chip has ${chipPixels}`);
  return {
    bits,
    dtype: dtypes[bits],
    width: quad ? rowPixels / 2 : rowPixels,
    height: quad ? header.height * 2 : header.height,
    rowPixels,
    rows: header.height,
    quad,
    storedBytes: ((rowPixels * header.height) / 8) * bytesOfEight[bits],
  };
}

/** Decodes a frame into little-endian numbers. */
export function rawDecoder(layout: RawLayout): (stored: Uint8Array, into: Uint8Array) => void {
  const { rowPixels, rows, quad, width, bits } = layout;
  const unpack = { 1: unpack1, 6: unpack6, 12: unpack12, 24: unpack24 }[bits];
  const width8 = bits === 24 ? 4 : bits === 12 ? 2 : 1;
  const flat = quad ? new Uint8Array(rowPixels * rows * width8) : undefined;
  return (stored, into) => {
    if (!flat) return unpack(stored, into);
    unpack(stored, flat);
    for (let row = 0; row < rows; row++) {
      for (let chip = 0; chip < 4; chip++) {
        const from = (row * 4 + chip) * chipPixels * width8;
        place(flat.subarray(from, from + chipPixels * width8), into, row, chip);
      }
    }
  };

  /** Chips 3 and 2 form the upper half of the image; 1 and 0 form the lower half, rotated by 180°. */
  function place(piece: Uint8Array, into: Uint8Array, row: number, chip: number): void {
    const column = chip === 3 || chip === 1 ? 0 : chipPixels;
    const y = chip >= 2 ? row : layout.height - 1 - row;
    const to = (y * width + column) * width8;
    if (chip >= 2) {
      into.set(piece, to);
      return;
    }
    for (let pixel = 0; pixel < chipPixels; pixel++)
      for (let byte = 0; byte < width8; byte++)
        into[to + (chipPixels - 1 - pixel) * width8 + byte] = piece[pixel * width8 + byte] as number;
  }
}

/** 64 pixels per word: last byte first, lowest bit first. */
function unpack1(stored: Uint8Array, into: Uint8Array): void {
  for (let at = 0; at < stored.length; at++) {
    const byte = stored[(at & ~7) + 7 - (at & 7)] as number;
    for (let bit = 0; bit < 8; bit++) into[at * 8 + bit] = (byte >> bit) & 1;
  }
}

/** Eight pixels per word, one byte each, reversed. */
function unpack6(stored: Uint8Array, into: Uint8Array): void {
  for (let at = 0; at < stored.length; at++) into[at] = stored[(at & ~7) + 7 - (at & 7)] as number;
}

/**
 * Four pixels per word, big-endian and reversed: reversing the bytes of a word gives little-endian numbers in order.
 */
function unpack12(stored: Uint8Array, into: Uint8Array): void {
  unpack6(stored, into);
}

/** Two frames of 12 bits; the first one has the upper bits. */
function unpack24(stored: Uint8Array, into: Uint8Array): void {
  const half = stored.length / 2;
  const pixel = (frame: number, i: number): number => {
    const at = frame * half + (i & ~3) * 2 + (3 - (i & 3)) * 2;
    return ((stored[at] as number) << 8) | (stored[at + 1] as number);
  };
  for (let i = 0; i < half / 2; i++) {
    const value = (pixel(0, i) << 12) + pixel(1, i);
    into[4 * i] = value;
    into[4 * i + 1] = value >> 8;
    into[4 * i + 2] = value >> 16;
    into[4 * i + 3] = value >> 24;
  }
}
