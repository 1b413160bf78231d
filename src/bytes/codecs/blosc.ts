/**
 * Blosc, version 1, in HDF5 (filter 32001) and Zarr: a header of 16 bytes, the starts of blocks, and in each block one
 * stream, or one per byte of an element. Source: the format's description in c-blosc.
 */
import { EwaldError } from '../../util/errors.js';
import { inflate } from '../inflate.js';
import type { Codecs } from './codecs.js';

const compressors = ['blosclz', 'lz4', 'snappy', 'zlib', 'zstd'] as const;
type Compressor = (typeof compressors)[number];
/** Blocks are split into one stream per byte of an element, unless these say otherwise. */
const [maxSplits, minSplitBytes] = [16, 128];

interface Header {
  readonly flags: number;
  readonly typeBytes: number;
  readonly blockBytes: number;
  readonly blocks: number;
}

/** What unpacks the streams. */
interface Unpacking {
  readonly codecs: Codecs;
  readonly compressor: Compressor;
  readonly checksums: boolean;
}

/** Fills all of `out`. Throws `Error` if the data do not decode to exactly that size. */
export async function decodeBlosc(
  codecs: Codecs,
  data: Uint8Array,
  out: Uint8Array,
  checksums: boolean,
): Promise<void> {
  const { flags, typeBytes, blockBytes, blocks } = headerOf(data, out.length);
  if (flags & 2) {
    if (data.length !== 16 + out.length)
      throw new Error(`Blosc's copy has ${data.length - 16} bytes; expected ${out.length}`);
    out.set(data.subarray(16));
    return;
  }
  const compressor = compressors[flags >> 5];
  if (!compressor)
    throw new EwaldError('Unsupported', `it is packed by Blosc with codec ${flags >> 5}, which cannot be read`);
  if (!(typeBytes > 0 && 16 + 4 * blocks <= data.length))
    throw new Error(`Blosc's header states blocks of ${blockBytes} bytes and elements of ${typeBytes}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  // Where each block ends, by its start: threads write them in any order.
  const ends = new Map<number, number>();
  for (let block = 0; block < blocks; block++) {
    const to = out.subarray(block * blockBytes, Math.min(out.length, (block + 1) * blockBytes));
    const isWhole = to.length === blockBytes;
    const isSplit = (flags & 16) === 0 && isWhole && typeBytes <= maxSplits && blockBytes / typeBytes >= minSplitBytes;
    const bits = (flags & 4) !== 0;
    const target = bits || ((flags & 1) !== 0 && typeBytes > 1) ? new Uint8Array(to.length) : to;
    const start = view.getUint32(16 + 4 * block, true);
    ends.set(start, await unpackBlock({ codecs, compressor, checksums }, view, start, target, isSplit ? typeBytes : 1));
    if (target === to) continue;
    if (bits) await unshuffleBits(target, to, typeBytes, codecs);
    else await unshuffle(target, to, typeBytes, codecs);
  }
  let at = 16 + 4 * blocks;
  for (let block = 0; block < blocks; block++) at = ends.get(at) ?? Number.NaN;
  if (at !== data.length) throw new Error("Blosc's blocks do not fill its bytes, one after the other");
}

function headerOf(data: Uint8Array, length: number): Header {
  if (data.length < 16) throw new Error(`Blosc's header has 16 bytes; there are ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [version = 0, , flags = 0, typeBytes = 0] = data;
  const [bytes, blockBytes, stored] = [4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number];
  if (version > 2) throw new Error(`it is packed by Blosc in format ${version}; expected 2 or earlier`);
  if (bytes !== length) throw new Error(`Blosc states ${bytes} bytes; expected ${length}`);
  if (stored !== data.length) throw new Error(`Blosc states ${stored} packed bytes; there are ${data.length}`);
  return { flags, typeBytes, blockBytes, blocks: blockBytes === 0 ? Number.NaN : Math.ceil(length / blockBytes) };
}

/** Unpacks the streams of the block that begins at `start`; returns where it ends. */
async function unpackBlock(
  how: Unpacking,
  view: DataView,
  start: number,
  target: Uint8Array,
  streams: number,
): Promise<number> {
  const data = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const bytes = Math.floor(target.length / streams);
  let at = start;
  for (let stream = 0; stream < streams; stream++) {
    if (at + 4 > data.length) throw new Error(`a block of Blosc starts at byte ${at} of ${data.length}`);
    const packed = view.getUint32(at, true);
    at += 4;
    if (packed > data.length - at) throw new Error(`a block of Blosc ends after byte ${data.length}`);
    const place = target.subarray(stream * bytes, (stream + 1) * bytes);
    await unpackStream(how, data.subarray(at, at + packed), place);
    at += packed;
  }
  return at;
}

/** Decoders that are seldom needed are loaded when a stream is packed by them. */
async function unpackStream(
  { codecs, compressor, checksums }: Unpacking,
  packed: Uint8Array,
  place: Uint8Array,
): Promise<void> {
  if (packed.length === place.length) place.set(packed);
  else if (compressor === 'lz4') await codecs.decode({ codec: 'lz4Block' }, packed, place);
  else if (compressor === 'zlib') place.set(await inflate(packed, place.length, 'zlib', { checksums }));
  else if (compressor === 'zstd') await (await import('./zstd.js')).unpackZstdInto(packed, place, { checksums });
  else if (compressor === 'blosclz') (await import('./blosclz.js')).unpackBloscLz(packed, place);
  else (await import('./snappy.js')).unpackSnappy(packed, place);
}

/** Bytes after the last whole element stay where they are. */
async function unshuffle(from: Uint8Array, to: Uint8Array, elementBytes: number, codecs: Codecs): Promise<void> {
  const whole = from.length - (from.length % elementBytes);
  if (whole > 0)
    await codecs.decode({ codec: 'shuffle', elementBytes }, from.subarray(0, whole), to.subarray(0, whole));
  to.set(from.subarray(whole), whole);
}

/** Blocks of a number of elements that is no multiple of eight are not shuffled. */
async function unshuffleBits(from: Uint8Array, to: Uint8Array, elementBytes: number, codecs: Codecs): Promise<void> {
  const elements = Math.floor(from.length / elementBytes);
  if (elements % 8 !== 0 || elements === 0) {
    to.set(from);
    return;
  }
  const whole = elements * elementBytes;
  const codec = { codec: 'bitshuffle', elementBytes, parameter: elements } as const;
  await codecs.decode(codec, from.subarray(0, whole), to.subarray(0, whole));
  to.set(from.subarray(whole), whole);
}
