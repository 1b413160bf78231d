/**
 * MIB's raw frames (R64): counters as the chips shift them out, in 64-bit words whose pixels come in reverse order, and
 * four chips of a quad side by side in a row.
 *
 * 1 bit is checked against files of detectors; 6, 12 and 24 bits follow the description only.
 */
import type { ByteSource } from '../byte-source.js';
import type { DataType } from '../dtype.js';
import { badFile } from '../shapes.js';

/** What the header of a raw frame says. */
export interface RawHeader {
  readonly width: number;
  readonly height: number;
  /** 1x1, 2x2. */
  readonly layout: string;
  /** Bits a counter, where the header tells. */
  readonly bits: number | undefined;
}

/** How a raw frame lies in the file. */
export interface RawLayout {
  readonly bits: 1 | 6 | 12 | 24;
  readonly dtype: DataType;
  /** Of the picture. */
  readonly width: number;
  readonly height: number;
  /** Of the rows in the file: a quad has its four chips side by side. */
  readonly rowPixels: number;
  readonly rows: number;
  readonly quad: boolean;
  readonly storedBytes: number;
}

const dtypes = { 1: 'u8', 6: 'u8', 12: 'u16', 24: 'u32' } as const;
/** Bytes of eight pixels in the file: 24 bits are two frames of 12, one after the other. */
const bytesOfEight = { 1: 1, 6: 8, 12: 16, 24: 32 } as const;
const chipPixels = 256;

/** The layout of a raw frame. Throws `Format` for bits and layouts that are not known. */
export function rawLayout(source: ByteSource, header: RawHeader): RawLayout {
  const { bits, layout } = header;
  if (bits !== 1 && bits !== 6 && bits !== 12 && bits !== 24)
    throw badFile(source, `raw frames of ${bits} bits are not known; known are 1, 6, 12 and 24`);
  const quad = layout === '2x2';
  if (!quad && layout !== '1x1')
    throw badFile(source, `raw frames of layout ${layout} are not known; known are 1x1 and 2x2`);
  // With 24 bits the width counts both frames of 12.
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

/** Decodes a frame; its numbers come out little-endian. */
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

  /** Chips 3 and 2 are the upper half of the picture as they are; 1 and 0 the lower one, turned by 180°. */
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

/** 64 pixels a word: the last byte first, its lowest bit first. */
function unpack1(stored: Uint8Array, into: Uint8Array): void {
  for (let at = 0; at < stored.length; at++) {
    const byte = stored[(at & ~7) + 7 - (at & 7)] as number;
    for (let bit = 0; bit < 8; bit++) into[at * 8 + bit] = (byte >> bit) & 1;
  }
}

/** Eight pixels a word, a byte each, reversed. */
function unpack6(stored: Uint8Array, into: Uint8Array): void {
  for (let at = 0; at < stored.length; at++) into[at] = stored[(at & ~7) + 7 - (at & 7)] as number;
}

/** Four pixels a word, big-endian, reversed: the bytes of a word come out little-endian when they are reversed. */
function unpack12(stored: Uint8Array, into: Uint8Array): void {
  unpack6(stored, into);
}

/** Two frames of 12 bits; the first one is the upper half. */
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
