/** Filters: the pipeline through which chunks were written, and its inverse. */

import { hex32, mismatch } from '../bytes/checksums/check.js';
import { asFormat, decodeBitshuffleZstd, decodeZstd } from '../bytes/codecs/bitshuffle-zstd.js';
import type { Codec, Codecs } from '../bytes/codecs/codecs.js';
import { EwaldError } from '../util/errors.js';
import type { Fields } from './fields.js';
import { decodeNBit, nBitBytes, nBitOf } from './padded.js';
import { scaleOffsetOf } from './scale-offset.js';

/** One filter of a dataset's pipeline, in the order of writing. */
export interface Filter {
  readonly id: number;
  readonly name: string;
  readonly optional: boolean;
  readonly values: readonly number[];
}

/** Names of the filters in use, supported or not. */
const names: Readonly<Record<number, string>> = {
  1: 'gzip',
  2: 'shuffle',
  3: 'Fletcher-32',
  4: 'SZIP',
  5: 'N-bit',
  6: 'scale-offset',
  305: 'LZO',
  307: 'bzip2',
  32000: 'LZF',
  32001: 'Blosc',
  32004: 'LZ4',
  32008: 'bitshuffle',
  32013: 'ZFP',
  32015: 'Zstandard',
  32019: 'JPEG',
  32026: 'Blosc2',
};

/** Reads a filter pipeline message. */
export function readFilters(fields: Fields): Filter[] {
  const version = fields.version(1, 2);
  const count = fields.u8();
  if (count > 32) throw fields.wrong(`${count} filters are impossible`);
  if (version === 1) fields.skip(6);
  return Array.from({ length: count }, () => {
    const id = fields.u16();
    const nameBytes = version === 1 || id >= 256 ? fields.u16() : 0;
    const flags = fields.u16();
    const n = fields.u16();
    const written = fields.text(nameBytes);
    const values = Array.from({ length: n }, () => fields.u32());
    if (version === 1 && n % 2 === 1) fields.skip(4);
    return { id, name: names[id] ?? (written || 'unknown'), optional: (flags & 1) !== 0, values };
  });
}

const compressorsOfBlosc = ['BloscLZ', 'LZ4', 'LZ4', 'Snappy', 'zlib', 'Zstandard'];

/** A filter for people to read: 'bitshuffle + LZ4', 'gzip 4'. */
export function filterName({ id, name, values }: Filter): string {
  if (id === 32008) return ['bitshuffle', '', 'bitshuffle + LZ4', 'bitshuffle + Zstandard'][values[4] ?? 0] || name;
  if (id === 32001 && values.length > 6) return `Blosc (${compressorsOfBlosc[values[6] ?? 0] ?? `codec ${values[6]}`})`;
  return id === 1 && values.length > 0 ? `gzip ${values[0]}` : name;
}

/** A block of four bytes repeats one byte 2¹⁷ times. */
const maxOfZstd = 2 ** 15 + 1;

/** The inverse of one filter. */
interface Step {
  readonly filter: Filter;
  /** Size after the filter as a function of the size before it; undefined if it cannot be computed. */
  forward(bytes: number): number | undefined;
  /** The inverse of `forward`, for filters with predictable sizes. */
  backward?(bytes: number): number;
  decode(codecs: Codecs, input: Uint8Array, output: Uint8Array): Promise<void>;
  /** Largest ratio of decoded to stored size. */
  readonly ratio: number;
}

const byCodec = (filter: Filter, codec: Codec, ratio: number, kept = false): Step => ({
  filter,
  ratio,
  forward: (bytes) => (kept ? bytes : undefined),
  ...(kept ? { backward: (bytes: number) => bytes } : {}),
  decode: (codecs, input, output) => codecs.decode(codec, input, output),
});

function stepOf(filter: Filter, elementBytes: number, checksums: boolean): Step | undefined {
  const { id, values } = filter;
  switch (id) {
    case 1:
      return byCodec(filter, { codec: 'zlib', parameter: checksums ? 0 : 1 }, 1040);
    case 2:
      return byCodec(filter, { codec: 'shuffle', elementBytes: values[0] || elementBytes }, 1, true);
    case 3:
      return {
        filter,
        ratio: 1,
        forward: (bytes) => bytes + 4,
        backward: (bytes) => bytes - 4,
        decode: async (codecs, input, output) => fletcher(codecs, input, output, checksums),
      };
    case 5: {
      const packed = nBitOf(values);
      if (packed === undefined) return undefined;
      const copy = async (_: Codecs, input: Uint8Array, output: Uint8Array): Promise<void> => output.set(input);
      const keep = (bytes: number): number => bytes;
      if (packed === 'unpacked') return { filter, ratio: 1, forward: keep, backward: keep, decode: copy };
      return {
        filter,
        ratio: (8 * packed.size) / packed.precision,
        forward: (bytes) => nBitBytes(packed, bytes),
        decode: async (_, input, output) => decodeNBit(packed, input, output),
      };
    }
    case 6: {
      const packed = scaleOffsetOf(values);
      if (packed === undefined) return undefined;
      return {
        filter,
        // A chunk of one number many times is stored as that number.
        ratio: Number.POSITIVE_INFINITY,
        forward: () => undefined,
        decode: async (_, input, output) =>
          (await import('./scale-offset-chunk.js')).decodeScaleOffset(packed, input, output),
      };
    }
    case 32000:
      return byCodec(filter, { codec: 'lzf' }, 140);
    case 32004:
      return byCodec(filter, { codec: 'lz4' }, 260);
    case 32001:
      return {
        filter,
        ratio: maxOfZstd,
        forward: () => undefined,
        decode: (codecs, ...data) => bloscChunk(codecs, ...data, checksums),
      };
    case 32015:
      return {
        filter,
        ratio: maxOfZstd,
        forward: () => undefined,
        decode: (_, ...data) => decodeZstd(...data, checksums),
      };
    case 32008: {
      const size = values[2] || elementBytes;
      if (size > 65536) return undefined;
      if (values[4] === 3)
        return {
          filter,
          ratio: maxOfZstd,
          forward: () => undefined,
          decode: (codecs, ...data) => decodeBitshuffleZstd(codecs, ...data, { elementBytes: size, checksums }),
        };
      if ((values[4] ?? 0) === 2) return byCodec(filter, { codec: 'bitshuffleLz4', elementBytes: size }, 260);
      if ((values[4] ?? 0) !== 0) return undefined;
      return byCodec(filter, { codec: 'bitshuffle', elementBytes: size, parameter: values[3] ?? 0 }, 1, true);
    }
    default:
      return undefined;
  }
}

/** Its decoder is loaded when a file is packed by it. */
async function bloscChunk(codecs: Codecs, input: Uint8Array, output: Uint8Array, checksums: boolean): Promise<void> {
  const { decodeBlosc } = await import('../bytes/codecs/blosc.js');
  await decodeBlosc(codecs, input, output, checksums).catch(asFormat);
}

function fletcher(codecs: Codecs, input: Uint8Array, output: Uint8Array, checksums: boolean): void {
  const data = input.subarray(0, input.length - 4);
  if (input.length < 4 || data.length !== output.length)
    throw new EwaldError('Format', `${input.length} bytes with a checksum do not hold ${output.length}`);
  output.set(data);
  if (!checksums) return;
  const tail = input.subarray(input.length - 4);
  const stored = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true);
  const computed = codecs.fletcher32(data);
  // HDF5 1.6.2 and earlier swapped the bytes of the halves, and the library still accepts that.
  const exchanged = (((computed & 0x00ff00ff) << 8) | ((computed >>> 8) & 0x00ff00ff)) >>> 0;
  if (stored !== computed && stored !== exchanged)
    throw mismatch('Fletcher-32', hex32(stored), hex32(computed), 'the chunk');
}

/** The inverse of a whole pipeline. */
export interface Pipeline {
  readonly filters: readonly Filter[];
  /** The first filter that is not supported; undefined if all are. */
  readonly unknown: Filter | undefined;
  /** Decodes stored bytes to a chunk; bits of `mask` are filters that were not applied. */
  decode(codecs: Codecs, stored: Uint8Array, mask: number, chunk: Uint8Array): Promise<void>;
  /** Rejects a chunk that cannot come from so few bytes, before memory is allocated for it. */
  checkSize(stored: number, mask: number, chunk: number): void;
}

/** The pipeline of a dataset with elements of `elementBytes` bytes; `checksums` as in `open`. */
export function pipelineOf(filters: readonly Filter[], elementBytes: number, checksums = true): Pipeline {
  const steps = filters.map((filter) => stepOf(filter, elementBytes, checksums));
  const unknown = filters.find((_, i) => steps[i] === undefined);
  const active = (mask: number): Step[] =>
    steps.filter((step, i): step is Step => step !== undefined && (i > 31 || (mask & (1 << i)) === 0));
  return {
    filters,
    unknown,
    checkSize(stored, mask, chunk) {
      const most = active(mask).reduce((bytes, { ratio }) => bytes * ratio, stored) + 64;
      if (chunk > most)
        throw new EwaldError(
          'Format',
          `${stored} bytes are stored for a chunk of ${chunk}: no filter compresses that much`,
        );
    },
    async decode(codecs, stored, mask, chunk) {
      const way = active(mask);
      // The forward sizes tell how much memory each inverse step needs.
      const sizes: (number | undefined)[] = [];
      let size: number | undefined = chunk.length;
      for (const step of way) {
        sizes.push(size);
        size = size === undefined ? undefined : step.forward(size);
      }
      let bytes = stored;
      for (let i = way.length - 1; i >= 0; i--) {
        const step = way[i];
        if (!step) continue;
        const wanted = sizes[i] ?? step.backward?.(bytes.length);
        if (wanted === undefined || wanted < 0)
          throw new EwaldError('Unsupported', `filter ${step.filter.name} after a compression is not supported`);
        const out = i === 0 ? chunk : new Uint8Array(wanted);
        await step.decode(codecs, bytes, out);
        bytes = out;
      }
      if (way.length === 0) {
        if (bytes.length !== chunk.length)
          throw new EwaldError('Format', `${bytes.length} bytes are stored for a chunk of ${chunk.length}`);
        chunk.set(bytes);
      }
    },
  };
}

/** The error for an unsupported filter, thrown before anything is read. */
export const unknownFilter = (name: string, filter: Filter): EwaldError =>
  new EwaldError(
    'Unsupported',
    `${name} is compressed with filter ${filter.id} (${filterName(filter)}), which is not supported; ` +
      'repack it, for example by h5repack -f GZIP=1 IN.h5 OUT.h5',
    { detail: { filter: filter.id, name: filter.name } },
  );
