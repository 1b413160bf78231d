/** The ways to index crystals that a cell does not tell apart, exactly or nearly. */
import { checkedOptions } from '../../options/call-options.js';
import type { Cell } from '../cell.js';
import type { KnownCell } from '../cell-file.js';
import { primitiveOf } from '../centring.js';
import { reducedCell } from '../niggli.js';
import type { CellAmbiguitiesOptions } from '../parameter-types.js';
import { cellAmbiguitiesRows } from '../parameters.js';
import { type Operation, tripletOf } from '../symmetry/matrices.js';
import { notOfSymmetry, orientedGroup } from '../symmetry/oriented.js';
import { laueGroup, rotationsOf } from '../symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations, strainOf } from '../symmetry/settings.js';
import { expectsKnown } from './expects-known.js';

/** A way to index a crystal. */
export interface WayToIndex {
  /** On indices, such as `k,h,-l`; `h,k,l` is the first. */
  readonly operation: string;
  /** By how much it changes edges, percent, and angles, degrees. */
  readonly lengths: number;
  readonly angles: number;
  /** Whether the cell has this rotation as exactly as its numbers are written; pseudosymmetry otherwise. */
  readonly isExact: boolean;
}

/** The ways to index crystals of a point group. */
export interface CellAmbiguities {
  /** The point group in the setting of the cell. */
  readonly symmetry: string;
  /** Number of rotations of the lattice within the tolerances, and of the point group. */
  readonly latticeRotations: number;
  readonly groupRotations: number;
  /**
   * Number of rotations of the lattice that are no matrices of whole numbers in the axes of the cell, such as those of a
   * hexagonal lattice in orthogonal axes: ways to index that are not among `ways`.
   */
  readonly otherRotations: number;
  /** One operation for each way, that of the indices as they are first; one alone means that there is no ambiguity. */
  readonly ways: readonly WayToIndex[];
}

/** Changes of edges, percent, and of angles, degrees, by rounding alone. */
const exact = 0.005;

/** The largest change of an edge, percent, and of an angle, degrees. */
export const changeBy = (operation: Operation, cell: Cell): { readonly lengths: number; readonly angles: number } => ({
  lengths: strainOf(operation, cell, { lengths: 0.01, anglesDeg: Number.POSITIVE_INFINITY }),
  angles: strainOf(operation, cell, { lengths: Number.POSITIVE_INFINITY, anglesDeg: 1 }),
});

/**
 * The ways to index crystals of a point group that the cell does not tell apart, within tolerances: twins have the same
 * laws. Throws `Argument` if the cell does not have the point group.
 */
export function cellAmbiguities(known: KnownCell, options: CellAmbiguitiesOptions): CellAmbiguities {
  const what = 'cellAmbiguities';
  expectsKnown(`${what}: the cell`, known);
  const { symmetry, lengthTolerance, angleTolerance } = checkedOptions(what, options, cellAmbiguitiesRows);
  const { cell, centring, uniqueAxis } = known;
  const found = orientedGroup(symmetry, cell, uniqueAxis);
  if (!found) throw notOfSymmetry(cell, symmetry);
  const tolerance = { lengths: lengthTolerance / 100 + 1e-9, anglesDeg: angleTolerance + 1e-6 };
  const rotations = latticeRotations(cell, centring, tolerance);
  const reduced = reducedCell(primitiveOf(cell, centring)).cell;
  const all = Math.max(rotations.length, latticeRotations(reduced, 'P', tolerance).length);
  const ways = indexingAmbiguities(rotations, found.group).map((operation) => {
    const { lengths, angles } = changeBy(operation, cell);
    return { operation: tripletOf(operation), lengths, angles, isExact: lengths <= exact && angles <= exact };
  });
  return {
    symmetry: found.group.name,
    latticeRotations: all,
    otherRotations: all - rotations.length,
    groupRotations: rotationsOf(laueGroup(found.group)).length,
    ways,
  };
}
