/** External storage: the elements of a contiguous dataset in files of their own, one after the other. */
import { EwaldError } from '../util/errors.js';
import type { Fields } from './fields.js';
import { localHeap } from './heaps.js';
import type { Home } from './home.js';
import type { Pages } from './pages.js';
import type { ReadBytes } from './storage.js';

/** A part of a file that holds the next elements. */
export interface ExternalPart {
  readonly file: string;
  readonly offset: number;
  /** Bytes of it; the last part may be unlimited. */
  readonly bytes: number;
}

/** The files that a message lists. */
export async function readExternalParts(pages: Pages, fields: Fields): Promise<ExternalPart[]> {
  fields.version(1);
  fields.skip(5);
  const count = fields.u16();
  const name = await localHeap(pages, fields.address());
  if (count * 3 * pages.widths.length > fields.left) throw fields.wrong(`${count} files do not fit in its bytes`);
  return Array.from({ length: count }, () => ({
    file: name(fields.length()),
    offset: fields.length(),
    bytes: fields.limit(),
  }));
}

/** Reads elements out of files beside this one; `path` is the dataset, for messages. */
export function externalReader(home: Home, path: string, parts: readonly ExternalPart[]): ReadBytes {
  return async (offset, into, signal) => {
    let start = 0;
    let done = 0;
    for (const part of parts) {
      const from = offset + done - start;
      start += part.bytes;
      if (from >= part.bytes) continue;
      const bytes = Math.min(into.length - done, part.bytes - from);
      const source = await home.raw(part.file, path);
      await source.read(part.offset + from, into.subarray(done, done + bytes), { signal });
      done += bytes;
      if (done === into.length) return into;
    }
    throw new EwaldError(
      'Format',
      `${home.source.name}: ${path}: its files (${parts.map(({ file }) => file).join(', ')}) hold ${start} bytes, ` +
        `but ${into.length} from byte ${offset} on are needed`,
      { detail: { path: home.source.name, dataset: path } },
    );
  };
}
