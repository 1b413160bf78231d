/** Compressed files, recognised by their first bytes or by their names. */
import { EwaldError } from './errors.js';

/** Signatures of formats that compress a file as a whole. */
const signatures: readonly (readonly [name: string, unpack: string, bytes: readonly number[]])[] = [
  ['gzip', 'gzip -d', [0x1f, 0x8b]],
  ['bzip2', 'bzip2 -d', [0x42, 0x5a, 0x68]],
  ['xz', 'xz -d', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', 'zstd -d', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', 'lz4 -d', [0x04, 0x22, 0x4d, 0x18]],
  ['7z', '7z x', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
];

/** Number of bytes that show how a file is compressed. */
export const compressionBegin = 6;

/** A format of compressed files, and the command that unpacks them. */
export interface Compression {
  readonly name: string;
  readonly unpack: string;
}

/** The compression of a file that begins with these bytes; undefined if it is not compressed as a whole. */
export function compressionOfHead(head: Uint8Array): Compression | undefined {
  const signature = signatures.find(([, , bytes]) => bytes.every((byte, i) => head[i] === byte));
  return signature && { name: signature[0], unpack: signature[1] };
}

/** The error for a file in a compression that is not read; `because` is added to it, such as ', which …'. */
export const compressedError = (name: string, { name: format, unpack }: Compression, because = ''): EwaldError =>
  new EwaldError('Format', `${name} is compressed by ${format}${because}; unpack it first: ${unpack}`, {
    detail: { path: name },
  });

/** Endings of compressed files; outputs are not compressed. */
export const compressedName = /\.(?:gz|bz2|xz|lzma|zst|zstd|lz4|br|7z)$/i;
