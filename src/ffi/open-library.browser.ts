/** Libraries in browsers: wasm modules, and headers given as text. */
import { absoluteAddress } from '../util/addresses.js';
import { EwaldError } from '../util/errors.js';
import { bindLibraries, type GetLibHandle, openWasm, tableOf } from './open-library.js';

function refuseNative(): never {
  throw new EwaldError(
    'Unsupported',
    'native libraries need Node, Deno or Bun; in a browser open a wasm module: { backend: "wasm" }',
  );
}

/** Opens a library through its header. */
export const getLibHandle: GetLibHandle = /* @__PURE__ */ bindLibraries({
  tableOf,
  openWasm,
  refuseNative,
  async openFile(library, options) {
    if (options.backend === 'native') refuseNative();
    return openWasm(tableOf(options, 'wasm32'), new URL(absoluteAddress(library)), options);
  },
});
