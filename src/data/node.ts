/**
 * ewald/data on Node: the names of the browser build, and paths.
 *
 *     import { open } from 'ewald/data';
 *     const scan = await open('scan.mib');
 *
 * @module
 */
import { provideSwap } from './byte-order.js';
import { nativeSwap, openCodecs } from './codecs/node.js';
import type { Dataset } from './dataset.js';
import { openForeign } from './foreign/node.js';
import { type Candidate, detectFormats, type OpenOptions, openSource } from './open.js';
import { type DataInput, sourceOf } from './source-of.js';
import { fileSource } from './sources/file.js';

provideSwap(nativeSwap);

/** Opens frames: a path, URL (file:, http:, https:), File, Blob, bytes or a source. See the browser build for errors. */
export async function open(input: DataInput, options: OpenOptions = {}): Promise<Dataset> {
  return openSource(await sourceOf(input, options, fileSource), options, {
    codecs: () => openCodecs(),
    foreign: openForeign,
  });
}

/** Which formats a file may have, the surest first, each with what was seen. */
export async function detect(input: DataInput, options: Pick<OpenOptions, 'signal'> = {}): Promise<Candidate[]> {
  const source = await sourceOf(input, options, fileSource);
  try {
    return await detectFormats(source, options);
  } finally {
    if (source !== input) await source.close();
  }
}

export * from './public.js';
export type { DataInput } from './source-of.js';
export { fileSource, openCodecs };
