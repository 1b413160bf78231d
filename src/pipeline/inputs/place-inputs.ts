/** Reads the inputs of a run; shared by all platforms. */

import { type DataInput, sourceOf } from '../../bytes/source-of.js';
import type { Dataset } from '../../frames/dataset.js';
import type { OpenOptions } from '../../frames/open.js';
import { mainInputs, type OpenPlatform, openInput } from '../../frames/open-inputs.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import { isBytes } from './kinds.js';
import type { FileInput, RunPlace } from './place.js';

/** The name of an input, for messages; `what` is used for an input without a name. */
export const nameOfInput = (input: FileInput, what: string): string =>
  typeof input === 'string' ? input : 'href' in input ? input.href : 'name' in input ? String(input.name) : what;

/** The text of an address, a File, a Blob or bytes. Throws `File`. */
export async function textOfRemote(input: FileInput, signal?: PlatformSignal): Promise<string> {
  try {
    if (isBytes(input)) return new TextDecoder().decode(input);
    if (typeof input !== 'string' && !('href' in input)) return await input.text();
    const response = await fetch(typeof input === 'string' ? input : input.href, signal ? { signal } : {});
    if (response.ok) return await response.text();
    throw new Error(`HTTP ${response.status}`);
  } catch (cause) {
    checkSignal(signal);
    throw new EwaldError('File', `${nameOfInput(input, 'the Blob')} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The functions of `ewald/data` on this platform. */
interface Opening {
  open(input: DataInput | readonly DataInput[], options?: OpenOptions): Promise<Dataset>;
  formatsOf(input: DataInput, options?: Pick<OpenOptions, 'signal'>): Promise<readonly unknown[]>;
  openCodecs: RunPlace['openCodecs'];
}

/** How frames are opened. */
export const openingOf = (
  platform: OpenPlatform,
  { open, formatsOf, openCodecs }: Opening,
): Pick<RunPlace, 'open' | 'source' | 'mainFiles' | 'holdsFrames' | 'headOf' | 'openCodecs'> => ({
  openCodecs: () => openCodecs(),
  open: (input, options, siblings) =>
    siblings && siblings.length > 0 ? openInput(input, options, platform, siblings) : open(input, options),
  source: (input) => sourceOf(input, {}, platform.files),
  mainFiles: (files) => mainInputs(files, {}, platform, files) as Promise<typeof files>,
  async holdsFrames(input, signal) {
    if (input === '-') return false;
    try {
      return (await formatsOf(input, { signal })).length > 0;
    } catch {
      return false;
    }
  },
  async headOf(input, most, signal) {
    const source = await sourceOf(input, { signal }, platform.files);
    try {
      return { size: source.size, head: await source.read(0, Math.min(most, source.size), { signal }) };
    } finally {
      await source.close();
    }
  },
});

/** The place of a run that ends with its signal: no request outlives it. */
export const endingPlace = (place: RunPlace, signal: PlatformSignal): RunPlace => ({
  ...place,
  holdsFrames: (input) => place.holdsFrames(input, signal),
  headOf: (input, most) => place.headOf(input, most, signal),
  textOf: (input) => place.textOf(input, signal),
  cellOf: (input) => place.cellOf(input, signal),
});
