/** Writes results as a group of Zarr, version 2: a folder with an array for each, which appears with all of them. */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EwaldError } from '../../base/errors.js';
import { fileError } from '../../base/file-errors.js';
import { product } from '../../base/product.js';
import { makeWhole } from '../../io/files/folders.js';
import type { ResultsAbout } from './about.js';
import { fileWord, type NamedResult, numpyType } from './named-results.js';

/** Chunks of rows of the first axis have at most this many bytes, unless one row has more. */
const maxChunkBytes = 2 ** 26;

/** Throws `Argument` for a folder that exists: what is in it is not replaced. */
export function refuseZarr(folder: string): void {
  if (existsSync(resolve(folder)))
    throw new EwaldError('Argument', `${folder} exists already, and folders are not replaced; choose another name`);
}

/** Throws `Argument` for a folder that exists, `File` for one that cannot be written. */
export async function writeZarr(folder: string, results: readonly NamedResult[], about: ResultsAbout): Promise<void> {
  refuseZarr(folder);
  try {
    await makeWhole(folder, async (temporary) => {
      await writeFile(join(temporary, '.zgroup'), '{"zarr_format":2}\n');
      await writeFile(join(temporary, '.zattrs'), JSON.stringify({ run: about }));
      for (const result of results) await writeArray(join(temporary, fileWord(result.name)), result);
    });
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(folder, 'written', cause);
  }
}

async function writeArray(folder: string, result: NamedResult): Promise<void> {
  const { shape, data, desc, unit } = result;
  const [first = 1, ...rest] = shape;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const row = Math.max(1, data.byteLength / Math.max(1, first));
  const rows = Math.max(1, Math.min(first, Math.floor(maxChunkBytes / row)));
  await mkdir(folder);
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
  await writeFile(join(folder, '.zarray'), JSON.stringify(described));
  if (desc !== undefined || unit !== undefined)
    await writeFile(join(folder, '.zattrs'), JSON.stringify({ units: unit, description: desc }));
  if (product(shape) === 0) return;
  for (let at = 0; at < first; at += rows) {
    const part = bytes.subarray(at * row, (at + rows) * row);
    // The last chunk is as long as the others.
    const chunk = part.length === rows * row ? part : new Uint8Array(rows * row);
    if (chunk !== part) chunk.set(part);
    await writeFile(join(folder, [at / rows, ...rest.map(() => 0)].join('.')), chunk);
  }
}
