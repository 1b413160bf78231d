/** Where an addon of the package lies: beside the bundle, one folder a platform. Node only. */
import { fileURLToPath } from 'node:url';

/** Path of an addon, or the one given. */
export function addonPath(name: string, given: string | undefined): string {
  return given ?? fileURLToPath(new URL(`./native/${process.platform}-${process.arch}/${name}.node`, import.meta.url));
}
