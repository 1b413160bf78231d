/**
 * The known cells of a run. A centred cell is searched as the primitive cell of its lattice, where every node counts,
 * and results are returned in the setting of the known cell.
 */

import {
  type Cell,
  cellFrom,
  cellFromParameters,
  checkCell,
  combine,
  dot,
  flat,
  type Vector,
} from '../crystal/cell.js';
import { type Centring, checkCentring, conventionalMatrix, isCentred, primitiveOf } from '../crystal/centring.js';
import { labelsOf } from '../crystal/symmetry/labels.js';
import { EwaldError } from '../util/errors.js';
import { knownOptions } from '../util/options.js';

/** A known cell with its centring; `cell` or `parameters`, not both. */
export interface CentredCell {
  /** Rows a, b, c in angstrom, any orientation, left- or right-handed; as a `Cell` or nine numbers. */
  readonly cell?: Cell | Float32Array | Float64Array | readonly number[] | undefined;
  /** a, b, c in angstrom, α, β, γ in degrees. */
  readonly parameters?: readonly number[] | undefined;
  /** Centring of the cell, default P; see `Centring`. H is the obverse setting. */
  readonly centring?: Centring | undefined;
}

/** Accepted forms of a run's `cells`. */
export type KnownCellsInput =
  | Cell
  | CentredCell
  | readonly (Cell | CentredCell)[]
  | Float32Array
  | Float64Array
  | readonly number[];

/** The answers of the cells that were asked for last: every run asks, and labels take longer than a small run. */
const nearlySymmetric = new Map<string, boolean>();
const maxRemembered = 64;

/** Whether a primitive cell is nearly more symmetric than it is, so that its axes have several names. */
export function isNearlySymmetric(cell: Cell): boolean {
  const key = cell.join();
  const known = nearlySymmetric.get(key) ?? labelsOf(cell).labels.length > 1;
  if (nearlySymmetric.size >= maxRemembered) nearlySymmetric.clear();
  nearlySymmetric.set(key, known);
  return known;
}

/** What results need to know about the cells of their run. */
export class KnownCells {
  /** [cells, 9] the primitive cells that are searched. */
  readonly values: Float32Array;
  /** Matrix that converts each to its original setting; undefined if that is the one searched. */
  readonly #back: readonly (readonly number[] | undefined)[];
  readonly #nearlySymmetric: boolean[] = [];

  constructor(values: Float32Array, centrings: readonly Centring[]) {
    this.values = values;
    this.#back = centrings.map((centring) => (isCentred(centring) ? conventionalMatrix(centring) : undefined));
  }

  /** Whether any cell is returned in another setting than it is searched in. */
  get anyCentred(): boolean {
    return this.#back.some((matrix) => matrix !== undefined);
  }

  /** Whether a known cell is nearly more symmetric than it is, so that a search may give its axes wrong names. */
  isNearlySymmetric(input: number): boolean {
    const known = this.#nearlySymmetric[input] ?? isNearlySymmetric(cellFrom(this.values, 9 * input));
    this.#nearlySymmetric[input] = known;
    return known;
  }

  /** Whether one of them is. */
  get hasLabels(): boolean {
    return this.#back.some((_, i) => this.isNearlySymmetric(i));
  }

  /** Converts a found cell to the setting of the known cell it was found with. */
  restored(cell: Cell, input: number): Cell {
    const matrix = this.#back[input];
    return matrix ? combine(matrix, cell) : cell;
  }

  /** Whether a found (primitive) cell has other lengths or angles than the known one, beyond float32. */
  isRefined(cell: Cell, input: number): boolean {
    const known = cellFrom(this.values, 9 * input);
    const size = Math.abs(dot(known[0], known[0]) + dot(known[1], known[1]) + dot(known[2], known[2]));
    for (let i = 0; i < 3; i++)
      for (let j = i; j < 3; j++) {
        const metric = dot(known[i] as Vector, known[j] as Vector);
        if (Math.abs(metric - dot(cell[i] as Vector, cell[j] as Vector)) > 4e-6 * size) return true;
      }
    return false;
  }
}

const isNumber = (x: unknown): x is number => typeof x === 'number';
const isNumbers = (given: unknown): given is ArrayLike<number> =>
  given instanceof Float32Array || given instanceof Float64Array || (Array.isArray(given) && given.every(isNumber));
const isCell = (given: unknown): given is Cell => Array.isArray(given) && given.length === 3 && given.every(isNumbers);

/** Validates and packs the cells of a run. Throws `Argument`, `Shape`, `Limit`. */
export function knownCells(input: KnownCellsInput, maxInputCells: number): KnownCells {
  const wrong = (found: string): EwaldError =>
    new EwaldError(
      'Shape',
      `cells ${found}; expected nine per cell (rows a b c), or { parameters or cell, centring }, for at least one cell`,
    );
  let values: ArrayLike<number>;
  let centrings: Centring[];
  if (isNumbers(input)) {
    if (input.length === 0 || input.length % 9 !== 0) throw wrong(`has ${input.length} numbers`);
    values = input;
    centrings = Array.from({ length: input.length / 9 }, () => 'P');
  } else {
    const list = isCell(input) || !Array.isArray(input) ? [input as Cell | CentredCell] : input;
    const read = list.map((one, i) => {
      if (isCell(one)) return { cell: one, centring: 'P' as const };
      if (typeof one !== 'object' || one === null || Array.isArray(one))
        throw wrong(`holds ${one === null ? 'null' : typeof one} at place ${i}`);
      return centredCell(one as CentredCell, `known cell ${i}`);
    });
    values = read.flatMap(({ cell, centring }) => flat(isCentred(centring) ? primitiveOf(cell, centring) : cell));
    centrings = read.map(({ centring }) => centring);
    if (values.length !== 9 * read.length) throw wrong(`has ${values.length} numbers for ${read.length} cells`);
  }
  if (centrings.length > maxInputCells)
    throw new EwaldError(
      'Limit',
      `the run has ${centrings.length} known cells, but the indexer was made for ${maxInputCells}; raise maxInputCells`,
    );
  // Copied, because a run that waits for its turn must use the values it was given.
  const packed = Float32Array.from(values);
  for (let i = 0; i < centrings.length; i++) checkCell(cellFrom(packed, i * 9), `known cell ${i}`);
  return new KnownCells(packed, centrings);
}

function centredCell(given: CentredCell, what: string): { cell: Cell; centring: Centring } {
  knownOptions(what, given, ['cell', 'parameters', 'centring', 'uniqueAxis', 'lengthErrorsA']);
  const { cell, parameters, centring: name = 'P' } = given;
  if ((cell === undefined) === (parameters === undefined))
    throw new EwaldError(
      'Argument',
      `${what} has ${cell ? 'both cell and' : 'neither cell nor'} parameters; expected one of them`,
    );
  const centring = checkCentring(name, `${what}: centring`);
  if (parameters !== undefined) {
    if (!isNumbers(parameters) || parameters.length !== 6)
      throw new EwaldError('Shape', `${what}: expected six numbers in parameters: a, b, c, alpha, beta, gamma`);
    const [a, b, c, alpha, beta, gamma] = parameters as unknown as [number, number, number, number, number, number];
    return { cell: cellFromParameters(a, b, c, alpha, beta, gamma), centring };
  }
  const rows = isNumbers(cell) && cell.length === 9 ? cellFrom(cell) : cell;
  if (!isCell(rows)) throw new EwaldError('Shape', `${what}: expected nine numbers in cell, the rows a, b, c`);
  checkCell(rows, what);
  return { cell: rows, centring };
}
