/** A cell with other axes of the same lattice, and what these do to indices. */
import { checkedOptions } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import {
  anglesOf,
  type Cell,
  cellFrom,
  checkCell,
  checkLengths,
  combine,
  flat,
  lengthsOf,
  reciprocal,
  volume,
} from '../cell.js';
import type { KnownCell } from '../cell-file.js';
import { type Centring, primitiveOf } from '../centring.js';
import { latticeName } from '../lattice-name.js';
import type { TransformCellOptions } from '../parameter-types.js';
import { transformCellRows } from '../parameters.js';
import { centringOf } from '../settings.js';
import { transposed } from '../strain.js';
import { tripletOf } from '../symmetry/matrices.js';
import { axesOf, axesText } from './axes.js';
import { expectsKnown } from './expects-known.js';

/** A cell with new axes. */
export interface TransformedCell {
  /** In the orientation of the given cell; left-handed if the axes are. */
  readonly known: KnownCell;
  /** Lengths in angstrom and angles in degrees. */
  readonly parameters: readonly number[];
  /** The new axes in terms of the old ones: nine numbers by rows, and their text. */
  readonly matrix: readonly number[];
  readonly axes: string;
  /** Volume of the new cell divided by that of the old one; negative if the axes change hand. */
  readonly determinant: number;
  /** New indices as a function of the old ones, as `convertReflections` takes them; undefined where they are not whole. */
  readonly reindex: string | undefined;
  /** The same with fractions for axes that are parts of the old ones, such as `1/2h+1/2k,-1/2h+1/2k,l`. */
  readonly indices: string;
}

const what = 'transformCell';

/**
 * A cell with other axes, such as `a,b,-c` or `a-b,a+b,c`. They have to span the lattice of the cell, and the centring
 * of the new cell follows from the points of the lattice in it; with `newLattice` they are those of another, primitive
 * lattice. Throws `Argument`.
 */
export function transformCell(known: KnownCell, axes: string, options: TransformCellOptions = {}): TransformedCell {
  expectsKnown(`${what}: the cell`, known);
  const { newLattice } = checkedOptions(what, options, transformCellRows);
  const matrix = axesOf(axes, `${what}: the axes`);
  const determinant = volume(cellFrom(matrix));
  if (Math.abs(determinant) < 1e-9)
    throw argumentError(what, () => `the axes ${axesText(matrix)} lie in a plane; expected three independent ones`);
  const cell = combine(matrix, known.cell);
  checkCell(cell, 'the new cell');
  checkLengths(cell, 'the new cell');
  const made = { cell, centring: newLattice ? ('P' as const) : newCentring(cell, known, matrix) };
  const { uniqueAxis } = latticeName(made);
  const isWhole = matrix.every((x) => Math.abs(x - Math.round(x)) < 1e-9);
  return {
    known: uniqueAxis === 'a' || uniqueAxis === 'b' || uniqueAxis === 'c' ? { ...made, uniqueAxis } : made,
    parameters: [...lengthsOf(cell), ...anglesOf(cell)],
    matrix,
    axes: axesText(matrix),
    determinant,
    // Indices change as axes do: (h k l) is a column there, and a row here.
    reindex: isWhole ? tripletOf(flat(transposed(cellFrom(matrix)))) : undefined,
    indices: axesText(matrix).replace(/[abc]/g, (axis) => 'hkl'['abc'.indexOf(axis)] as string),
  };
}

/** The centring of axes that span the lattice of a cell. Throws `Argument` for others. */
function newCentring(cell: Cell, known: KnownCell, matrix: readonly number[]): Centring {
  const primitive = primitiveOf(known.cell, known.centring);
  const dual = reciprocal(primitive);
  const inLattice = cell.flatMap((row) => dual.map((of) => row[0] * of[0] + row[1] * of[1] + row[2] * of[2]));
  const points = Math.abs(volume(cell) / volume(primitive));
  const advice = (why: string, instead: string) =>
    argumentError(
      what,
      (name) =>
        `the axes ${axesText(matrix)} ${why}; expected ${instead}, or ${name('newLattice')} for a primitive lattice of ` +
        'their own',
    );
  if (inLattice.some((x) => Math.abs(x - Math.round(x)) > 1e-6))
    throw advice(
      `are not vectors of the ${known.centring} lattice of the cell, whose points they would add to`,
      'sums that lead from point to point, such as a,b,-c',
    );
  const centring = centringOf(cell, primitive);
  const { lattice } = latticeName({ cell, centring: 'P' });
  if (centring === 'reverse' && lattice === 'hexagonal')
    throw advice(
      'are a rhombohedral lattice in the reverse setting',
      'the obverse one, with the first two axes negated',
    );
  if (centring === 'obverse' && lattice === 'hexagonal') return 'H';
  if (centring === 'P') return lattice === 'rhombohedral' && 'HR'.includes(known.centring) ? 'R' : 'P';
  if (centring !== undefined && 'ABCIF'.includes(centring)) return centring as Centring;
  throw advice(
    `have the determinant ${axesDeterminant(matrix)}: their cell holds ${Math.round(points)} points of the lattice, and ` +
      'none of the centrings P, A, B, C, I, F, H has these',
    'axes of the same lattice, such as a,b,-c',
  );
}

const axesDeterminant = (matrix: readonly number[]): number => Number(volume(cellFrom(matrix)).toFixed(4));
