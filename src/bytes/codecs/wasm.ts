/** The codecs on wasm: a chunk is copied into the heap, decoded there and copied out; a large one piece by piece. */

import { Core } from '../../compute/backends/wasm/heap.js';
import { dataEnums } from '../../compute/layout/data.js';
import { EwaldError } from '../../util/errors.js';
import type { Codec, Codecs, StageConstants, WordConverter } from './codecs.js';
import { type ChunkPiece, makePieceHeader, pieceHeaderBytes, splitChunk } from './pieces.js';

/** A buffer in the heap that grows on demand. */
class HeapBuffer {
  readonly #core: Core;
  #address = 0;
  #bytes = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Ensures at least `bytes` bytes; previous contents are lost. */
  hold(bytes: number): number {
    if (bytes > this.#bytes) {
      this.release();
      this.#address = this.#core.alloc(bytes);
      this.#bytes = bytes;
    }
    return this.#address;
  }

  release(): void {
    this.#core.free(this.#address);
    this.#address = 0;
    this.#bytes = 0;
  }
}

/** Decodes into the heap of another core, with the codecs of that core: the result need not be copied. */
function decodeIn(
  core: Core,
  codec: number,
  elementBytes: number,
  parameter: number,
  from: Uint8Array,
  { byteOffset, length }: Uint8Array,
): void {
  // It may grow the heap, which detaches the view; the reader of the frame then repeats the read.
  const input = core.alloc(Math.max(1, from.length));
  try {
    core.write(input, from);
    core.check('ewald_codec_decode', codec, elementBytes, parameter, input, from.length, byteOffset, length);
  } finally {
    core.free(input);
  }
}

/** Constants in the heap, where a frame is copied to and from for each conversion. */
function heldConstants(core: Core, { pedestals, factors, stages }: StageConstants): WordConverter {
  const n = pedestals.length / 3;
  let at = core.alloc(Math.max(1, 28 * n + 4));
  const [scale, words, out, bad] = [at + 12 * n, at + 24 * n, at + 26 * n, at + 28 * n];
  core.write(at, pedestals);
  core.write(scale, factors);
  const place = new Uint32Array(1);
  return {
    convert(from, to) {
      if (at === 0) throw new EwaldError('Disposed', 'these constants were let go of');
      core.write(words, from);
      core.check('ewald_convert_words', words, at, scale, stages, n, out, bad);
      core.read(bad, place);
      core.read(out, to);
      return place[0] as number;
    },
    release() {
      core.free(at);
      at = 0;
    },
  };
}

/** The codecs of a loaded core; `deflate` is the platform's. */
export function wasmCodecs(core: Core, deflate: Codecs['deflate']): Codecs {
  const [input, output, word] = [new HeapBuffer(core), new HeapBuffer(core), new HeapBuffer(core)];
  let disposed = false;
  const alive = (): void => {
    if (disposed) throw new EwaldError('Disposed', 'these codecs were disposed; open new ones');
  };
  const place = (bytes: Uint8Array): number => {
    const address = input.hold(Math.max(1, bytes.length));
    core.write(address, bytes);
    return address;
  };
  /** Whether all pieces are valid; otherwise the whole chunk is decoded, which reports what is wrong with it. */
  const decodePieces = (
    pieces: readonly ChunkPiece[],
    from: Uint8Array,
    to: Uint8Array,
    elementBytes: number,
  ): boolean => {
    const longest = pieces.reduce((most, piece) => Math.max(most, piece.encodedEnd - piece.encodedStart), 0);
    const at = input.hold(longest + pieceHeaderBytes);
    const out = output.hold(pieces.reduce((most, { decodedBytes }) => Math.max(most, decodedBytes), 0));
    for (const piece of pieces) {
      core.write(at, makePieceHeader(from, piece.decodedBytes));
      core.write(at + pieceHeaderBytes, from.subarray(piece.encodedStart, piece.encodedEnd));
      const length = pieceHeaderBytes + piece.encodedEnd - piece.encodedStart;
      const { bitshuffleLz4 } = dataEnums.Codec;
      if (core.call('ewald_codec_decode', bitshuffleLz4, elementBytes, 0, at, length, out, piece.decodedBytes) !== 0)
        return false;
      core.read(out, to.subarray(piece.decodedStart, piece.decodedStart + piece.decodedBytes));
    }
    return true;
  };
  return {
    backend: 'wasm',
    deflate,
    // There is no await between the copies, so concurrent calls cannot overlap in the heap.
    async decode({ codec, elementBytes = 1, parameter = 0 }: Codec, from, to) {
      alive();
      const other = Core.of(to);
      if (other) {
        decodeIn(other, dataEnums.Codec[codec], elementBytes, parameter, from, to);
        return;
      }
      const pieces = codec === 'bitshuffleLz4' ? splitChunk(from, to.length, elementBytes) : undefined;
      if (pieces && decodePieces(pieces, from, to, elementBytes)) return;
      const at = place(from);
      const out = output.hold(Math.max(1, to.length));
      core.check(
        'ewald_codec_decode',
        dataEnums.Codec[codec],
        elementBytes,
        parameter,
        at,
        from.length,
        out,
        to.length,
      );
      core.read(out, to);
    },
    async encode({ codec, elementBytes = 1, parameter = 0 }: Codec, from) {
      alive();
      const number = dataEnums.Codec[codec];
      const bound = Math.max(1, core.call('ewald_codec_bound', number, elementBytes, parameter, from.length) >>> 0);
      const [at, out, written] = [place(from), output.hold(bound), word.hold(4)];
      core.check('ewald_codec_encode', number, elementBytes, parameter, at, from.length, out, bound, written);
      const length = new Uint32Array(1);
      core.read(written, length);
      const bytes = new Uint8Array(length[0] ?? 0);
      core.read(out, bytes);
      return bytes;
    },
    wordConverter(constants) {
      alive();
      return heldConstants(core, constants);
    },
    fletcher32(bytes) {
      alive();
      return core.call('ewald_fletcher32', place(bytes), bytes.length) >>> 0;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      for (const heapBuffer of [input, output, word]) heapBuffer.release();
    },
  };
}
