/** Decodes chunks of Zarr: gzip, zlib, Zstandard, LZ4, Blosc, shuffle, checksums. Others are refused by name. */
import { compare, hex32 } from '../../bytes/checksums/check.js';
import { decodeBlosc } from '../../bytes/codecs/blosc.js';
import type { Codecs } from '../../bytes/codecs/codecs.js';
import { inflate } from '../../bytes/inflate.js';
import { crc32c } from './crc32c.js';
import type { ZarrCodec } from './metadata.js';

/** Names in use, of which `known` can be read. */
const known = ['gzip', 'zlib', 'zstd', 'lz4', 'blosc', 'shuffle', 'crc32c'];

/** A codec's name without the registry that early writers of version 3 put before it. */
const shortName = (name: string): string => name.replace(/^numcodecs\./, '');

/** The first codec that cannot be read. */
export const unknownCodec = (codecs: readonly ZarrCodec[]): string | undefined =>
  codecs.find(({ name }) => !known.includes(shortName(name)))?.name;

/** Codecs for people to read: 'shuffle + blosc (lz4)'. */
export const codecNames = (codecs: readonly ZarrCodec[]): readonly string[] =>
  codecs.map(({ name, options: { cname } }) => (typeof cname === 'string' ? `${name} (${cname})` : name));

/** Unpacks a chunk to exactly `bytes` bytes; `checksums` as in `open`. Throws `Error` with the reason. */
export async function decodeChunk(
  stored: Uint8Array,
  codecs: readonly ZarrCodec[],
  bytes: number,
  core: Codecs,
  checksums: boolean,
): Promise<Uint8Array> {
  // Sizes before each codec are known from the front: only shuffle keeps, and crc32c adds.
  const sizes: (number | undefined)[] = [bytes];
  for (const { name } of codecs) {
    const before = sizes.at(-1);
    const short = shortName(name);
    sizes.push(
      before === undefined ? undefined : short === 'shuffle' ? before : short === 'crc32c' ? before + 4 : undefined,
    );
  }
  let data = stored;
  for (let i = codecs.length - 1; i >= 0; i--) {
    const { name, options } = codecs[i] as ZarrCodec;
    const length = sizes[i];
    if (shortName(name) === 'crc32c') {
      data = withoutSum(data, checksums);
      continue;
    }
    if (length === undefined) throw new Error(`it is packed twice, last by ${name}, which is not supported`);
    data = await decoded(shortName(name), options, data, length, core, checksums);
  }
  if (data.length !== bytes) throw new Error(`it has ${data.length} bytes; expected ${bytes}`);
  return data;
}

async function decoded(
  name: string,
  options: ZarrCodec['options'],
  data: Uint8Array,
  length: number,
  core: Codecs,
  checksums: boolean,
): Promise<Uint8Array> {
  switch (name) {
    case 'gzip':
      return inflate(data, length, 'gzip', { checksums });
    case 'zlib':
      return inflate(data, length, 'zlib', { checksums });
    case 'zstd':
      return zstd(data, length, checksums);
    case 'blosc': {
      const out = new Uint8Array(length);
      await decodeBlosc(core, data, out, checksums);
      return out;
    }
    case 'shuffle': {
      const out = new Uint8Array(data.length);
      await core.decode({ codec: 'shuffle', elementBytes: Number(options.elementsize) || 4 }, data, out);
      return out;
    }
    default: {
      // LZ4 of numcodecs: the size, then one block.
      const size = data.length < 4 ? Number.NaN : new DataView(data.buffer, data.byteOffset).getUint32(0, true);
      if (size !== length) throw new Error(`LZ4 states ${size} bytes; expected ${length}`);
      const out = new Uint8Array(length);
      await core.decode({ codec: 'lz4Block' }, data.subarray(4), out);
      return out;
    }
  }
}

// Its decoder is loaded when a chunk is packed by it.
const zstd = async (data: Uint8Array, length: number, checksums: boolean): Promise<Uint8Array> =>
  (await import('../../bytes/codecs/zstd.js')).unpackZstd(data, length, { checksums });

/** The bytes before their CRC-32C. */
function withoutSum(data: Uint8Array, checksums: boolean): Uint8Array {
  const end = data.length - 4;
  if (end < 0) throw new Error('it has no checksum');
  const stated = new DataView(data.buffer, data.byteOffset + end).getUint32(0, true);
  const bytes = data.subarray(0, end);
  if (checksums) compare('CRC-32C', hex32(stated), hex32(crc32c(bytes)), 'the chunk');
  return bytes;
}
