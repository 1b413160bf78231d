/**
 * Splits a bitshuffle + LZ4 chunk into smaller ones. Its blocks are independent, so any sequence of them with its own
 * header is a chunk. A core with separate memory decodes piece by piece, and each result is still in the cache when it
 * is copied out.
 */

/** Approximate decoded size of a piece: together with its input it fits in the L2 cache. */
const pieceBytes = 1 << 18;
/** Bytes of a header: the size of the chunk and of a block. */
export const pieceHeaderBytes = 12;

/** A piece of a chunk. */
export interface ChunkPiece {
  /** Its bytes in the chunk; they have no header. */
  readonly encodedStart: number;
  readonly encodedEnd: number;
  /** Its bytes in the output. */
  readonly decodedStart: number;
  readonly decodedBytes: number;
}

/**
 * Splits a chunk; undefined if splitting is not worthwhile or the chunk is malformed, in which case the decoder
 * reports the error.
 */
export function splitChunk(chunk: Uint8Array, outputBytes: number, elementBytes: number): ChunkPiece[] | undefined {
  if (outputBytes < 2 * pieceBytes || chunk.length < pieceHeaderBytes) return undefined;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const blockBytes = view.getUint32(8);
  const groupBytes = 8 * elementBytes;
  if (view.getUint32(0) * 2 ** 32 + view.getUint32(4) !== outputBytes) return undefined;
  if (blockBytes === 0 || blockBytes % groupBytes !== 0 || blockBytes > pieceBytes) return undefined;
  // Elements that do not fill a group of eight are stored unchanged after the last block.
  const groupedBytes = outputBytes - (outputBytes % groupBytes);
  const pieces: ChunkPiece[] = [];
  let [encodedStart, decodedStart] = [pieceHeaderBytes, 0];
  let [readOffset, decodedEnd] = [pieceHeaderBytes, 0];
  while (decodedEnd < groupedBytes) {
    if (readOffset + 4 > chunk.length) return undefined;
    readOffset += 4 + view.getUint32(readOffset);
    decodedEnd = Math.min(decodedEnd + blockBytes, groupedBytes);
    if (readOffset > chunk.length) return undefined;
    if (decodedEnd === groupedBytes)
      pieces.push({ encodedStart, encodedEnd: chunk.length, decodedStart, decodedBytes: outputBytes - decodedStart });
    else if (decodedEnd - decodedStart >= pieceBytes) {
      pieces.push({ encodedStart, encodedEnd: readOffset, decodedStart, decodedBytes: decodedEnd - decodedStart });
      [encodedStart, decodedStart] = [readOffset, decodedEnd];
    }
  }
  return pieces;
}

/** Makes the 12-byte header to put before a piece. */
export function makePieceHeader(chunk: Uint8Array, decodedBytes: number): Uint8Array {
  const header = new Uint8Array(pieceHeaderBytes);
  const view = new DataView(header.buffer);
  // The size has 64 bits; that of a piece fits the low word.
  view.setUint32(4, decodedBytes);
  header.set(chunk.subarray(8, pieceHeaderBytes), 8);
  return header;
}
