/** Writes results as a group of Zarr, version 2: a folder with an array for each, which appears with all of them. */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bytesOfArray, type DataType, elementBytes } from '../../bytes/dtype.js';
import { makeWhole } from '../../frames/files/folders.js';
import { numbersPerElement } from '../../udf/functions/dtypes.js';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import { product } from '../../util/product.js';
import type { ResultsAbout } from './about.js';
import { fileWord, type NamedResult, numpyType } from './named-results.js';
import { piecesOf } from './numbers.js';
import { axesOf } from './result-axes.js';

/** Chunks of rows of the first axis have at most this many bytes, unless one row has more. */
const maxChunkBytes = 2 ** 26;

/** Throws `Argument` for a folder that exists: what is in it is not replaced. */
export function refuseZarr(folder: string): void {
  if (existsSync(resolve(folder)))
    throw new EwaldError('Argument', `${folder} exists already, and folders are not replaced; choose another name`);
}

/** JSON without other characters than those of ASCII, which Python's zarr 2 expects of metadata. */
const asciiJson = (json: unknown): string =>
  JSON.stringify(json).replace(
    /[\u0080-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Throws `Argument` for a folder that exists, `File` for one that cannot be written. */
export async function writeZarr(folder: string, results: readonly NamedResult[], about: ResultsAbout): Promise<void> {
  refuseZarr(folder);
  try {
    await makeWhole(folder, async (temporary) => {
      const metadata: Metadata = { '.zgroup': { zarr_format: 2 }, '.zattrs': { run: about } };
      const { names, coordinates } = axesOf(results, about.stepNm);
      const dimensions = (of: readonly string[]) => ({ _ARRAY_DIMENSIONS: of });
      for (const [name, { values, unit }] of coordinates) {
        await mkdir(join(temporary, name));
        const axis: NamedResult = { name, shape: [values.length], dtype: 'f64', data: values, navAxes: 0 };
        metadata[`${name}/.zarray`] = await writeArray(join(temporary, name), axis);
        metadata[`${name}/.zattrs`] = { ...dimensions([name]), units: unit };
      }
      for (const [i, result] of results.entries()) {
        const name = fileWord(result.name);
        await mkdir(join(temporary, name));
        metadata[`${name}/.zarray`] = await writeArray(join(temporary, name), result);
        const { desc, unit } = result;
        metadata[`${name}/.zattrs`] = { ...dimensions(names[i] ?? []), units: unit, description: desc };
      }
      // Readers that cannot list folders, such as pages, find all metadata in one file.
      metadata['.zmetadata'] = { zarr_consolidated_format: 1, metadata: { ...metadata } };
      for (const [file, json] of Object.entries(metadata)) await writeFile(join(temporary, file), asciiJson(json));
    });
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(folder, 'written', cause);
  }
}

/** The metadata of a group by the paths of their files. */
type Metadata = Record<string, Readonly<Record<string, unknown>>>;

/** Writes the chunks of an array; returns its description. */
async function writeArray(folder: string, result: NamedResult): Promise<Metadata[string]> {
  const { shape, dtype } = result;
  const [first = 1, ...rest] = shape;
  const element = elementBytes((dtype === 'bool' ? 'u8' : dtype) as DataType);
  const row = Math.max(1, product(rest) * element);
  const rows = Math.max(1, Math.min(first, Math.floor(maxChunkBytes / row)));
  const described = {
    zarr_format: 2,
    shape,
    chunks: shape.length === 0 ? [] : [rows, ...rest.map((n) => Math.max(1, n))],
    dtype: numpyType(result),
    compressor: null,
    fill_value: null,
    order: 'C',
    filters: null,
  };
  if (product(shape) === 0) return described;
  let count = 0;
  for (const piece of piecesOf(result, (rows * row * numbersPerElement(dtype)) / element)) {
    const bytes = bytesOfArray(piece);
    for (let at = 0; at < bytes.length; at += rows * row) {
      const part = bytes.subarray(at, at + rows * row);
      // The last chunk is as long as the others.
      const chunk = part.length === rows * row ? part : new Uint8Array(rows * row);
      if (chunk !== part) chunk.set(part);
      await writeFile(join(folder, [count++, ...rest.map(() => 0)].join('.')), chunk);
    }
  }
  return described;
}
