/** Optional packages, which most projects do not install. */

/**
 * Imports a package on first use. The name is not a literal: bundlers follow literals, and esbuild fails, webpack and
 * Rollup warn, if the package is not installed. It therefore stays out of bundles: Node resolves it from the bundle's
 * location, a page through its import map.
 */
export const importOptional = (name: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ name);
