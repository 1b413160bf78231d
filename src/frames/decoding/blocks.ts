/**
 * The blocks of a chunk of bitshuffle and LZ4: a head of 12 bytes (the size of the decoded data, the size of a block),
 * then for each block its packed size and its LZ4 data, then up to seven numbers as they are. Nothing that a chunk states
 * is believed before it fits into what is left of the chunk and of the frame.
 */

import { EwaldError } from '../../util/errors.js';

/** A part of a chunk. */
export interface ChunkPart {
  /** Byte of the chunk where its data begin, and their length. */
  readonly from: number;
  readonly packed: number;
  /** Byte of the frame where it goes, and its length there. */
  readonly at: number;
  readonly bytes: number;
  /** Whether it is the numbers after the last block. */
  readonly stored: boolean;
}

/** The most bytes of LZ4 data of so many bytes. */
const lz4Bound = (bytes: number): number => bytes + Math.floor(bytes / 255) + 16;

/** The error for a damaged chunk, that of the core. */
export const damagedChunk = ({ length }: Uint8Array, bytes: number, why: string): EwaldError =>
  new EwaldError('Format', `${length} bytes of bitshuffle-LZ4 do not decode to ${bytes}: ${why}`);

export const damagedBlock = 'a block is not valid LZ4 data of its size';

/**
 * The parts of a chunk that decodes to `bytes` bytes of numbers of `element` bytes. Throws `Format` for a damaged chunk,
 * and `Limit` for blocks of more than `most` bytes.
 */
export function* partsOf(chunk: Uint8Array, bytes: number, element: number, most: number): Generator<ChunkPart> {
  const fail = (why: string): never => {
    throw damagedChunk(chunk, bytes, why);
  };
  const unit = 8 * element;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk.length < 12) fail('the data are shorter than their header of 12 bytes');
  if (view.getBigUint64(0) !== BigInt(bytes)) fail("the header gives a size other than the chunk's");
  const block = view.getUint32(8);
  if (block === 0 || block % unit !== 0) fail('the header gives an invalid block size');
  if (block > most)
    throw new EwaldError('Limit', `a chunk has blocks of ${block} bytes; this decoder was planned for at most ${most}`);
  let [from, at] = [12, 0];
  while (bytes - at >= unit) {
    const length = Math.min(block, Math.floor((bytes - at) / unit) * unit);
    if (chunk.length - from < 4) fail('the data end before the last block');
    const packed = view.getUint32(from);
    if (packed > chunk.length - from - 4) fail('a block is longer than the chunk');
    if (packed > lz4Bound(length)) fail(damagedBlock);
    yield { from: from + 4, packed, at, bytes: length, stored: false };
    from += 4 + packed;
    at += length;
  }
  const left = bytes - at;
  if (chunk.length - from !== left) fail('the data do not end after the last elements');
  if (left > 0) yield { from, packed: left, at, bytes: left, stored: true };
}
