/** Geometry and cells of a run, as files, texts or already parsed. */

import { cellFromParameters, checkCell, checkLengths } from '../../crystal/cell.js';
import { type KnownCell, readCell } from '../../crystal/cell-file.js';
import { type Centring, centrings } from '../../crystal/centring.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import { checkedValue, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { isFile } from './kinds.js';
import type { FileInput, RunPlace } from './place.js';
import { nameOfInput } from './place-inputs.js';

/** A geometry with the text that a stream records. */
export interface GivenGeometry {
  readonly geometry: Geometry;
  readonly text: string;
  /** Its name in messages. */
  readonly name: string;
}

/** Whether a value is the text of a file: one of several lines is not a file name. */
const isLines = (given: unknown): given is string => typeof given === 'string' && /[\r\n]/.test(given);

/** The geometry of a run. Throws `File`, `Format`. */
export async function givenGeometry(
  given: FileInput | Geometry | undefined,
  place: RunPlace,
): Promise<GivenGeometry | undefined> {
  if (given === undefined) return undefined;
  if (!isFile(given)) return { geometry: given, text: formatGeometry(given), name: 'the geometry' };
  const isText = isLines(given);
  const name = isText ? 'the geometry' : nameOfInput(given, 'the geometry');
  const text = isText ? given : await place.textOf(given);
  return { geometry: parseGeometry(text, name), text, name };
}

/** Lengths a, b, c in Å and angles alpha, beta, gamma in degrees of a cell. */
type CellNumbers = readonly [number, number, number, number, number, number];

/**
 * A known cell: a file, its text or `a,b,c,alpha,beta,gamma`; the result of `readCell`; six numbers of a primitive
 * cell; or six numbers with a centring, P by default.
 */
export type GivenCell =
  | FileInput
  | KnownCell
  | CellNumbers
  | { readonly parameters: CellNumbers; readonly centring?: Centring | undefined };

/** The known cells of a run; undefined if the cell has to be determined. Throws `Argument`, `Format`. */
export async function givenCells(
  given: readonly GivenCell[] | undefined,
  place: RunPlace,
): Promise<readonly KnownCell[] | undefined> {
  if (given === undefined) return undefined;
  const cells: KnownCell[] = [];
  for (const one of given) cells.push(await givenCell(one, place));
  return cells;
}

async function givenCell(given: GivenCell, place: RunPlace): Promise<KnownCell> {
  if (isLines(given)) return readCell(given);
  return isFile(given) ? place.cellOf(given) : knownCell(given, 'pipeline: a cell');
}

const cellForms =
  "expected a path or text such as 'lyso.cell' or '79,79,38,90,90,90', [79, 79, 38, 90, 90, 90], { parameters, " +
  'centring }, or what readCell returns';

/** Checks the list of known cells, without reading files. Throws `Argument`. */
export function checkCells(what: string, cells: unknown): void {
  if (isLines(cells)) throw new EwaldError('Argument', `${what} is the text of a cell; expected a list: cells: [text]`);
  if (isFile(cells) || !Array.isArray(cells))
    throw new EwaldError('Argument', `${what} is ${inspect(cells)}; expected a list: cells: ['lyso.cell']`);
  if (isSixNumbers(cells))
    throw new EwaldError(
      'Argument',
      `${what} is ${inspect(cells)}; expected a list of cells: cells: [${inspect(cells)}]`,
    );
  for (const [i, one] of cells.entries()) if (!isFile(one)) knownCell(one, `${what}[${i}]`);
}

const isSixNumbers = (value: unknown): value is CellNumbers =>
  Array.isArray(value) && value.length === 6 && value.every((x) => typeof x === 'number');

/** A known cell from any form but that of a file. Throws `Argument`. */
function knownCell(given: unknown, what: string): KnownCell {
  const known = knownCellOf(given, what);
  checkLengths(known.cell, what);
  return known;
}

function knownCellOf(given: unknown, what: string): KnownCell {
  if (isSixNumbers(given)) return { cell: cellFromParameters(...given), centring: 'P' };
  const { cell, parameters, centring } = (given ?? {}) as Partial<KnownCell & { readonly parameters: unknown }>;
  if (centring !== undefined) checkedValue(`${what}: centring`, centring, row.choice(centrings, 'P'));
  if (cell !== undefined && centring !== undefined) {
    checkCell(cell, `${what}: cell`);
    return given as KnownCell;
  }
  if (cell === undefined && isSixNumbers(parameters))
    return { cell: cellFromParameters(...parameters), centring: centring ?? 'P' };
  const lack = cell === undefined ? '' : ', which has no centring';
  throw new EwaldError('Argument', `${what} is ${inspect(given)}${lack}; ${cellForms}`);
}
