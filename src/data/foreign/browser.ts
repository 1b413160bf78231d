/** h5wasm where the caller hands it over, as in browsers: a bundler must not fail for a peer that nobody needs. */
import { EwaldError } from '../../base/errors.js';
import type { ForeignLibrary } from './foreign.js';
import { type H5Exports, type H5Module, h5wasmLibrary, type Loaded, loaded, noH5wasm } from './h5wasm.js';

/**
 * Loads h5wasm and, where filters beyond those of HDF5 itself are needed, h5wasm-plugins:
 * `() => Promise.all([import('h5wasm'), import('h5wasm-plugins')])`.
 */
export type LoadH5wasm = () => Promise<readonly [h5wasm: unknown, plugins?: unknown]>;

/** What of h5wasm-plugins is used. */
interface Plugins {
  readonly plugin_names: readonly string[];
  install_plugins(module: H5Module): Promise<void>;
}

/** The library out of what `load` gives. Throws `Load` where that fails, `Argument` for something else. */
export async function foreignOf(load: LoadH5wasm): Promise<ForeignLibrary> {
  let library: Loaded | undefined;
  let helpers: Plugins | undefined;
  try {
    const [h5wasm, plugins] = await load();
    const exported = h5wasm as Partial<H5Exports> & { readonly default?: Partial<H5Exports> };
    const given = exported?.default ?? exported;
    library = given?.ready && given.File ? await loaded(given as H5Exports) : undefined;
    helpers = plugins as Plugins | undefined;
  } catch (cause) {
    throw noH5wasm(cause);
  }
  if (!library) throw new EwaldError('Argument', 'open: h5wasm gives modules without `ready`; give those of h5wasm');
  const found = library;
  let installed: Promise<void> | undefined;
  return h5wasmLibrary({
    byPath: undefined,
    plugins: new Set(helpers?.plugin_names),
    async inMemory() {
      installed ??= helpers?.install_plugins(found.module);
      await installed;
      return found;
    },
  });
}
