/**
 * ewald/hdf5 on Node: the names of the browser build, and paths.
 *
 *     import { open } from 'ewald/hdf5';
 *     const file = await open('scan.h5');
 *
 * @module
 */
import { openCodecs } from '../bytes/codecs/node.js';
import { type DataInput, sourceOf } from '../bytes/source-of.js';
import { fileSource } from '../frames/open-platform.node.js';
import { type HdfOpenOptions, type OpenHdfFile, openObjects } from '../hdf5/objects/open.js';

/**
 * Opens an HDF5 file: a path, URL, File, Blob, bytes or a source; the caller disposes it. Errors are as in the browser
 * build.
 */
export async function open(input: DataInput, options: HdfOpenOptions = {}): Promise<OpenHdfFile> {
  return openObjects((checked) => sourceOf(input, checked, fileSource), options, openCodecs);
}

export * from '../hdf5/objects/public.js';
export { openCodecs };
