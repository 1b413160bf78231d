/** The beginning of a file, which each step of opening it looks at: its compression, its format, its header. */

import type { ByteSource } from '../bytes/byte-source.js';

/** As much as HDF5 reads at once. */
const beginBytes = 16384;

/** A source that reads the beginning of a file once, until it is told to forget it. */
export function keepsBegin(byteSource: ByteSource): { readonly source: ByteSource; forget(): void } {
  const end = Math.min(beginBytes, byteSource.size);
  let begin: Promise<Uint8Array> | undefined;
  let isOpening = true;
  const read: ByteSource['read'] = async (offset, into, options) => {
    const length = typeof into === 'number' ? into : into.byteLength;
    if (!isOpening || !(offset >= 0 && length >= 0 && offset + length <= end))
      return byteSource.read(offset, into, options);
    begin ??= byteSource.read(0, end, options);
    const bytes = await begin.catch((error: unknown) => {
      begin = undefined;
      throw error;
    });
    const found = bytes.subarray(offset, offset + length);
    if (typeof into === 'number') return found.slice();
    into.set(found);
    return into;
  };
  const forget = (): void => {
    isOpening = false;
    begin = undefined;
  };
  return { source: Object.create(byteSource, { read: { value: read, enumerable: true } }) as ByteSource, forget };
}
