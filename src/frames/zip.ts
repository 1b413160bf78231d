/** Zip archives: their central directory, and a member as a separate source. Format: APPNOTE 6.3. */

import { badFile } from '../bytes/bad-file.js';
import { type ByteSource, readTarget } from '../bytes/byte-source.js';
import { compare, type Digests, hex32 } from '../bytes/checksums/check.js';
import { inflate, inflateHead } from '../bytes/inflate.js';
import { memorySource } from '../bytes/sources/memory.js';
import type { PlatformSignal } from '../util/globals.js';
import { decodeLatin1 } from './cursor.js';
import { checkFrameFits, checkHeaderSize } from './shapes.js';

/** A member of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflate. */
  readonly method: number;
  readonly storedBytes: number;
  readonly bytes: number;
  /** CRC-32 of the unpacked bytes. */
  readonly crc: number;
  /** Position of its local header. */
  readonly at: number;
}

/** Larger members are not decompressed into memory. */
const maxBytes = 2 ** 31;
/** Largest compression ratio of deflate. */
const deflateRatio = 1032;
/** Stored members larger than this are not read as a whole just to verify them. */
export const maxChecked = 2 ** 30;
const pieceBytes = 2 ** 23;

/** Reads the central directory. Throws `Format`. */
export async function readZip(source: ByteSource, signal?: PlatformSignal): Promise<ZipEntry[]> {
  // The end record is followed by a comment of up to 65535 bytes.
  const tail = Math.min(source.size, 22 + 65535);
  const bytes = await source.read(source.size - tail, tail, { signal });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw badFile(source, 'the archive has no end record: it is truncated');
  const count = view.getUint16(end + 10, true);
  const [size, start] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (count === 0xffff || start === 0xffffffff) throw badFile(source, 'Zip64 archives cannot be read');
  checkFrameFits(source, start, size, 'the table of contents');
  const table = await source.read(start, size, { signal });
  const entries = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const found: ZipEntry[] = [];
  for (let at = 0, i = 0; i < count && at + 46 <= size; i++) {
    if (entries.getUint32(at, true) !== 0x02014b50) throw badFile(source, `entry ${i} of the archive has no signature`);
    const nameBytes = entries.getUint16(at + 28, true);
    found.push({
      name: decodeLatin1(table.subarray(at + 46, at + 46 + nameBytes)),
      method: entries.getUint16(at + 10, true),
      storedBytes: entries.getUint32(at + 20, true),
      bytes: entries.getUint32(at + 24, true),
      crc: entries.getUint32(at + 16, true),
      at: entries.getUint32(at + 42, true),
    });
    at += 46 + nameBytes + entries.getUint16(at + 30, true) + entries.getUint16(at + 32, true);
  }
  return found;
}

/**
 * A member as a source: read in place if stored, decompressed into memory otherwise. With `digests` its checksum is
 * verified; for a stored member (up to `maxChecked`), on first read. Throws `Format`.
 */
export async function zipMember(
  source: ByteSource,
  entry: ZipEntry,
  { signal, digests }: { readonly signal?: PlatformSignal | undefined; readonly digests?: Digests | undefined },
): Promise<ByteSource> {
  const start = await dataStart(source, entry, signal);
  if (entry.method !== 0 && entry.method !== 8)
    throw badFile(source, `${entry.name} is compressed by method ${entry.method}; expected 0 (stored) or 8 (deflate)`);
  const name = `${source.name}:${entry.name}`;
  const unpacked = entry.method === 8 ? await unpack(source, entry, start, signal) : undefined;
  const size = unpacked ? unpacked.length : entry.storedBytes;
  const agree = (crc: number): void => compare('CRC-32', hex32(entry.crc), hex32(crc), name);
  if (unpacked && digests) agree(digests.crc32(unpacked));
  let checking: Promise<void> | undefined;
  const check = (): Promise<void> | undefined => {
    if (unpacked || !digests || size > maxChecked) return undefined;
    checking ??= storedCrc(source, start, size, digests).then(agree);
    return checking;
  };
  const member: ByteSource = {
    name,
    size,
    async read(offset, into, options) {
      const out = readTarget(member, offset, into);
      await check();
      if (!unpacked) return source.read(start + offset, out, options);
      out.set(unpacked.subarray(offset, offset + out.length));
      return out;
    },
    sibling: (path, options) => source.sibling(path, options),
    close: () => source.close(),
  };
  return member;
}

/** The first bytes of a member as a source, up to `most`; its size is that of the whole member. */
export async function zipHead(
  source: ByteSource,
  entry: ZipEntry,
  most: number,
  signal: PlatformSignal | undefined,
): Promise<ByteSource> {
  const start = await dataStart(source, entry, signal);
  const length = Math.min(entry.bytes, most);
  // Deflate needs only a few bytes more than it produces.
  const stored = await source.read(start, Math.min(entry.storedBytes, 2 * most), { signal });
  const head = entry.method === 8 ? await inflateHead(stored, length) : stored.subarray(0, length);
  return { ...memorySource(head, `${source.name}:${entry.name}`), size: entry.bytes };
}

/** Where the data of a member start. Throws `Format`. */
async function dataStart(source: ByteSource, entry: ZipEntry, signal: PlatformSignal | undefined): Promise<number> {
  checkFrameFits(source, entry.at, 30, `the header of ${entry.name}`);
  const header = await source.read(entry.at, 30, { signal });
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== 0x04034b50) throw badFile(source, `${entry.name} has no local header`);
  const start = entry.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  checkFrameFits(source, start, entry.storedBytes, entry.name);
  return start;
}

async function storedCrc(source: ByteSource, start: number, size: number, { crc32 }: Digests): Promise<number> {
  let crc = 0;
  const piece = new Uint8Array(Math.min(pieceBytes, size));
  for (let at = 0; at < size; at += piece.length) {
    const bytes = await source.read(start + at, piece.subarray(0, Math.min(piece.length, size - at)));
    crc = crc32(bytes, crc);
  }
  return crc;
}

async function unpack(
  source: ByteSource,
  entry: ZipEntry,
  start: number,
  signal: PlatformSignal | undefined,
): Promise<Uint8Array> {
  checkHeaderSize(
    source,
    `the size of ${entry.name}`,
    entry.bytes,
    0,
    Math.min(maxBytes, entry.storedBytes * deflateRatio),
  );
  const stored = await source.read(start, entry.storedBytes, { signal });
  try {
    return await inflate(stored, entry.bytes, 'raw');
  } catch (cause) {
    throw badFile(source, `${entry.name} cannot be unpacked: ${(cause as Error).message}`);
  }
}
