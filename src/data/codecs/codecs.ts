/**
 * What chunks of detector data are unpacked with: the codecs of the C++ core (native or wasm).
 *
 * Packing with gzip is the platform's: nobody waits for it.
 */
import type { OwnBytes } from '../../base/globals.js';
import type { Disposable } from '../../base/resource.js';

/** A codec of the core; cpp/data/README.md says what each one is. */
export type CodecName =
  | 'bitshuffleLz4'
  | 'bitshuffle'
  | 'lz4'
  | 'lz4Block'
  | 'shuffle'
  | 'lzf'
  | 'byteOffset'
  | 'packedMsb'
  | 'packedLsb'
  | 'zlib';

/** A codec with its arguments. */
export interface Codec {
  readonly codec: CodecName;
  /** Bytes of an element: bitshuffle and packed bits need it. Default 1. */
  readonly elementBytes?: number;
  /** Elements a block (bitshuffle), bytes a block (lz4), bits (packed). Default 0: the codec's own. */
  readonly parameter?: number;
}

/** Codecs of one place to compute; whoever opened them disposes them. */
export interface Codecs extends Disposable {
  readonly backend: 'native' | 'wasm';
  /** Fills all of `output`. Throws `Format` for input that does not decode to exactly that. */
  decode(codec: Codec, input: Uint8Array, output: Uint8Array): Promise<void>;
  encode(codec: Codec, input: Uint8Array): Promise<OwnBytes>;
  /** HDF5's checksum of a chunk. */
  fletcher32(bytes: Uint8Array): number;
  /** A zlib stream, which `zlib` decodes. */
  deflate(input: Uint8Array): Promise<OwnBytes>;
}
