/** Loads UDFs from modules; if one cannot be loaded, the error states the reason and the line. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EwaldError } from '../../util/errors.js';
import { withTexts } from './parameter-texts.js';
import { type AnyDefinition, type AnyUdf, asUdf, isUdf } from './udf.js';

/**
 * The error for a module that cannot be loaded, with the line of a syntax error, and with advice if Node does not
 * support TypeScript.
 */
function notLoaded(file: string, cause: unknown): EwaldError {
  const what = cause instanceof Error ? cause.message : String(cause);
  if ((cause as { code?: unknown } | undefined)?.code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return new EwaldError(
      'Load',
      `${file} cannot be loaded: Node ${process.versions.node} does not support TypeScript; use Node 22.18 or later, or compile it first: npx esbuild ${file} --outfile=${file.replace(/\.[cm]?ts$/, '.mjs')}`,
      { cause },
    );
  // Node reports the line of a syntax error only when it checks the file.
  const message =
    cause instanceof SyntaxError ? spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr : '';
  const place = /:(\d+)$/m.exec(message)?.[1];
  return new EwaldError('Load', `${file}${place ? `, line ${place},` : ''} cannot be loaded: ${what}`, { cause });
}

/**
 * The UDFs that modules export, made by `defineUdf` or plain definitions, in the order of the files. A plain definition
 * gets its module as `module`, so that workers can load it.
 *
 * @param options `module`: the name by which the workers of a cluster have the module (`ewald worker --module
 * NAME=FILE`). Default: the file, which other processes get as source. `params`: values of parameters as texts
 * `name=value`, for all UDFs that declare the name; the type is that of the declared value.
 *
 * Throws `File` for a missing file, `Argument` for another extension, a module without a UDF, or a parameter that no
 * UDF declares or whose value has another type, `Load` with the line of the mistake for a module that cannot be loaded.
 */
export async function loadUdfs(
  files: readonly string[],
  options: { readonly module?: string | undefined; readonly params?: readonly string[] | undefined } = {},
): Promise<AnyUdf[]> {
  if (options.module !== undefined && files.length !== 1)
    throw new EwaldError('Argument', `module names the workers' module of one file; there are ${files.length}`);
  const all: AnyUdf[] = [];
  for (const file of files) {
    const url = pathToFileURL(resolve(file)).href;
    if (!existsSync(file)) throw new EwaldError('File', `${file} cannot be read: there is no such file or folder`);
    if (!/\.([cm]?js|[cm]?ts)$/.test(file))
      throw new EwaldError('Argument', `the module "${file}" needs a name that ends in .mjs, .js or .ts`);
    const exports = (await import(/* webpackIgnore: true */ /* @vite-ignore */ url).catch((cause) => {
      throw notLoaded(file, cause);
    })) as Record<string, unknown>;
    const found = Object.values(exports).filter(
      (value): value is AnyUdf | AnyDefinition =>
        isUdf(value) || (typeof value === 'object' && value !== null && 'buffers' in value && 'name' in value),
    );
    const named = options.module === undefined ? {} : { module: options.module };
    const udfs = [...new Set(found)].map((value) =>
      !isUdf(value)
        ? asUdf({ module: url, ...value, ...named })
        : options.module === undefined
          ? value
          : asUdf({ ...(value.definition as AnyDefinition), ...named }).withParams(value.params),
    );
    if (udfs.length === 0)
      throw new EwaldError('Argument', `${file} exports no UDF; expected export const NAME = defineUdf({ … })`);
    all.push(...udfs);
  }
  return withTexts(all, options.params ?? []);
}
