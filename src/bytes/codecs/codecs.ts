/**
 * The codecs that unpack chunks of detector data: those of the C++ core (native or wasm).
 *
 * Compression with gzip is left to the platform, since its speed does not matter.
 */
import { row } from '../../options/call-options.js';
import type { OwnBytes } from '../../util/globals.js';
import type { Disposable } from '../../util/resource.js';

/** A codec of the core; cpp/frames/README.md describes each one. */
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
  /** Bytes per element, required by bitshuffle and packed bits. Default 1. */
  readonly elementBytes?: number | undefined;
  /** Elements per block (bitshuffle), bytes per block (lz4), bits (packed). Default 0: the codec's own default. */
  readonly parameter?: number | undefined;
}

/** The rows of the options of opening codecs. */
export const codecRows = { backend: row.choice(['native', 'wasm']), wasm: row.any, addonPath: row.text } as const;

/** Constants of the words of a JUNGFRAU: of three stages one after the other, each with a number for every pixel. */
export interface StageConstants {
  readonly pedestals: Float32Array;
  readonly factors: Float32Array;
  /** Bit s: there are constants of stage s. */
  readonly stages: number;
}

/** Converts words with the constants that it holds, until they are let go. */
export interface WordConverter {
  /** Quarter photons into `out`; the first word whose stage has no constants, or their number if all have some. */
  convert(words: Uint16Array, out: Int16Array): number;
  release(): void;
}

/** Codecs of one backend, disposed by the caller that opened them. */
export interface Codecs extends Disposable {
  readonly backend: 'native' | 'wasm';
  /** Fills all of `output`. Throws `Format` if the input does not decode to exactly that size. */
  decode(codec: Codec, input: Uint8Array, output: Uint8Array): Promise<void>;
  encode(codec: Codec, input: Uint8Array): Promise<OwnBytes>;
  /** Words of a JUNGFRAU to quarter photons, as `ewald_convert_words` in ewald.h says. */
  wordConverter(constants: StageConstants): WordConverter;
  /** HDF5's checksum of a chunk. */
  fletcher32(bytes: Uint8Array): number;
  /** Compresses to a zlib stream, which the codec `zlib` decodes. */
  deflate(input: Uint8Array): Promise<OwnBytes>;
  /** Compresses to a frame of Zstandard; absent where the platform cannot. */
  readonly zstd?: ((input: Uint8Array) => Uint8Array) | undefined;
}
