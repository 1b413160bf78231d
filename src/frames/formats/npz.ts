/** Zip archives of NumPy arrays: .npz, and .prz of Panta Rhei. Zarr in a zip is passed on to its own reader. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { plainDigests } from '../../bytes/checksums/check.js';
import type { DataType } from '../../bytes/dtype.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import { ambiguous, type FrameArrayEntry, framesAmong } from '../candidates.js';
import type { Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { maxChecked, readZip, type ZipEntry, zipHead, zipMember } from '../zip.js';
import { npy, readHeader } from './npy.js';
import { zarr } from './zarr.js';

export const npz: Format = {
  name: 'npz',
  title: 'NumPy arrays in a zip (NPZ, Panta Rhei PRZ), Zarr in a zip',
  endings: ['npz', 'prz', 'zspy'],
  options: ['dataset', 'sigShape'],
  detect({ text, ending }) {
    if (!text.startsWith('PK\x03\x04')) return undefined;
    return npz.endings.includes(ending)
      ? { confidence: 0.9, why: `a zip archive named .${ending}` }
      : { confidence: 0.3, why: 'a zip archive' };
  },
  async open(source, options, services) {
    const entries = await readZip(source, options.signal);
    const { signal, checksums = true } = options;
    const digests = checksums ? (services.digests ?? plainDigests) : undefined;
    if (isZarr(entries)) {
      const { zipStore } = await import('../zarr/zip-store.js');
      return zarr.open(await zipStore(source, entries, { signal, digests }), options, services);
    }
    const arrays = entries.filter(({ name }) => name.endsWith('.npy'));
    const { heads, notes } = await headsOf(source, arrays, options);
    const entry = chooseArray(source, arrays, heads, options.dataset);
    const member = await zipMember(source, entry, { signal, digests });
    const dataset = await npy.open(member, { ...options, dataset: undefined }, services);
    const unchecked = digests !== undefined && entry.method === 0 && entry.bytes > maxChecked;
    return Object.assign(dataset, {
      format: 'npz',
      arrays: heads.map(({ path, shape, dtype, entry: of }) => ({ name: path, shape, dtype, chosen: of === entry })),
      notes: [...notes, ...dataset.notes, ...(unchecked ? [notChecked] : [])],
    });
  },
};

/** Whether an archive is a Zarr store. */
const isZarr = (entries: readonly ZipEntry[]): boolean =>
  entries.some(({ name }) => /(^|\/)(\.zgroup|\.zarray|zarr\.json)$/.test(name));

/** Number of members that are described; further ones are omitted. */
const maxListed = 64;
/** Headers of NumPy's arrays have 128 bytes, slightly more with many axes or fields. */
const headBytes = 4096;

/** An array of the archive, as its header describes it. */
interface Head extends FrameArrayEntry {
  readonly dtype: DataType;
  readonly entry: ZipEntry;
}

/** The headers of the largest arrays in an archive that has several, and notes on those that are damaged. */
async function headsOf(
  source: ByteSource,
  arrays: readonly ZipEntry[],
  { signal }: FormatOptions,
): Promise<{ readonly heads: readonly Head[]; readonly notes: readonly Note[] }> {
  const notes: Note[] = [];
  if (arrays.length < 2) return { heads: [], notes };
  const largest = new Set([...arrays].sort((a, b) => b.bytes - a.bytes).slice(0, maxListed));
  const found: Head[] = [];
  for (const entry of arrays.filter((zipEntry) => largest.has(zipEntry))) {
    let head: ByteSource | undefined;
    try {
      head = await zipHead(source, entry, headBytes, signal);
      const { shape, dtype } = await readHeader(head, { signal });
      found.push({ path: nameOfArray(entry), shape, dtype, entry });
    } catch (error) {
      // An array that cannot be described, such as an array of texts, must not prevent reading the others.
      if (isEwaldError(error, 'Aborted') || (isEwaldError(error, 'File') && !error.detail.absent)) throw error;
      // One that cannot be unpacked may hold the frames.
      if (head === undefined)
        notes.push({
          kind: 'warning',
          text: `${nameOfArray(entry)} is damaged and was not considered: ${messageOf(error)}`,
          option: 'dataset',
        });
    }
  }
  return { heads: found, notes };
}

const nameOfArray = ({ name }: ZipEntry): string => name.replace(/\.npy$/, '');

const notChecked: Note = {
  kind: 'warning',
  text: `its CRC-32 is not verified, since that would first read more than ${maxChecked >> 30} GiB`,
};

/** Selects the requested array, else `data`, else the only one that can hold the frames. Throws `Argument`. */
function chooseArray(
  source: ByteSource,
  arrays: readonly ZipEntry[],
  heads: readonly Head[],
  wanted: string | number | undefined,
): ZipEntry {
  const [first] = arrays;
  if (!first) throw badFile(source, 'the archive contains no .npy array');
  const named = (name: string): ZipEntry | undefined =>
    arrays.find((entry) => entry.name === name || nameOfArray(entry) === name);
  if (wanted !== undefined) {
    const zipEntry = named(String(wanted)) ?? arrays[Number(wanted)];
    if (zipEntry) return zipEntry;
    throw new EwaldError(
      'Argument',
      `${source.name} has no array ${wanted}; there are ${arrays.map(nameOfArray).join(', ')}`,
    );
  }
  const data = arrays.length > 1 ? named('data') : first;
  if (data) return data;
  const { chosen, rivals } = framesAmong(heads);
  if (rivals.length > 0) throw ambiguous(source.name, rivals);
  return chosen?.entry ?? first;
}
