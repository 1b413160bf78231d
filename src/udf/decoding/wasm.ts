/** Decoding on wasm: see `wasmCodecs`. */

import { wasmCodecs } from '../../bytes/codecs/wasm.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import type { DecoderOp } from './contract.js';
import { onCores } from './cores.js';

/** The decoding of the wasm core. */
export const decoderOp = ({ core }: WasmHost): DecoderOp => ({
  supports: () => true,
  // Nothing is compressed here.
  plan: async (descriptor) =>
    onCores(
      wasmCodecs(core, async (bytes) => bytes.slice()),
      descriptor,
    ),
});
