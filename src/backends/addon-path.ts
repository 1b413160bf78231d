/** Where an addon of the package lies: beside the bundle, one folder a platform. Node only. */
import module from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of an addon, or the one given. */
export function addonPath(name: string, given: string | undefined): string {
  return given ?? fileURLToPath(new URL(`./native/${process.platform}-${process.arch}/${name}.node`, import.meta.url));
}

/**
 * Loads an addon. webpack follows a `createRequire` that is imported by name, and warns because its argument is no
 * literal; one that is a member of the module it leaves alone.
 */
export function loadAddon(path: string): unknown {
  const file = resolve(path);
  return module.createRequire(file)(file);
}
