/** What opening files needs of Node. */
import { digests } from './checksums/node.js';
import { nativeTurning, openCodecs } from './codecs/node.js';
import { openForeign } from './foreign/node.js';
import type { OpenPlatform } from './open-inputs.js';
import { fileOpener, type OpenFile } from './sources/file.js';

/**
 * Opens a file; `-` is standard input where a file was redirected into it. Throws `File` where it is absent, a folder, a
 * pipe, or refused by the system.
 */
export const fileSource: OpenFile = /* @__PURE__ */ fileOpener(nativeTurning);

export const openPlatform: OpenPlatform = {
  files: fileSource,
  services: { codecs: () => openCodecs(), digests, foreign: openForeign },
};
