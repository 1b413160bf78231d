/** A Zarr store in a zip archive: its metadata as if they were consolidated, and its chunks as files beside them. */

import { badFile } from '../../bytes/bad-file.js';
import { absentFile, type ByteSource } from '../../bytes/byte-source.js';
import type { Digests } from '../../bytes/checksums/check.js';
import { memorySource } from '../../bytes/sources/memory.js';
import type { PlatformSignal } from '../../util/globals.js';
import { type ZipEntry, zipMember } from '../zip.js';

/** Metadata of an array have a few hundred bytes. */
const maxText = 2 ** 20;
const isMetadata = /(^|\/)(\.zarray|\.zattrs|zarr\.json)$/;

/** The source of the store's metadata, which owns the archive. Throws `Format`. */
export async function zipStore(
  source: ByteSource,
  entries: readonly ZipEntry[],
  options: { readonly signal?: PlatformSignal | undefined; readonly digests?: Digests | undefined },
): Promise<ByteSource> {
  // A member that was written again is in the archive twice; the last one counts.
  const members = new Map(entries.map((entry) => [entry.name, entry]));
  const read = async (name: string): Promise<ByteSource> => {
    const entry = members.get(name);
    if (!entry) throw absentFile(name, `${source.name}/${name}`);
    const member = await zipMember(source, entry, { signal: options.signal, digests: options.digests });
    // Chunks are closed one by one, and the archive only with the dataset.
    return { ...member, close: async () => {} };
  };
  const arrays: Record<string, unknown> = Object.create(null);
  for (const name of members.keys()) {
    if (!isMetadata.test(name)) continue;
    if ((members.get(name)?.bytes ?? 0) > maxText) throw badFile(source, `the metadata ${name} are too large`);
    const member = await read(name);
    const text = new TextDecoder().decode(await member.read(0, member.size));
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw badFile(source, `the metadata ${name} are not JSON`);
    }
    // Arrays of either version are listed alike.
    arrays[name] = json;
    if (name.endsWith('zarr.json')) arrays[name.replace(/zarr\.json$/, '.zarray')] = json;
  }
  const text = JSON.stringify({ zarr_consolidated_format: 1, metadata: arrays });
  const metadata = memorySource(new TextEncoder().encode(text), source.name);
  return { ...metadata, sibling: read, close: () => source.close() };
}
