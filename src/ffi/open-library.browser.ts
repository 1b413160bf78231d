/** Libraries in browsers: wasm modules, and headers given as text. */
import { EwaldError } from '../base/errors.js';
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
  async openFile(library, { backend }) {
    if (backend === 'native') refuseNative();
    throw new EwaldError(
      'Unsupported',
      `the library "${library}" is a file, which a browser cannot read; pass its bytes, a Response or a URL`,
    );
  },
});
