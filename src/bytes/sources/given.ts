/** A source that the caller wrote: it may ignore the signal of a read, which must not keep the reader waiting. */
import { abortable } from '../../util/aborted.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { ByteSource, ReadOptions } from '../byte-source.js';

/** The source with reads that their signal ends, or `opening` if they have none. */
export function givenSource(source: ByteSource, opening: PlatformSignal | undefined): ByteSource {
  const { name, path, folders, readFrames } = source;
  const left = new Set<Promise<unknown>>();
  const ended = async <T>(reading: Promise<T>, { signal = opening }: ReadOptions): Promise<T> => {
    left.add(reading);
    const over = (): boolean => left.delete(reading);
    reading.then(over, over);
    return abortable(reading, signal);
  };
  return {
    name,
    ...(path === undefined ? {} : { path }),
    get size() {
      return source.size;
    },
    read: (offset, into, options = {}) => ended(source.read(offset, into, options), options),
    ...(readFrames && {
      readFrames: (offset, frames, into, options = {}) => {
        const reading = readFrames.call(source, offset, frames, into, options);
        return reading && ended(reading, options);
      },
    }),
    get swapBytes() {
      return source.swapBytes;
    },
    sibling: (wanted, options) => source.sibling(wanted, options),
    ...(folders && { folders: (wanted) => folders.call(source, wanted) }),
    async close() {
      const closing = source.close();
      // A source that is still reading closes itself when that read ends, which may be never.
      if (left.size === 0) return closing;
      closing.catch(() => undefined);
    },
  };
}
