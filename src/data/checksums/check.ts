/** A checksum that a file carries against the one of its bytes; the same error for every format. */
import { EwaldError } from '../../base/errors.js';
import { crc32 } from './crc32.js';
import { md5 } from './md5.js';

/** Digests that a platform may compute faster than JavaScript does. */
export interface Digests {
  md5(bytes: Uint8Array): Uint8Array;
  /** `before` is the checksum of the bytes in front. */
  crc32(bytes: Uint8Array, before?: number): number;
}

/** Where the platform has none. */
export const plainDigests: Digests = { md5, crc32 };

/** A 32-bit checksum as people compare it. */
export const hex32 = (sum: number): string => (sum >>> 0).toString(16).padStart(8, '0');

/** The bytes of a digest as people compare them. */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** What to do about it, in every message. */
export const readAnyway = 'to read the data anyway, pass checksums: false (--no-checksums)';

/** The error for bytes that do not have the checksum stored with them; the dataset adds the frame. */
export const mismatch = (kind: string, expected: string, found: string, what = 'the data'): EwaldError =>
  new EwaldError(
    'Format',
    `the ${kind} stored with ${what} is ${expected}, but the bytes have ${found}: they are damaged; ${readAnyway}`,
    { detail: { checksum: kind, expected, found } },
  );

/** Compares; throws `Format` with both where they differ. */
export function compare(kind: string, expected: string, found: string, what?: string): void {
  if (expected !== found) throw mismatch(kind, expected, found, what);
}
