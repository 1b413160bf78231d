/**
 * ewald/hdf5: any object of an HDF5 file, by ranges, without the HDF5 library. The browser build; Node's opens paths as
 * well.
 *
 *     import { open } from 'ewald/hdf5';
 *     const file = await open(url);                        // a File, Blob, URL, bytes, or a ByteSource
 *     const data = await file.get('/entry/data/data');
 *     if (data?.kind === 'dataset') await data.read([0, [100, 200], [100, 200]]);
 *     await file.dispose();
 *
 * @module
 */
import { openCodecs } from '../bytes/codecs/browser.js';
import { type DataInput, sourceOf } from '../bytes/source-of.js';
import { fileSource } from '../frames/open-platform.browser.js';
import { type HdfOpenOptions, type OpenHdfFile, openObjects } from '../hdf5/objects/open.js';
import { absoluteAddress } from '../util/addresses.js';

/**
 * Opens an HDF5 file: an address, which may be relative to the page, a File, a Blob, bytes or a source; the caller
 * disposes it.
 *
 * Throws `Format` if it is no HDF5 file or a damaged one, `File` if it cannot be read, `Argument`.
 */
export async function open(input: DataInput, options: HdfOpenOptions = {}): Promise<OpenHdfFile> {
  const placed = typeof input === 'string' && input.trim() !== '' ? absoluteAddress(input) : input;
  return openObjects((checked) => sourceOf(placed, checked, fileSource), options, openCodecs);
}

export * from '../hdf5/objects/public.js';
export { openCodecs };
