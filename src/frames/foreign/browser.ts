/**
 * h5wasm passed in by the caller, as in browsers, where a bundler must not fail because of an unused peer dependency.
 */
import { EwaldError } from '../../util/errors.js';
import type { ForeignLibrary } from './foreign.js';
import { type H5Exports, type H5Module, h5wasmLibrary, type Loaded, loaded, noH5wasm } from './h5wasm.js';

/**
 * Loads h5wasm and, for filters beyond those of HDF5 itself, h5wasm-plugins: `() => Promise.all([import('h5wasm'),
 * import('h5wasm-plugins')])`.
 */
export type LoadH5wasm = () => Promise<readonly [h5wasm: unknown, plugins?: unknown]>;

/** The parts of h5wasm-plugins that are used. */
interface Plugins {
  readonly plugin_names: readonly string[];
  install_plugins(module: H5Module): Promise<void>;
}

/** The library from the result of `load`. Throws `Load` if that fails, `Argument` if it is something else. */
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
  if (!library)
    throw new EwaldError(
      'Argument',
      'open: the modules that h5wasm gives lack `ready`; ' + 'expected those of the package h5wasm',
    );
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
