/** Decodes chunks of Zarr: gzip, zlib, Zstandard, LZ4, Blosc, shuffle, checksums. Others are refused by name. */
import { EwaldError } from '../../../base/errors.js';
import { compare, hex32 } from '../checksums/check.js';
import type { Codecs } from '../codecs/codecs.js';
import { inflate } from '../inflate.js';
import { crc32c } from './crc32c.js';
import type { ZarrCodec } from './metadata.js';

/** Names in use, of which `known` can be read. */
const known = ['gzip', 'zlib', 'zstd', 'lz4', 'blosc', 'shuffle', 'crc32c'];

/** The first codec that cannot be read. */
export const unknownCodec = (codecs: readonly ZarrCodec[]): string | undefined =>
  codecs.find(({ name }) => !known.includes(name.replace(/^numcodecs\./, '')))?.name;

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
    const short = name.replace(/^numcodecs\./, '');
    sizes.push(
      before === undefined ? undefined : short === 'shuffle' ? before : short === 'crc32c' ? before + 4 : undefined,
    );
  }
  let data = stored;
  for (let i = codecs.length - 1; i >= 0; i--) {
    const { name, options } = codecs[i] as ZarrCodec;
    const length = sizes[i];
    if (name === 'crc32c') {
      data = withoutSum(data, checksums);
      continue;
    }
    if (length === undefined) throw new Error(`it is packed twice, last by ${name}, which is not supported`);
    data = await decoded(name.replace(/^numcodecs\./, ''), options, data, length, core, checksums);
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
    case 'blosc':
      return blosc(data, length, core, checksums);
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
  (await import('../codecs/zstd.js')).unpackZstd(data, length, { checksums });

/** The bytes before their CRC-32C. */
function withoutSum(data: Uint8Array, checksums: boolean): Uint8Array {
  const end = data.length - 4;
  if (end < 0) throw new Error('it has no checksum');
  const stated = new DataView(data.buffer, data.byteOffset + end).getUint32(0, true);
  const bytes = data.subarray(0, end);
  if (checksums) compare('CRC-32C', hex32(stated), hex32(crc32c(bytes)), 'the chunk');
  return bytes;
}

const compressors = ['blosclz', 'lz4', 'snappy', 'zlib', 'zstd'];
/** Blocks are split into one stream per byte of an element, unless these say otherwise. */
const [maxSplits, minSplitBytes] = [16, 128];

/**
 * Blosc, version 1: a header of 16 bytes, the starts of blocks, and in each block one stream, or one per byte of an
 * element. Source: the format's description in c-blosc.
 */
async function blosc(data: Uint8Array, length: number, core: Codecs, checksums: boolean): Promise<Uint8Array> {
  if (data.length < 16) throw new Error(`Blosc's header has 16 bytes; there are ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [version = 0, , flags = 0, typeBytes = 0] = data;
  const [bytes, blockBytes, stored] = [4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number];
  if (version > 2) throw new Error(`it is packed by Blosc in format ${version}; expected 2 or earlier`);
  if (bytes !== length) throw new Error(`Blosc states ${bytes} bytes; expected ${length}`);
  if (stored !== data.length) throw new Error(`Blosc states ${stored} packed bytes; there are ${data.length}`);
  if (flags & 2) {
    if (data.length !== 16 + length) throw new Error(`Blosc's copy has ${data.length - 16} bytes; expected ${length}`);
    return data.slice(16);
  }
  const name = compressors[flags >> 5];
  if (name !== 'lz4' && name !== 'zlib' && name !== 'zstd')
    throw new EwaldError(
      'Unsupported',
      `it is packed by Blosc with ${name ?? `codec ${flags >> 5}`}, which cannot be read`,
    );
  const blocks = blockBytes === 0 ? Number.NaN : Math.ceil(length / blockBytes);
  if (!(typeBytes > 0 && 16 + 4 * blocks <= data.length))
    throw new Error(`Blosc's header states blocks of ${blockBytes} bytes and elements of ${typeBytes}`);
  const out = new Uint8Array(length);
  // Where each block ends, by its start: threads write them in any order.
  const ends = new Map<number, number>();
  for (let block = 0; block < blocks; block++) {
    const to = out.subarray(block * blockBytes, Math.min(length, (block + 1) * blockBytes));
    const isShort = to.length < blockBytes;
    const splits =
      (flags & 16) === 0 && !isShort && typeBytes <= maxSplits && blockBytes / typeBytes >= minSplitBytes
        ? typeBytes
        : 1;
    const shuffled = (flags & 5) !== 0 && typeBytes > 1;
    const bits = (flags & 4) !== 0;
    const target = shuffled || bits ? new Uint8Array(to.length) : to;
    const start = view.getUint32(16 + 4 * block, true);
    let at = start;
    const streamBytes = Math.floor(to.length / splits);
    for (let split = 0; split < splits; split++) {
      if (at + 4 > data.length) throw new Error(`block ${block} of Blosc starts at byte ${at} of ${data.length}`);
      const packed = view.getUint32(at, true);
      at += 4;
      if (packed > data.length - at) throw new Error(`block ${block} of Blosc ends after byte ${data.length}`);
      const piece = data.subarray(at, at + packed);
      at += packed;
      const place = target.subarray(split * streamBytes, (split + 1) * streamBytes);
      if (packed === streamBytes) place.set(piece);
      else if (name === 'lz4') await core.decode({ codec: 'lz4Block' }, piece, place);
      else if (name === 'zlib') place.set(await inflate(piece, place.length, 'zlib', { checksums }));
      else place.set(await zstd(piece, place.length, checksums));
    }
    ends.set(start, at);
    if (target === to) continue;
    if (bits) await unshuffleBits(target, to, typeBytes, core);
    else await unshuffle(target, to, typeBytes, core);
  }
  let at = 16 + 4 * blocks;
  for (let block = 0; block < blocks; block++) at = ends.get(at) ?? Number.NaN;
  if (at !== stored) throw new Error("Blosc's blocks do not fill its bytes, one after the other");
  return out;
}

/** Bytes after the last whole element stay where they are. */
async function unshuffle(from: Uint8Array, to: Uint8Array, elementBytes: number, core: Codecs): Promise<void> {
  const whole = from.length - (from.length % elementBytes);
  if (whole > 0) await core.decode({ codec: 'shuffle', elementBytes }, from.subarray(0, whole), to.subarray(0, whole));
  to.set(from.subarray(whole), whole);
}

/** Blocks of a number of elements that is no multiple of eight are not shuffled. */
async function unshuffleBits(from: Uint8Array, to: Uint8Array, elementBytes: number, core: Codecs): Promise<void> {
  const elements = Math.floor(from.length / elementBytes);
  if (elements % 8 !== 0 || elements === 0) {
    to.set(from);
    return;
  }
  const whole = elements * elementBytes;
  const codec = { codec: 'bitshuffle', elementBytes, parameter: elements } as const;
  await core.decode(codec, from.subarray(0, whole), to.subarray(0, whole));
  to.set(from.subarray(whole), whole);
}
