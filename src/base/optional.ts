/** Optional packages, which most projects have not installed. */

/**
 * Imports a package when it is first needed. Its name is no literal here: bundlers follow literals, and esbuild fails,
 * webpack and Rollup warn, where the package is not installed. So it stays out of bundles: Node looks it up beside the
 * bundle, a page in its import map.
 */
export const importOptional = (name: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ name);
