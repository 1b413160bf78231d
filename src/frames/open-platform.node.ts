/** Node's services for opening files. */
import { digests } from '../bytes/checksums/node.js';
import { nativeTurning, openCodecs } from '../bytes/codecs/node.js';
import { fileOpener, type OpenFile } from '../bytes/sources/file.js';
import type { OpenPlatform } from './open-inputs.js';

/**
 * Opens a file; `-` is standard input redirected from a file. Throws `File` if it does not exist, is a folder or a
 * pipe, or cannot be opened.
 */
export const fileSource: OpenFile = /* @__PURE__ */ fileOpener(nativeTurning);

export const openPlatform: OpenPlatform = {
  files: fileSource,
  services: { codecs: () => openCodecs(), digests },
};
