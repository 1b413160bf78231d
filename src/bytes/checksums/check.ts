/** Compares a checksum stored in a file with that of its bytes; the same error for every format. */

import { crc32 } from '../../util/crc32.js';
import { EwaldError } from '../../util/errors.js';
import { md5 } from './md5.js';

/** Digests for which a platform may have faster implementations than JavaScript. */
export interface Digests {
  md5(bytes: Uint8Array): Uint8Array;
  /** `before` is the checksum of the preceding bytes. */
  crc32(bytes: Uint8Array, before?: number): number;
}

/** JavaScript implementations, for platforms without their own. */
export const plainDigests: Digests = { md5, crc32 };

/** A 32-bit checksum as hexadecimal text. */
export const hex32 = (sum: number): string => (sum >>> 0).toString(16).padStart(8, '0');

/** The bytes of a digest as hexadecimal text. */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** How to proceed; part of every checksum message. */
export const readAnyway = 'to read the data anyway, pass checksums: false (--no-checksums)';

/** The error for bytes that do not match the checksum stored with them; the dataset adds the frame. */
export const mismatch = (kind: string, expected: string, found: string, what = 'the data'): EwaldError =>
  new EwaldError(
    'Format',
    `the ${kind} stored with ${what} is ${expected}, but the bytes have ${found}: they are damaged; ${readAnyway}`,
    { detail: { checksum: kind, expected, found } },
  );

/** Compares two checksums; throws `Format` with both if they differ. */
export function compare(kind: string, expected: string, found: string, what?: string): void {
  if (expected !== found) throw mismatch(kind, expected, found, what);
}
