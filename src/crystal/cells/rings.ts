/** The rings of a powder: spacings of a cell, with the reflections that share them by symmetry. */
import { checkedOptions } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { anglesOf, type Cell, lengthsOf, reciprocal, volume } from '../cell.js';
import type { KnownCell } from '../cell-file.js';
import { isAbsent, isCentred, primitiveOf } from '../centring.js';
import type { PowderRingsOptions } from '../parameter-types.js';
import { powderRingsRows } from '../parameters.js';
import { isAbsentIn, type SpaceGroupSetting, spaceGroupSetting } from '../space-groups/groups.js';
import { type Indices, isRepresentative, transformed } from '../symmetry/asymmetric-unit.js';
import { generateGroup, inversion, type Operation } from '../symmetry/matrices.js';
import { notOfSymmetry, orientedGroup, shownParameters, symmetryTolerance } from '../symmetry/oriented.js';
import { laueGroup, type PointGroup } from '../symmetry/point-group.js';
import { latticeRotations, strainOf } from '../symmetry/settings.js';
import { expectsKnown } from './expects-known.js';

/** A ring of a powder. */
export interface PowderRing {
  /** Spacing in angstrom. */
  readonly d: number;
  /** One of the equivalent reflections, and the number of all of them. */
  readonly indices: readonly [number, number, number];
  readonly multiplicity: number;
  /** Scattering angle 2θ in degrees; undefined without a wavelength. */
  readonly twoTheta: number | undefined;
}

/** Nodes of a lattice that are looked at. */
const mostNodes = 5e6;
/** A lattice has a rotation by which edges and angles change by rounding alone. */
const exact = { lengths: 1e-4, anglesDeg: 0.01 };

/**
 * The rings of a powder of a cell between two spacings, the largest first. Reflections that the centring leaves out, or
 * the screw axes and glide planes of `spaceGroup`, are no rings. Throws `Argument`, and `Limit` for more nodes than a
 * list is read of.
 */
export function powderRings(known: KnownCell, options: PowderRingsOptions = {}): PowderRing[] {
  const what = 'powderRings';
  expectsKnown(`${what}: the cell`, known);
  const {
    highres,
    lowres = Number.POSITIVE_INFINITY,
    symmetry,
    spaceGroup,
    wavelengthA,
  } = checkedOptions(what, options, powderRingsRows);
  if (lowres <= highres)
    throw argumentError(
      what,
      (name) =>
        `${name('lowres')} is ${lowres} and ${name('highres')} ${highres} angstrom; the first is the larger one`,
    );
  if (wavelengthA !== undefined && wavelengthA > 2 * highres)
    throw argumentError(
      what,
      (name) =>
        `${name('wavelengthA')} is ${wavelengthA} angstrom, at which nothing below ${wavelengthA / 2} angstrom diffracts; ` +
        `raise ${name('highres')}`,
    );
  const { cell, centring } = known;
  const nodes = ((4 * Math.PI) / 3) * (Math.abs(volume(primitiveOf(cell, centring))) / highres ** 3);
  if (nodes > mostNodes)
    throw new EwaldError(
      'Limit',
      `${what}: down to ${highres} angstrom the cell has some ${nodes.toExponential(1)} reflections; a list has ` +
        `${mostNodes.toExponential(0)} at most: raise highres`,
    );
  const group = groupOf(known, symmetry);
  const setting = spaceGroup === undefined ? undefined : spaceGroupSetting(spaceGroup);
  if (setting && setting.centring !== centring)
    throw argumentError(
      what,
      (name) =>
        `${name('spaceGroup')} is ${setting.name}, whose centring is ${setting.centring}, and that of the cell is ` +
        `${centring}; give a cell with this centring, such as a,b,c,al,be,ga,${setting.centring}`,
    );
  if (setting) checkAxes(what, known, setting);
  const rings: PowderRing[] = [];
  for (const [indices, d] of nodesOf(cell, highres)) {
    if (d > lowres || (isCentred(centring) && isAbsent(centring, ...indices))) continue;
    if (!isRepresentative(indices, group) || (setting && isAbsentIn(setting, indices))) continue;
    rings.push({
      d,
      indices,
      multiplicity: new Set(group.operations.map((m) => transformed(indices, m).join())).size,
      twoTheta: wavelengthA === undefined ? undefined : (360 / Math.PI) * Math.asin(wavelengthA / (2 * d)),
    });
  }
  return rings.sort((a, b) => b.d - a.d || (a.indices.join() < b.indices.join() ? 1 : -1));
}

/** Throws `Argument` for a space group whose rotations the cell does not have. */
function checkAxes(what: string, { cell }: KnownCell, { name: said, operators }: SpaceGroupSetting): void {
  const own = operators.map((m): Operation => m.slice(0, 9).map((x) => x + 0));
  if (own.every((m) => strainOf(m, cell, symmetryTolerance) <= 1)) return;
  throw argumentError(
    what,
    (name) =>
      `${name('spaceGroup')} is ${said}, whose rotations the cell ${shownParameters([...lengthsOf(cell), ...anglesOf(cell)])} ` +
      'does not have; give the cell in the axes of this space group, or another space group',
  );
}

/** The group whose equivalents are one ring: that of a name, or all that the lattice has. Throws `Argument`. */
function groupOf({ cell, centring, uniqueAxis }: KnownCell, symmetry: string | undefined): PointGroup {
  if (symmetry !== undefined) {
    const found = orientedGroup(symmetry, cell, uniqueAxis);
    if (!found) throw notOfSymmetry(cell, symmetry);
    return laueGroup(found.group);
  }
  const operations = generateGroup([...latticeRotations(cell, centring, exact), inversion]);
  return { name: 'the lattice', operations, centrosymmetric: true };
}

/** The nodes of a cell down to a spacing, without the origin. */
function* nodesOf(cell: Cell, highres: number): Generator<[Indices, number]> {
  const stars = reciprocal(cell);
  // An index is the product of a node with an edge, which is at most that of their lengths.
  const [mostH, mostK, mostL] = lengthsOf(cell).map((length) => Math.floor(length / highres + 1e-9)) as [
    number,
    number,
    number,
  ];
  for (let h = -mostH; h <= mostH; h++)
    for (let k = -mostK; k <= mostK; k++)
      for (let l = -mostL; l <= mostL; l++) {
        if (h === 0 && k === 0 && l === 0) continue;
        const at = (i: 0 | 1 | 2): number => h * stars[0][i] + k * stars[1][i] + l * stars[2][i];
        const d = 1 / Math.hypot(at(0), at(1), at(2));
        if (d >= highres * (1 - 1e-9)) yield [[h, k, l], d];
      }
}
