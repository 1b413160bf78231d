/** Digests by Node: twice (MD5) and ten times (CRC-32) as fast as in JavaScript. */
import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { type Digests, plainDigests } from './check.js';

/** Since Node 20.15. */
const { crc32 } = zlib as { readonly crc32?: (bytes: Uint8Array, before?: number) => number };

export const digests: Digests = {
  md5(bytes) {
    try {
      return createHash('md5').update(bytes).digest();
    } catch {
      // OpenSSL in FIPS mode has no MD5.
      return plainDigests.md5(bytes);
    }
  },
  crc32: crc32 ?? plainDigests.crc32,
};
