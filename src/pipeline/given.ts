/** Geometry and cells of a run, as files, texts or already parsed. */
import type { KnownCell } from '../crystal/cell-file.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { parseGeometry } from '../crystal/geometry/parse.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import { isFile } from './inputs.js';
import type { FileInput, RunPlace } from './place.js';
import { nameOfInput } from './place-inputs.js';

/** A geometry with the text that a stream records. */
export interface GivenGeometry {
  readonly geometry: Geometry;
  readonly text: string;
  /** Its name in messages. */
  readonly name: string;
}

/** The geometry of a run. Throws `File`, `Format`. */
export async function givenGeometry(
  given: FileInput | Geometry | undefined,
  place: RunPlace,
): Promise<GivenGeometry | undefined> {
  if (given === undefined) return undefined;
  if (!isFile(given)) return { geometry: given, text: formatGeometry(given), name: 'the geometry' };
  // A text of several lines is not a file name.
  const isText = typeof given === 'string' && /[\r\n]/.test(given);
  const name = isText ? 'the geometry' : nameOfInput(given, 'the geometry');
  const text = isText ? given : await place.textOf(given);
  return { geometry: parseGeometry(text, name), text, name };
}

/** The known cells of a run; undefined if the cell has to be determined. Throws `Argument`, `Format`. */
export async function givenCells(
  given: readonly (FileInput | KnownCell)[] | undefined,
  place: RunPlace,
): Promise<readonly KnownCell[] | undefined> {
  if (given === undefined) return undefined;
  const cells: KnownCell[] = [];
  for (const one of given) cells.push(isFile(one) ? await place.cellOf(one) : one);
  return cells;
}
