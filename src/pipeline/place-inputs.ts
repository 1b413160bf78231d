/** Reads the inputs of a run; shared by all platforms. */
import { EwaldError, messageOf } from '../base/errors.js';
import type { PlatformBlob, PlatformUrl } from '../base/globals.js';
import type { Dataset } from '../data/dataset.js';
import type { OpenOptions } from '../data/open.js';
import { mainInputs, type OpenPlatform, openInput } from '../data/open-inputs.js';
import { type DataInput, sourceOf } from '../data/source-of.js';
import type { FileInput, RunPlace } from './place.js';

/** The name of an input, for messages; `what` is used for an input without a name. */
export const nameOfInput = (input: FileInput, what: string): string =>
  typeof input === 'string' ? input : 'href' in input ? input.href : 'name' in input ? String(input.name) : what;

/** The text of an address, a File or a Blob. Throws `File`. */
export async function textOfRemote(input: string | PlatformUrl | PlatformBlob): Promise<string> {
  try {
    if (typeof input !== 'string' && !('href' in input)) return await input.text();
    const response = await fetch(typeof input === 'string' ? input : input.href);
    if (response.ok) return await response.text();
    throw new Error(`HTTP ${response.status}`);
  } catch (cause) {
    throw new EwaldError('File', `${nameOfInput(input, 'the Blob')} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The functions of `ewald/data` on this platform. */
interface Opening {
  open(input: DataInput | readonly DataInput[], options?: OpenOptions): Promise<Dataset>;
  detect(input: DataInput): Promise<readonly unknown[]>;
  openCodecs: RunPlace['openCodecs'];
}

/** How frames are opened. */
export const openingOf = (
  platform: OpenPlatform,
  { open, detect, openCodecs }: Opening,
): Pick<RunPlace, 'open' | 'source' | 'mainFiles' | 'holdsFrames' | 'headOf' | 'openCodecs'> => ({
  openCodecs: () => openCodecs(),
  open: (input, options, siblings) =>
    siblings && siblings.length > 0 ? openInput(input, options, platform, siblings) : open(input, options),
  source: (input) => sourceOf(input, {}, platform.files),
  mainFiles: (files) => mainInputs(files, {}, platform, files) as Promise<typeof files>,
  async holdsFrames(input) {
    if (input === '-') return false;
    try {
      return (await detect(input)).length > 0;
    } catch {
      return false;
    }
  },
  async headOf(input, most) {
    const source = await sourceOf(input, {}, platform.files);
    try {
      return { size: source.size, head: await source.read(0, Math.min(most, source.size)) };
    } finally {
      await source.close();
    }
  },
});
