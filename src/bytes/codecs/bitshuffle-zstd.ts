/**
 * Bitshuffle + Zstandard, as Jungfraujoch and HDF5's filter 32008 with compressor 3 write it: the size of the decoded
 * data and of a block, big-endian; each block with its size; then the elements that fill no group of eight.
 */
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import { joined } from '../../util/joined.js';
import type { Codecs } from './codecs.js';

const headerBytes = 12;

const damaged = (why: string): EwaldError => new EwaldError('Format', `bitshuffle + Zstandard: ${why}`);

/** Fills all of `output`. Throws `Format` if the chunk does not decode to exactly that size. */
export async function decodeBitshuffleZstd(
  codecs: Codecs,
  chunk: Uint8Array,
  output: Uint8Array,
  { elementBytes, checksums = true }: { readonly elementBytes: number; readonly checksums?: boolean },
): Promise<void> {
  if (chunk.length < headerBytes) throw damaged(`a chunk has ${chunk.length} bytes`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const whole = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  if (whole !== output.length) throw damaged(`a chunk states ${whole} bytes; expected ${output.length}`);
  const unit = 8 * elementBytes;
  const block = view.getUint32(8);
  if (block === 0 || block % unit !== 0) throw damaged(`blocks of ${block} bytes are not groups of 8 elements`);
  const { unpackZstdInto } = await import('./zstd.js');
  const shuffled = new Uint8Array(output.length);
  const groups = output.length - (output.length % unit);
  let at = headerBytes;
  for (let done = 0; done < groups; ) {
    const bytes = at + 4 <= chunk.length ? view.getUint32(at) : Number.POSITIVE_INFINITY;
    const end = at + 4 + bytes;
    if (end > chunk.length) throw damaged('a chunk ends within a block');
    const length = Math.min(block, groups - done);
    const target = shuffled.subarray(done, done + length);
    await unpackZstdInto(chunk.subarray(at + 4, end), target, { checksums }).catch(asFormat);
    done += length;
    at = end;
  }
  if (chunk.length - at !== output.length - groups) throw damaged(`${chunk.length - at} bytes follow the last block`);
  shuffled.set(chunk.subarray(at), groups);
  await codecs.decode({ codec: 'bitshuffle', elementBytes, parameter: block / elementBytes }, shuffled, output);
}

/**
 * Packs a chunk in blocks of `block` elements, a multiple of 8.
 *
 * Throws `Unsupported` where the platform has no encoder of Zstandard: Node has it from 22.15 on.
 */
export async function encodeBitshuffleZstd(
  codecs: Codecs,
  chunk: Uint8Array,
  elementBytes: number,
  block: number,
  compress: ((bytes: Uint8Array) => Uint8Array) | undefined = undefined,
): Promise<Uint8Array> {
  const pack = compress ?? codecs.zstd ?? refused();
  const shuffled = await codecs.encode({ codec: 'bitshuffle', elementBytes, parameter: block }, chunk);
  const [unit, blockBytes] = [8 * elementBytes, block * elementBytes];
  const groups = chunk.length - (chunk.length % unit);
  const parts: Uint8Array[] = [new Uint8Array(headerBytes)];
  const head = new DataView((parts[0] as Uint8Array).buffer);
  head.setUint32(0, Math.floor(chunk.length / 2 ** 32));
  head.setUint32(4, chunk.length % 2 ** 32);
  head.setUint32(8, blockBytes);
  for (let at = 0; at < groups; at += blockBytes) {
    const packed = pack(shuffled.subarray(at, Math.min(at + blockBytes, groups)));
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, packed.length);
    parts.push(size, packed);
  }
  parts.push(chunk.subarray(groups));
  return joined(Uint8Array, parts);
}

const refused = (): never => {
  throw new EwaldError(
    'Unsupported',
    'this version of Node has no encoder of Zstandard, which 22.15 and later have; take bitshuffle with LZ4 (bslz4)',
  );
};

/** Zstandard alone, HDF5's filter 32015. Throws `Format`. */
export async function decodeZstd(input: Uint8Array, output: Uint8Array, checksums = true): Promise<void> {
  const { unpackZstdInto } = await import('./zstd.js');
  await unpackZstdInto(input, output, { checksums }).catch(asFormat);
}

/** Errors of the data are those of a format; others, as of memory, stay what they are. */
export function asFormat(cause: unknown): never {
  throw isEwaldError(cause) ? cause : new EwaldError('Format', messageOf(cause), { cause });
}
