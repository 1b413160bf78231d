/** The services of browsers for opening files. */

import type { ByteSource } from '../bytes/byte-source.js';
import { openCodecs } from '../bytes/codecs/browser.js';
import { EwaldError } from '../util/errors.js';
import type { OpenPlatform } from './open-inputs.js';

/** Opens a file by its path: Node only; in a browser this throws `Unsupported`. */
export async function fileSource(path: string): Promise<ByteSource> {
  throw new EwaldError('Unsupported', `${path}: a browser cannot open paths; pass a File, a Blob or a URL`);
}

export const openPlatform: OpenPlatform = { files: fileSource, services: { codecs: () => openCodecs() } };
