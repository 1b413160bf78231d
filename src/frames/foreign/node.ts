/** h5wasm on Node: files by path, plugins from their folder. */
import { readdirSync, readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { importOptional } from '../../util/optional.js';
import type { ForeignLibrary } from './foreign.js';
import { type H5Exports, h5wasmLibrary, type Loaded, loaded, noH5wasm } from './h5wasm.js';

/** Loads the library. Throws `Load` if it is not installed. */
export async function openForeign(): Promise<ForeignLibrary> {
  let byPath: Loaded;
  try {
    const { default: h5wasm } = (await importOptional('h5wasm/node')) as { default: H5Exports };
    byPath = await loaded(h5wasm);
  } catch (cause) {
    throw noH5wasm(cause);
  }
  const folder = pluginFolder();
  if (folder) byPath.module.insert_plugin_search_path(folder.path, 0);
  let memory: Promise<Loaded> | undefined;
  return h5wasmLibrary({
    byPath,
    plugins: new Set(folder?.names),
    inMemory() {
      memory ??= (async () => {
        const { default: h5wasm } = (await importOptional('h5wasm')) as { default: H5Exports };
        const library = await loaded(h5wasm);
        const { module } = library;
        module.FS.mkdirTree('/plugins');
        for (const name of folder?.names ?? [])
          module.FS.writeFile(`/plugins/libH5Z${name}.so`, readFileSync(join(folder?.path ?? '', `libH5Z${name}.so`)));
        module.insert_plugin_search_path('/plugins', 0);
        return library;
      })();
      return memory;
    },
  });
}

/** The folder of h5wasm-plugins and the plugins in it. */
function pluginFolder(): { path: string; names: string[] } | undefined {
  try {
    const path = join(dirname(nodeModule.createRequire(import.meta.url).resolve('h5wasm-plugins')), 'plugins');
    return { path, names: readdirSync(path).flatMap((name) => /^libH5Z(\w+)\.so$/.exec(name)?.[1] ?? []) };
  } catch {
    return undefined;
  }
}
