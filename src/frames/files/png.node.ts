/** Grey pictures in PNG files (ISO/IEC 15948), such as masks that were drawn. */
import { inflateSync } from 'node:zlib';
import { EwaldError } from '../../util/errors.js';

/** Channels by the type of colour: grey, RGB, palette, grey and alpha, RGB and alpha. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const marker = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Pixels that a picture may have, so that a damaged header does not ask for all memory. */
const mostPixels = 2 ** 28;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
}

/** The chunks of a file by name, those of one name joined. Throws `Format`. */
function chunksOf(bytes: Buffer, refuse: (why: string) => EwaldError): Map<string, Buffer> {
  if (!marker.every((byte, i) => bytes[i] === byte)) throw refuse('does not begin with the marker of PNG');
  const parts = new Map<string, Buffer[]>();
  for (let at = 8; at + 12 <= bytes.length; ) {
    const [length, name] = [bytes.readUInt32BE(at), bytes.toString('latin1', at + 4, at + 8)];
    if (at + 12 + length > bytes.length) throw refuse(`ends within its part ${name}`);
    parts.set(name, [...(parts.get(name) ?? []), bytes.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  if (!parts.has('IEND')) throw refuse('ends before its last part');
  return new Map([...parts].map(([name, list]) => [name, Buffer.concat(list)]));
}

function headerOf(chunk: Buffer | undefined, refuse: (why: string) => EwaldError): Header {
  if (chunk?.length !== 13) throw refuse('has no header');
  const [width, height, depth, colour] = [chunk.readUInt32BE(0), chunk.readUInt32BE(4), chunk[8], chunk[9]];
  const isKnown = [1, 2, 4, 8, 16].includes(depth as number) && channelsOf[colour as number] !== undefined;
  if (!isKnown || width === 0 || height === 0 || width * height > mostPixels)
    throw refuse(`is stated as ${height} × ${width} of type ${colour} with ${depth} bits`);
  if (chunk[12] !== 0) throw refuse('is interlaced; save it without');
  return { width, height, depth: depth as number, colour: colour as number };
}

/** Undoes the filter of each row, in place; rows follow their filter's number. */
function unfilter(data: Buffer, row: number, height: number, step: number, refuse: (why: string) => EwaldError): void {
  for (let y = 0; y < height; y++) {
    const at = y * (row + 1);
    const kind = data[at] as number;
    if (kind > 4) throw refuse(`has a row of the filter ${kind}`);
    for (let i = 1; kind > 0 && i <= row; i++) {
      const a = i > step ? (data[at + i - step] as number) : 0;
      const b = y > 0 ? (data[at + i - row - 1] as number) : 0;
      const c = i > step && y > 0 ? (data[at + i - row - 1 - step] as number) : 0;
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      const nearest = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const guess = [0, a, b, (a + b) >> 1, nearest][kind] as number;
      data[at + i] = (data[at + i] as number) + guess;
    }
  }
}

/**
 * The numbers of a grey picture, [y, x], from 0 to 2^bits − 1; coloured ones of grey pixels alone are grey. `name` is
 * the file in messages. Throws `Format` for what is damaged, coloured, transparent or interlaced.
 */
export function readPng(bytes: Uint8Array, name: string): { shape: [number, number]; data: Float64Array } {
  const refuse = (why: string, cause?: unknown) =>
    new EwaldError('Format', `${name} ${why}; expected a grey PNG, without transparency`, { cause });
  const chunks = chunksOf(Buffer.from(bytes), refuse);
  const { width, height, depth, colour } = headerOf(chunks.get('IHDR'), refuse);
  const channels = channelsOf[colour] as number;
  const row = Math.ceil((width * channels * depth) / 8);
  let data: Buffer;
  try {
    data = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0), { maxOutputLength: height * (row + 1) });
  } catch (cause) {
    throw refuse('is damaged', cause);
  }
  if (data.length !== height * (row + 1)) throw refuse('has too few pixels');
  unfilter(data, row, height, Math.max(1, (channels * depth) >> 3), refuse);
  if (chunks.has('tRNS')) throw refuse('has transparent pixels');
  const palette = colour === 3 ? chunks.get('PLTE') : undefined;
  const sample = (y: number, k: number): number => {
    const at = y * (row + 1) + 1;
    if (depth === 16) return data.readUInt16BE(at + 2 * k);
    const bit = k * depth;
    return ((data[at + (bit >> 3)] as number) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  };
  const numbers = new Float64Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const own = Array.from({ length: channels }, (_, k) => sample(y, x * channels + k));
      if (channels % 2 === 0 && own.pop() !== 2 ** depth - 1) throw refuse('has transparent pixels');
      const levels = colour === 3 ? [0, 1, 2].map((k) => palette?.[3 * (own[0] as number) + k] ?? -1) : own;
      if (levels.some((level) => level < 0 || level !== levels[0])) throw refuse('has coloured pixels');
      numbers[y * width + x] = levels[0] as number;
    }
  return { shape: [height, width], data: numbers };
}
