/**
 * Whether the cells that crystals have are those of their known cell. Each is fitted to its spots with nine free numbers,
 * so that it has no symmetry of its own, and a strain against the known cell with errors. What the rotations of the known
 * lattice leave of these strains differs from what they remove:
 *
 * - A part that they leave says that edges or angles of the known cell are wrong.
 * - A part that they remove is noise about 0 if the lattice has their symmetry. If it has not, crystals are found in all
 *   orientations that the known cell allows, so that their mean shows nothing, but each has the same part under one of
 *   the rotations: with a = 90.63 and b = 91.26 Å half of the crystals of a tetragonal cell have a > b, and none a = b.
 * - Crystals that fit well and differ in one edge or angle alone say which. Lattices that were started from a cell that is
 *   wrong by some percent fit partly, and their mean lies between both cells.
 * - Strains that scatter by much more than their errors are those of lattices that a few spots fit by chance.
 */

import { anglesOf, type Cell, cellFrom, combine, lengthsOf } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import { conventionalMatrix, primitiveOf } from '../crystal/centring.js';
import { type CellMultiple, MultipleSearch } from '../crystal/multiples.js';
import { actionOf, inverted, product, rotationOf, strainBetween, stretch } from '../crystal/strain.js';
import { labelsOf } from '../crystal/symmetry/labels.js';
import { fitFreely } from '../indexing/lattice/free-fit.js';
import { conjugated, laboratoryCovariance } from '../indexing/lattice/known-metric.js';
import { times as product6 } from '../util/linear.js';
import { median } from '../util/median.js';
import { type Numbers, singleOf } from './single-number.js';

/** What the cells of crystals say against a known cell. */
export interface CellDisagreement {
  /** The cell is less symmetric, wrong in one number, another one or another size, or the crystals do not agree on one. */
  readonly kind: 'asymmetric' | 'single' | 'other' | 'scaled' | 'scattered';
  /** Crystals whose lattices were fitted. */
  readonly crystals: number;
  /** Their mean: lengths in Å and angles in degrees of the conventional cell. */
  readonly parameters: readonly number[];
  /** Of kind `single`: which of a, b, c, alpha, beta, gamma is wrong. */
  readonly wrong?: number | undefined;
  /** By how much the mean differs, or single crystals, and the standard error of that: strains. */
  readonly strain: number;
  readonly error: number;
}

/** A strain in the frame of the known cell, and the standard errors of its numbers. */
interface Strained {
  readonly strain: readonly number[];
  readonly errors: readonly number[];
}

/** Crystals that are enough, and fewest. */
const [enough, fewest] = [60, 6];

const times = (matrix: Float64Array, strain: readonly number[]): number[] => [...product6(matrix, strain, 6)];
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((x, i) => x - (b[i] as number));
const size = (x: readonly number[]): number => Math.hypot(...x);
const middleOf = (all: readonly (readonly number[])[]): number[] =>
  [0, 1, 2, 3, 4, 5].map((i) => median(all.map((one) => one[i] as number)));

/** Collects the crystals of a known cell. */
export class CellAgreement {
  readonly #known: KnownCell;
  readonly #primitive: Cell;
  /** The rotations of the known lattice, as they act on strains; found for the first crystal. */
  #rotations: readonly Float64Array[] | undefined;
  readonly #crystals: Strained[] = [];
  /** The fitted numbers of each crystal, in the setting of the known cell. */
  readonly #numbers: Numbers[] = [];
  /** What was found, and of how many crystals. */
  #answer: { readonly of: number; readonly found: CellDisagreement | undefined } = { of: 0, found: undefined };

  constructor(known: KnownCell) {
    this.#known = known;
    this.#primitive = primitiveOf(known.cell, known.centring);
  }

  /** Adds a crystal, rows a, b, c in Å in the setting of the known cell, and the spots of its frame, [n, 3] in 1/Å. */
  add(found: Cell, spots: Float32Array): void {
    if (this.#crystals.length >= enough) return;
    const fit = fitFreely(primitiveOf(found, this.#known.centring), spots);
    if (!fit) return;
    const action = actionOf(rotationOf(product(inverted(this.#primitive), fit.cell)));
    const covariance = conjugated(action, laboratoryCovariance(fit));
    const errors = [0, 1, 2, 3, 4, 5].map((i) => Math.sqrt(covariance[7 * i] as number));
    this.#crystals.push({ strain: strainBetween(fit.cell, this.#primitive), errors });
    const cell = combine(conventionalMatrix(this.#known.centring), fit.cell);
    this.#numbers.push({ parameters: [...lengthsOf(cell), ...anglesOf(cell)], error: size(errors) });
  }

  /** What is wrong with the known cell; undefined if the crystals agree with it, or if they are few and near it. */
  get found(): CellDisagreement | undefined {
    const { length } = this.#crystals;
    // A run asks several times at its end.
    if (this.#answer.of !== length) this.#answer = { of: length, found: this.#disagreement() };
    return this.#answer.found;
  }

  #disagreement(): CellDisagreement | undefined {
    const all = this.#crystals;
    if (all.length === 0) return undefined;
    const rotations = this.#own();
    const invariant = (strain: readonly number[]): number[] => {
      const images = rotations.map((rotation) => times(rotation, strain));
      return strain.map((_, i) => images.reduce((sum, image) => sum + (image[i] as number), 0) / images.length);
    };
    const parts = all.map(({ strain, errors }) => {
      const kept = invariant(strain);
      return { strain, kept, removed: minus(strain, kept), error: size(errors) };
    });
    const kept = invariant(middleOf(parts.map((part) => part.kept)));
    const middle = (): readonly number[] => this.#parametersOf(kept, [0, 0, 0, 0, 0, 0], rotations);
    if (all.length < fewest) return farOf(parts, middle);
    return (
      asymmetryOf(parts, rotations, (removed) => this.#parametersOf(kept, removed, rotations)) ??
      singleOf(this.#numbers, this.#known) ??
      otherOf(parts, kept, middle) ??
      scaledOf(parts, middle) ??
      scatterOf(parts, middle)
    );
  }

  #own(): readonly Float64Array[] {
    const primitive = this.#primitive;
    this.#rotations ??= labelsOf(primitive).own.map((matrix) =>
      actionOf(rotationOf(product(inverted(primitive), product(cellFrom(matrix), primitive)))),
    );
    return this.#rotations;
  }

  /** The conventional cell after a strain, with its axes named by length where the known lattice leaves that open. */
  #parametersOf(kept: readonly number[], removed: readonly number[], rotations: readonly Float64Array[]): number[] {
    const matrix = conventionalMatrix(this.#known.centring);
    const all = rotations.map((rotation) => {
      const strain = times(rotation, removed).map((x, i) => x + (kept[i] as number));
      const cell = combine(matrix, product(this.#primitive, mapOf(strain)));
      return [...lengthsOf(cell), ...anglesOf(cell)];
    });
    // Shorter edges first, then obtuse angles.
    const key = (one: readonly number[]): number =>
      one.reduce((sum, x, i) => sum + (i < 3 ? x * 1e3 ** (2 - i) : -x * 1e-3), 0);
    return all.reduce((best, one) => (key(one) < key(best) - 1e-9 ? one : best));
  }
}

/** A crystal: its strain, the parts of it that the rotations of the known lattice leave and remove, and its error. */
interface StrainParts {
  readonly strain: readonly number[];
  readonly kept: readonly number[];
  readonly removed: readonly number[];
  readonly error: number;
}

/** The map whose strain ½ (F Fᵀ − 1) is given, to third order. */
function mapOf(strain: readonly number[]): Cell {
  const part = (cell: Cell, by: number): Cell => cell.map((row) => row.map((x) => by * x)) as unknown as Cell;
  const sum = (a: Cell, b: Cell): Cell =>
    a.map((row, i) => row.map((x, k) => x + (b[i]?.[k] as number))) as unknown as Cell;
  const first = sum(stretch(strain), part(stretch([0, 0, 0, 0, 0, 0]), -1));
  const second = product(first, first);
  return sum(stretch(strain), sum(part(second, -1 / 2), part(product(second, first), 1 / 2)));
}

/**
 * Strain and errors from which on a part that a symmetry removes is real, the share of the crystals that must agree, and
 * by which part of it they may differ: where the geometry is wrong, random strains that are aligned by eight rotations
 * differ by half.
 */
const [minAsymmetry, asymmetryErrors, agreeing, alike] = [1.5e-3, 3, 0.75, 0.25];

/** The part that crystals have in common under one of the rotations each; undefined if that is noise. */
function asymmetryOf(
  parts: readonly StrainParts[],
  rotations: readonly Float64Array[],
  parametersOf: (removed: readonly number[]) => readonly number[],
): CellDisagreement | undefined {
  const usual = median(parts.map(({ error }) => error));
  const good = parts.filter(({ error }) => error <= 1.5 * usual).sort((p, q) => size(p.removed) - size(q.removed));
  if (rotations.length < 2 || good.length < fewest) return undefined;
  let reference = good[good.length >> 1]?.removed ?? [];
  let aligned: number[][] = [];
  for (let round = 0; round < 3; round++) {
    aligned = good.map(({ removed }) =>
      rotations
        .map((rotation) => times(rotation, removed))
        .reduce((best, one) => (size(minus(one, reference)) < size(minus(best, reference)) ? one : best)),
    );
    reference = middleOf(aligned);
  }
  const strain = size(reference);
  const off = aligned.map((one) => size(minus(one, reference)));
  const near = off.filter((x) => x < alike * strain).length;
  if (strain < Math.max(minAsymmetry, asymmetryErrors * usual) || near < agreeing * good.length) return undefined;
  const error = (1.25 * median(off)) / Math.sqrt(good.length);
  return { kind: 'asymmetric', crystals: parts.length, parameters: parametersOf(reference), strain, error };
}

/** A strain without its size, which differs between stills with their distance. */
function shapeOf(strain: readonly number[]): number[] {
  const [x = 0, y = 0, z = 0] = strain;
  return strain.map((value, i) => (i < 3 ? value - (x + y + z) / 3 : value));
}

/** Strain and errors beyond which each of a few crystals has another cell: no geometry that is nearly right bends one so. */
const [minFar, farErrors] = [0.05, 4];

/** That all of a few crystals are far from the known cell, as lattices that fit some spots by chance are. */
function farOf(parts: readonly StrainParts[], parametersOf: () => readonly number[]): CellDisagreement | undefined {
  const sizes = parts.map(({ strain }) => size(strain));
  if (parts.some(({ error }, i) => (sizes[i] as number) < Math.max(minFar, farErrors * error))) return undefined;
  const [strain, error] = [median(sizes), median(parts.map((part) => part.error))];
  return { kind: 'other', crystals: parts.length, parameters: parametersOf(), strain, error };
}

/**
 * Strain and errors from which on a known cell is another one. Wrong geometries change its shape by as much as 0.7 % in
 * real stills.
 */
const [minOther, otherErrors, ofMost] = [0.01, 4, 0.6];

/**
 * The standard error of a strain that crystals have in common, by how far each is from it; undefined if the strain is
 * smaller than `least` or than that error explains, or if too few crystals are near it.
 */
function agreedError(
  parts: readonly StrainParts[],
  offOf: (part: StrainParts, index: number) => number,
  { strain, least }: { readonly strain: number; readonly least: number },
): number | undefined {
  const off = parts.map(offOf);
  const error =
    (1.25 * Math.max(median(off), median(parts.map((strainParts) => strainParts.error)))) / Math.sqrt(parts.length);
  const near = off.filter((x) => x < strain / 2).length;
  return strain < Math.max(least, otherErrors * error) || near < ofMost * parts.length ? undefined : error;
}

function otherOf(
  parts: readonly StrainParts[],
  kept: readonly number[],
  parametersOf: () => readonly number[],
): CellDisagreement | undefined {
  const shape = shapeOf(kept);
  const strain = size(shape);
  const error = agreedError(parts, (strainParts) => size(minus(shapeOf(strainParts.kept), shape)), {
    strain,
    least: minOther,
  });
  return error === undefined
    ? undefined
    : { kind: 'other', crystals: parts.length, parameters: parametersOf(), strain, error };
}

/** Strain from which on a known cell has another size, which a distance or a wavelength that is wrong by as much does too. */
const minScaled = 0.0075;

/** The mean strain of all edges, if the crystals agree on it. */
function scaledOf(parts: readonly StrainParts[], parametersOf: () => readonly number[]): CellDisagreement | undefined {
  const scales = parts.map(({ strain: [x = 0, y = 0, z = 0] }) => (x + y + z) / 3);
  const strain = median(scales);
  const error = agreedError(parts, (_, i) => Math.abs((scales[i] as number) - strain), {
    strain: Math.abs(strain),
    least: minScaled,
  });
  return error === undefined
    ? undefined
    : { kind: 'scaled', crystals: parts.length, parameters: parametersOf(), strain, error };
}

/**
 * Strain and errors beyond which a crystal does not have the cell of the others, and the share of such crystals. Real
 * stills of several experiments differ by 1.5 %.
 */
const [minScatter, scatterErrors, scattered] = [0.02, 5, 0.3];

function scatterOf(parts: readonly StrainParts[], parametersOf: () => readonly number[]): CellDisagreement | undefined {
  const middle = middleOf(parts.map(({ strain }) => shapeOf(strain)));
  const off = parts
    .map((part) => ({ strain: size(minus(shapeOf(part.strain), middle)), error: part.error }))
    .filter(({ strain, error }) => strain > Math.max(minScatter, scatterErrors * error));
  if (off.length < scattered * parts.length) return undefined;
  const [strain, error] = [median(off.map((one) => one.strain)), median(off.map((one) => one.error))];
  return { kind: 'scattered', crystals: off.length, parameters: parametersOf(), strain, error };
}

/** A known cell that is doubtful because of its reflections, or because of the cells of its crystals. */
export interface DoubtfulCell extends CellMultiple {
  readonly cells?: CellDisagreement | undefined;
}

/** Whether a detector that was fitted to a known cell is fitted to a cell that its crystals do not have. */
export const isCellWrong = ({ cells }: DoubtfulCell): boolean =>
  cells?.kind === 'asymmetric' || cells?.kind === 'single';

/** Collects the crystals of a known cell for both questions. */
export class CellQuestions {
  readonly #multiples: MultipleSearch;
  readonly #agreement: CellAgreement;
  readonly #none: CellMultiple;

  constructor(known: KnownCell) {
    this.#multiples = new MultipleSearch(known);
    this.#agreement = new CellAgreement(known);
    const cell = primitiveOf(known.cell, known.centring);
    this.#none = { factor: 1, cell, peaks: 0, needing: 0, byChance: 0, undetermined: [], forbidden: undefined };
  }

  /** Whether further crystals have no effect. */
  get isFull(): boolean {
    return this.#multiples.isFull;
  }

  /** Adds a crystal, rows a, b, c in Å in the setting of the known cell, and the spots of its frame, [n, 3] in 1/Å. */
  add(cell: Cell, spots: Float32Array): void {
    this.#multiples.add(cell, spots);
    this.#agreement.add(cell, spots);
  }

  /** What is doubtful; undefined if nothing is. */
  get found(): DoubtfulCell | undefined {
    const multiple = this.#multiples.found;
    const cells = this.#agreement.found;
    // Spots that do not determine an edge at the known length determine it at the right one.
    if (cells?.kind === 'single' && (multiple?.undetermined.length ?? 0) > 0) return { ...this.#none, cells };
    // The crystals of a multiple are those of a cell with other edges, and tell nothing about its own.
    if (multiple && multiple.disagreeing === undefined) return multiple;
    return cells ? { ...(multiple ?? this.#none), cells } : multiple;
  }
}
