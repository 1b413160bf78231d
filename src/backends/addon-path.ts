/** Where an addon of the package is: next to the bundle, one folder per platform. Node only. */
import module from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of an addon, or the given path. */
export function addonPath(name: string, given: string | undefined): string {
  return given ?? fileURLToPath(new URL(`./native/${process.platform}-${process.arch}/${name}.node`, import.meta.url));
}

/**
 * Loads an addon. webpack follows a `createRequire` imported by name and warns because the argument is not a literal;
 * it ignores one called as a member of the module.
 */
export function loadAddon(path: string): unknown {
  const file = resolve(path);
  return module.createRequire(file)(file);
}
