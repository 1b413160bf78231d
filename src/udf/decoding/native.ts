/** Decoding on the CPU, off the main thread; see `nativeCodecs`. */

import { type CodecAddon, nativeCodecs } from '../../bytes/codecs/node.js';
import type { NativeHost } from '../../compute/backends/native/host.js';
import type { DecoderOp } from './contract.js';
import { onCores } from './cores.js';

/** The decoding of the native core. */
export const decoderOp = (host: NativeHost): DecoderOp => ({
  supports: () => true,
  plan: async (descriptor) => onCores(nativeCodecs(host.addon as CodecAddon), descriptor),
});
