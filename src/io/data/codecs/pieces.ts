/**
 * Splits a bitshuffle + LZ4 chunk into smaller ones. Its blocks are independent, so any sequence of them with its own
 * header is a chunk. A core with separate memory decodes piece by piece, and each result is still in the cache when it
 * is copied out.
 */

/** Approximate decoded size of a piece: together with its input it fits the L2 cache. */
const pieceBytes = 1 << 18;
/** Bytes of a header: the size of the chunk and of a block. */
export const pieceHeaderBytes = 12;

/** A piece: bytes `from` to `to` of the chunk, without a header, decode to those of the output from `at` on. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly bytes: number;
}

/**
 * The pieces of a chunk; undefined if splitting is not worthwhile or the chunk is malformed, in which case the decoder
 * reports the error.
 */
export function chunkPieces(chunk: Uint8Array, outputBytes: number, elementBytes: number): Piece[] | undefined {
  if (outputBytes < 2 * pieceBytes || chunk.length < pieceHeaderBytes) return undefined;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const block = view.getUint32(8);
  const unit = 8 * elementBytes;
  if (view.getUint32(0) * 2 ** 32 + view.getUint32(4) !== outputBytes) return undefined;
  if (block === 0 || block % unit !== 0 || block > pieceBytes) return undefined;
  // Elements that do not fill a group of eight are stored unchanged after the last block.
  const whole = outputBytes - (outputBytes % unit);
  const pieces: Piece[] = [];
  let [from, at] = [pieceHeaderBytes, 0];
  for (let place = pieceHeaderBytes, done = 0; done < whole; ) {
    if (place + 4 > chunk.length) return undefined;
    place += 4 + view.getUint32(place);
    done = Math.min(done + block, whole);
    if (place > chunk.length) return undefined;
    if (done === whole) pieces.push({ from, to: chunk.length, at, bytes: outputBytes - at });
    else if (done - at >= pieceBytes) {
      pieces.push({ from, to: place, at, bytes: done - at });
      [from, at] = [place, done];
    }
  }
  return pieces;
}

/** Writes the header of a piece in front of it. */
export function pieceHeader(chunk: Uint8Array, bytes: number): Uint8Array {
  const header = new Uint8Array(pieceHeaderBytes);
  const view = new DataView(header.buffer);
  view.setUint32(4, bytes);
  header.set(chunk.subarray(8, pieceHeaderBytes), 8);
  return header;
}
