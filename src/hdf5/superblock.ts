/** The superblock: the address of the root group and the width of addresses. */

import type { ByteSource } from '../bytes/byte-source.js';
import { EwaldError } from '../util/errors.js';
import type { Pace } from '../util/pace.js';
import { Fields } from './fields.js';
import { Pages } from './pages.js';

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** The start of a file. */
export interface Superblock {
  readonly pages: Pages;
  readonly version: number;
  /** Address of the root group's object header. */
  readonly root: number;
  /** End of the file according to the superblock, user block included. */
  readonly end: number;
}

/** Reads the superblock of a file: at byte 0, or after a user block of 512 · 2ⁿ bytes. */
export async function readSuperblock(
  source: ByteSource,
  { checksums = true, pace }: { readonly checksums?: boolean; readonly pace?: Pace } = {},
): Promise<Superblock> {
  const base = await findSignature(source);
  const pages = new Pages(source, pace);
  pages.base = base;
  const head = await pages.fieldsUpTo(0, 128, 'the superblock');
  head.skip(8);
  const version = head.version(0, 1, 2, 3);
  let [offset, length] = [0, 0];
  if (version < 2) {
    head.skip(4);
    [offset, length] = [head.u8(), head.u8()];
    head.skip(1 + 2 + 2 + 4 + (version === 1 ? 4 : 0));
  } else {
    [offset, length] = [head.u8(), head.u8()];
    head.skip(1);
  }
  if (![2, 4, 8].includes(offset) || ![2, 4, 8].includes(length))
    throw head.wrong(`addresses of ${offset} and lengths of ${length} bytes are impossible`);
  pages.widths = { offset, length, checksums };
  const rest = new Fields(head.bytes, pages.widths, head.what);
  rest.at = head.at;
  // Where the superblock was when the file was written: another place after a user block was put before it.
  const written = rest.address();
  rest.address(); // The free space, or the superblock's extension.
  const end = rest.address();
  let root: number;
  if (version < 2) {
    rest.address();
    rest.address();
    root = rest.address();
  } else {
    root = rest.address();
    rest.checksum();
  }
  if (base + root >= source.size)
    throw new EwaldError(
      'Format',
      `${source.name}: it ends at byte ${source.size}, before its root group at ${base + root}: ` +
        'it is truncated, or the ' +
        'program that writes it has not flushed anything yet',
      { detail: { path: source.name, size: source.size, root: base + root } },
    );
  // The only address that counts from the beginning of the file.
  return { pages, version, root, end: end + base - written };
}

async function findSignature(source: ByteSource): Promise<number> {
  for (let at = 0; at + 8 <= source.size; at = at === 0 ? 512 : at * 2) {
    const bytes = await source.read(at, 8);
    if (signature.every((byte, i) => bytes[i] === byte)) return at;
  }
  throw new EwaldError('Format', `${source.name} (${source.size} bytes) is not an HDF5 file: it has no signature`, {
    detail: { path: source.name },
  });
}
