/**
 * Zarr, versions 2 and 3: an array as a folder of chunks, each in a separate file; opened by its metadata (.zarray,
 * .zgroup, .zmetadata or zarr.json), or in Node by the folder. HyperSpy's .zspy is such a folder.
 *
 * A frame is the last two axes unless `sigShape` says otherwise. Chunks that were not written have the fill value.
 */
import { baseName } from '../../bytes/byte-source.js';
import type { Format } from '../format.js';

/** The files that describe an array or a group; the first one found is opened. */
export const zarrFiles = ['zarr.json', '.zarray', '.zmetadata', '.zgroup'] as const;

/** Whether a file describes a Zarr array or group, by its name. */
export const isZarrMetadata = (file: string): boolean => (zarrFiles as readonly string[]).includes(baseName(file));

export const zarr: Format = {
  name: 'zarr',
  title: 'Zarr (also HyperSpy zspy)',
  endings: ['zarr', 'zspy'],
  options: ['dataset', 'sigShape'],
  detect({ source, text }) {
    return isZarrMetadata(source.name) && /"(zarr_format|zarr_consolidated_format)"/.test(text)
      ? { confidence: 1, why: 'metadata with zarr_format' }
      : undefined;
  },
  // Few files are Zarr, so its reader is loaded when one is opened.
  async open(source, options, services) {
    const { openZarr } = await import('../zarr/open.js');
    return openZarr(source, options, services);
  },
};
