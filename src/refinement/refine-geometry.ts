/**
 * Refines a detector on the peaks of many crystals: one least-squares fit of all of its parts and of all crystals.
 *
 * A pair is a peak and its node. Its residuals are the distances between the peak and the point where the ray of the
 * node, k₀ + g, meets the panel (fast and slow scan, in pixels), and the excitation error of the node,
 * |k₀ + g| − 1/λ. The latter fixes the tilts of a crystal: without it a shift of the detector would look like a
 * rotation of the crystals.
 *
 * Every crystal adds nine parameters, a rotation and a strain of its cell. They are eliminated crystal by crystal
 * (Schur complement), so that the fit has only as many unknowns as the detector has parameters, and parts do not follow
 * crystals that have followed parts in the wrong place: alternating between both takes dozens of rounds (the idea is
 * that of Millepede, V. Blobel, Nucl. Instrum. Methods A 566 (2006) 5).
 *
 * The strains scatter about one that all crystals of a known cell share in its own frame: that cell is wrong by it
 * (`cell-strain.ts`). Its size and the distance differ only in how reflections at wide angles move, so the error of the
 * distance contains that of the known cell. A trusted size is held, in every crystal: any error that the fit may weigh
 * against the peaks would leave the distance between both.
 *
 * What the pairs cannot determine is chosen so that most parts stay (`gauge.ts`). Parameters whose effect is within
 * three of their errors, or negligible, are zero, and so are those with which the values from one half of the crystals
 * do not improve the fit to the other half. Each error is the larger of that of the fit and that derived from the
 * scatter between crystals.
 */

import { type Cell, checkCell, reciprocal, type Vector } from '../crystal/cell.js';
import {
  labStrains,
  lengthErrors,
  sizeErrorOf,
  sizeErrorOfShape,
  strained,
  strainLength,
  strainPrior,
} from '../crystal/cell-strain.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { meanDistance } from '../crystal/geometry/pixels.js';
import { checkedOptions, row } from '../options/call-options.js';
import { expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { inverseOf, solved, submatrix, times } from '../util/linear.js';
import { median } from '../util/median.js';
import { inspect } from '../util/options.js';
import { orientedAs } from './detector-fit.js';
import { Elimination, type Equations, type Normal, PairDerivatives, type Share } from './elimination.js';
import { milli, type Part, perUnit, sharedMotions, withMostStill } from './gauge.js';
import { type Plane, planeOf, Ray } from './ray.js';
import {
  type Motion,
  movedGeometry,
  movedPanel,
  type PlacedPanel,
  placed,
  turnedRows,
  type Unit,
  unitsOf,
} from './units.js';

/** The peaks of a crystal, with their indices. */
export interface GeometryCrystal {
  /** The beam of its frame. */
  readonly beam: Beam;
  /** Rows a, b, c in Å as found, laboratory frame. */
  readonly cell: Cell;
  /** The known cell in any orientation; by default the lengths and angles as found are used. */
  readonly known?: Cell | undefined;
  /** Standard errors of its lengths in Å, such as those of their digits; `readCell` gives them. */
  readonly lengthErrorsA?: Vector | undefined;
  /**
   * For each peak: the index of its panel, and its position in pixels from the panel's outer corner along both scans.
   */
  readonly panel: ArrayLike<number>;
  readonly fs: ArrayLike<number>;
  readonly ss: ArrayLike<number>;
  /** For each peak: h, k, l. */
  readonly indices: ArrayLike<number>;
}

/** Options that select what is refined. */
export interface RefineGeometryOptions {
  /**
   * Refines the distance as far as it can be told from the size of the known cells; default true. If false, the panels
   * keep their mean distance as well.
   */
  readonly distance?: boolean | undefined;
  /** Refines groups and panels relative to the whole detector, if there are several; default true. */
  readonly panels?: boolean | undefined;
  /**
   * The mean lengths of the known cells are right to their last digits, and to 0.03 %: they are held in every crystal and
   * fix the distance, whose error contains that. `cells` are those without this trust, which may contradict it. Default
   * false: the mean length may be wrong by 0.3 % or by what the digits leave open.
   */
  readonly trustCell?: boolean | undefined;
}

/** What crystals tell about their known cell. */
export interface MeasuredCell {
  readonly known: Cell;
  /** The cell of the crystals in the frame of the known one, and the standard errors of its lengths in Å. */
  readonly found: Cell;
  readonly lengthErrorsA: Vector;
  /** The relative error of the known mean length that was assumed. */
  readonly sizeError: number;
  readonly crystals: number;
}

/** How a part of the detector has moved relative to the part that contains it. */
export interface MovedUnit {
  /** Name of the panel or group; undefined for the whole detector. */
  readonly name: string | undefined;
  /**
   * Shift x, y, z in metres, and its standard errors; 0 where the part does not move. They contain what the other
   * parameters of the part may be; one with fewer than 500 peaks is supposed not to be tilted.
   */
  readonly shiftM: Vector;
  readonly shiftErrorM: Vector;
  /** Rotation vector in radians about the centre of the part, and its standard errors. */
  readonly turnRad: Vector;
  readonly turnErrorRad: Vector;
  /** Pixel size in metres, and number of pairs on the part. */
  readonly pixelM: number;
  readonly pairs: number;
  /** Of a panel whose peaks were not explained at its place in the geometry, and are where it was found. */
  readonly misplaced?: MisplacedPanel | undefined;
}

/** How a panel was found that the geometry misplaces by more than a fit can correct. */
export interface MisplacedPanel {
  /** Its peaks, and how many of them crystals explained at its place in the geometry. */
  readonly peaks: number;
  readonly explained: number;
  /** Name of the panel at whose place it is; absent if it is near its own. */
  readonly at?: string | undefined;
  /** Whether it is turned there by half a turn, which `turnRad` contains. */
  readonly isTurned: boolean;
}

/** A refined geometry. */
export interface GeometryRefinement {
  /** The refined geometry; the one that was given, if nothing moves. */
  readonly geometry: Geometry;
  /** The parts that have moved; empty if the geometry is right within the errors, or if there are too few crystals. */
  readonly moved: readonly MovedUnit[];
  readonly crystals: number;
  readonly pairs: number;
  /** Root mean square residual of one coordinate of the peaks in pixels, before and after the motion. */
  readonly rmsPx: readonly [before: number, after: number];
  /** The cells of the crystals; empty with too few crystals. */
  readonly cells: readonly MeasuredCell[];
  /**
   * The change of the distance in metres that fits best, and its standard error, before a change within its errors was
   * dropped; undefined if the distance was not fitted.
   */
  readonly freeDistance?: { readonly changeM: number; readonly errorM: number } | undefined;
  /**
   * Whether the crystals determine the distance. At small scattering angles only the size of a trusted cell does; then
   * neither moves.
   */
  readonly isDistanceKnown: boolean;
}

/** Fewest crystals of a fit. */
export const fewestCrystals = 5;
/** Fewest peaks of a crystal. */
const fewestPairs = 8;
/**
 * Number of pairs required to shift a part across the beam, to turn it about the beam or move it along the beam, and to
 * tilt it.
 */
const [forShift, forDepth, forTilt] = [30, 100, 500];
/**
 * Expected size of a unit's motion in pixels across the beam, pixels along the beam, and milliradians. These are weak
 * priors, of the size of mounting errors.
 */
const usual = { shift: 3, depth: 6, turn: 6 } as const;
/** Spread of the crystals' strains in thousandths: the initial value, and the smallest value that is estimated. */
const [usualStrain, minStrain] = [3, 0.02];
/**
 * Motions that change predictions by fewer pixels than this do not justify another geometry: for the whole detector,
 * and for a part.
 */
const [minWhole, minPart] = [0.1, 0.05];
/**
 * A fit that leaves a larger scatter, in pixels, or changes the distance by a larger fraction, is rejected as
 * implausible.
 */
const [maxPx, maxChange] = [3, 0.1];
/** Scatter of positions in pixels, of excitation errors in 1/Å, and of strains, at first. */
const firstScatter = [2, 2e-3, usualStrain] as const;
/** Smallest assumed scatter of positions in pixels, and of excitation errors in 1/Å. */
const [minPx, minExcitation] = [0.02, 2e-5];
/**
 * Pairs that deviate by more than this many scatters are ignored (Tukey's biweight, in all three coordinates together).
 */
const gate = 6;
const rounds = 12;
/**
 * A fit has settled when the next step of the detector is a smaller part of its standard errors than this, that of the
 * crystals (root mean square, of nine parameters together), and the change of its scatter a smaller fraction.
 */
const [settledStep, settledCrystals, settledScatter] = [0.1, 0.4, 0.02];
/** The relative error of a mean length that is held. */
const heldSize = 1e-6;
/** Smallest fraction of the prior variance of strains that is taken for determined by the peaks. */
const minKnown = 1e-3;

/**
 * Peaks determine the distance if its error is smaller than this fraction of the one that the known cell leaves alone.
 */
const determined = 0.5;
/** The largest error of a known size that counts there: peaks that leave the distance less certain do not tell it. */
const largestSize = 5e-3;
/** The share of right detectors of which any part may move. */
const wrongParts = 0.01;
/** Parameters that are accepted or rejected together. */
const blocks = [[0, 1], [2], [5], [3, 4]] as const;

interface FitCrystal {
  readonly beam: Beam;
  readonly count: number;
  readonly panel: Int32Array;
  readonly fs: Float64Array;
  readonly ss: Float64Array;
  readonly indices: Float64Array;
  /** Rows a*, b*, c* in 1/Å, the same before they were strained, and the strain in thousandths. */
  rows: Cell;
  unstrained: Cell;
  strain: Float64Array;
  /**
   * The index of its known cell among those of the fit, and strains of that cell in the laboratory; see `labStrains`.
   */
  readonly lattice: number;
  readonly frame: Float64Array;
}

/** A known cell of the fit; the relative error of its mean length is that which is assumed at present. */
interface Lattice {
  readonly known: Cell;
  readonly crystals: number;
  sizeError: number;
}

/**
 * Refines a geometry on crystals. Nothing moves if there are fewer than five crystals with at least eight peaks.
 *
 * Throws `Argument` for arguments that are not a geometry and crystals.
 */
export function refineGeometry(
  geometry: Geometry,
  crystals: readonly GeometryCrystal[],
  options: RefineGeometryOptions = {},
): GeometryRefinement {
  expectsMembers(
    'refineGeometry: the geometry',
    geometry,
    ['panels', 'distance', 'shift'],
    'the result of parseGeometry',
  );
  if (!Array.isArray(crystals))
    throw new EwaldError('Argument', `refineGeometry: crystals is ${inspect(crystals)}; expected a list of crystals`);
  const rows = { distance: row.on, panels: row.on, trustCell: row.flag };
  const { distance, panels, trustCell: trusted } = checkedOptions('refineGeometry', options, rows);
  // What peaks say of the size that is held shows in a fit where it is free.
  const free = trusted ? refineGeometry(geometry, crystals, { distance, panels }) : undefined;
  const lattices = new Map<string, number>();
  const cells: { known: Cell; crystals: number; sizeError: number }[] = [];
  /** The number of a known cell; -1 of a crystal without one, whose strain is its own. */
  const latticeOf = ({ known, lengthErrorsA }: GeometryCrystal): number => {
    if (!known) return -1;
    const key = `${known}`;
    const index = lattices.get(key) ?? cells.length;
    lattices.set(key, index);
    cells[index] ??= { known, crystals: 0, sizeError: sizeErrorOf(known, lengthErrorsA, { trusted, distance }) };
    cells[index].crystals++;
    return index;
  };
  const fitted = crystals.flatMap((crystal, i) =>
    fitCrystal(crystal, geometry, `refineGeometry: crystal ${i}`, latticeOf),
  );
  const refined = new Fit(geometry, fitted, cells, { distance, panels, trusted }).refined();
  return free ? { ...refined, cells: free.cells } : refined;
}

function fitCrystal(
  crystal: GeometryCrystal,
  { panels }: Geometry,
  what: string,
  latticeOf: (crystal: GeometryCrystal) => number,
): FitCrystal[] {
  const { beam, cell, known, panel, fs, ss, indices } = crystal;
  checkCell(cell, `${what}: cell`);
  if (known) checkCell(known, `${what}: known`);
  const count = panel?.length;
  if (!(count >= 0) || fs?.length !== count || ss?.length !== count || indices?.length !== 3 * count)
    throw new EwaldError(
      'Argument',
      `${what} has ${count} panels, ${fs?.length} fs, ${ss?.length} ss and ${indices?.length} indices; expected one ` +
        'of each, and three indices, for every peak',
    );
  for (let i = 0; i < count; i++)
    if (!panels[panel[i] as number])
      throw new EwaldError('Argument', `${what}: peak ${i} is on panel ${panel[i]} of ${panels.length}`);
  const oriented = known ? orientedAs(cell, known) : cell;
  if (!oriented || count < fewestPairs) return [];
  return [
    {
      beam,
      count,
      panel: new Int32Array(panel),
      fs: new Float64Array(fs),
      ss: new Float64Array(ss),
      indices: new Float64Array(indices),
      rows: reciprocal(oriented),
      unstrained: reciprocal(oriented),
      strain: new Float64Array(strainLength),
      lattice: latticeOf(crystal),
      frame: labStrains(known ?? oriented, oriented),
    },
  ];
}

/** The state of a fit. */
class Fit {
  readonly #geometry: Geometry;
  readonly #crystals: readonly FitCrystal[];
  readonly #units: readonly Unit[];
  /** For each panel, the units that contain it. */
  readonly #chains: readonly (readonly number[])[];
  readonly #pairs: readonly number[];
  readonly #pixelM: readonly number[];
  readonly #parts: readonly Part[];
  /** Root mean square distance of the pairs of a unit from the beam, metres. */
  readonly #radius: readonly number[];
  /** The number of crystals with pairs on a unit, of those with few in part (Kish). */
  readonly #crystalsOn: readonly number[];
  /** Motions of parts that are tested. */
  readonly #tested: number;
  readonly #fixesDistance: boolean;
  readonly #trusted: boolean;
  readonly #lattices: readonly Lattice[];
  /** The parameters of the known cells: [lattices, 6] after those of the units. */
  readonly #ofCells: readonly number[];
  /**
   * Accumulated motion, [units, 6] in the scales above, and strain of the known cells, [lattices, 6] in thousandths.
   */
  readonly #motion: Float64Array;
  #planes: Plane[];
  /** The residuals of each pair in the present state, [pairs, 3]; NaN where its ray does not meet the panel. */
  readonly #residuals: Float64Array;
  readonly #ray = new Ray();
  /**
   * The scatters of positions in pixels, of excitation errors in 1/Å, and of the crystals' strains. A field that holds a
   * whole number first would have everything that reads it compiled again.
   */
  readonly #scatter = Float64Array.from(firstScatter);

  constructor(
    geometry: Geometry,
    crystals: readonly FitCrystal[],
    lattices: readonly Lattice[],
    { distance, panels, trusted }: { readonly distance: boolean; readonly panels: boolean; readonly trusted: boolean },
  ) {
    this.#geometry = geometry;
    this.#crystals = crystals;
    this.#lattices = lattices;
    this.#trusted = trusted;
    const units = unitsOf(geometry);
    this.#units = panels ? units : units.slice(0, 1);
    this.#fixesDistance = !distance;
    this.#chains = geometry.panels.map((_, i) =>
      this.#units.flatMap((unit, u) => (unit.panels.includes(i) ? [u] : [])),
    );
    const first = perUnit * this.#units.length;
    this.#ofCells = Array.from({ length: strainLength * lattices.length }, (_, i) => first + i);
    this.#motion = new Float64Array(first + this.#ofCells.length);
    const panelsAt = geometry.panels.map(placed);
    this.#planes = panelsAt.map(planeOf);
    this.#residuals = new Float64Array(3 * crystals.reduce((sum, { count }) => sum + count, 0));
    this.#pixelM = this.#units.map((unit) => 1 / (geometry.panels[unit.panels[0] ?? 0]?.resolution ?? 1));
    const sums = this.#sums(panelsAt);
    this.#pairs = [...sums.pairs];
    const meanSquare = (sum: Float64Array, u: number): number =>
      Math.sqrt((sum[u] as number) / Math.max(1, sums.pairs[u] as number));
    this.#parts = this.#units.map((unit, u) => ({
      parent: unit.parent,
      centre: unit.centre,
      pixelM: this.#pixelM[u] as number,
      pairs: this.#pairs[u] as number,
      spread: meanSquare(sums.spread, u),
      movable: this.#movable(u),
    }));
    this.#radius = this.#units.map((_, u) => meanSquare(sums.radius, u));
    this.#crystalsOn = this.#units.map(
      (_, u) => (sums.pairs[u] as number) ** 2 / Math.max(1, sums.squares[u] as number),
    );
    this.#tested = Math.max(
      1,
      this.#parts.slice(1).reduce((sum, { movable }) => sum + blocks.filter(([k]) => movable.includes(k)).length, 0),
    );
  }

  /**
   * For each unit, the number of its pairs, the sum of the squares of those of each crystal, and the sums of their squared
   * distances from the beam and its centre.
   */
  #sums(panels: readonly PlacedPanel[]): Record<'pairs' | 'squares' | 'radius' | 'spread', Float64Array> {
    const [pairs, squares, radius, spread, own] = [0, 1, 2, 3, 4].map(() => new Float64Array(this.#units.length)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (const { count, panel, fs, ss, beam } of this.#crystals) {
      own.fill(0);
      for (let i = 0; i < count; i++) {
        const { corner, fs: along, ss: down } = panels[panel[i] as number] as PlacedPanel;
        const x = corner[0] + (fs[i] as number) * along[0] + (ss[i] as number) * down[0];
        const y = corner[1] + (fs[i] as number) * along[1] + (ss[i] as number) * down[1];
        const chain = this.#chains[panel[i] as number] as readonly number[];
        for (let c = 0; c < chain.length; c++) {
          const u = chain[c] as number;
          const { centre } = this.#units[u] as Unit;
          pairs[u] = (pairs[u] as number) + 1;
          own[u] = (own[u] as number) + 1;
          radius[u] = (radius[u] as number) + (x + beam.shiftM[0]) ** 2 + (y + beam.shiftM[1]) ** 2;
          spread[u] = (spread[u] as number) + (x - centre[0]) ** 2 + (y - centre[1]) ** 2;
        }
      }
      for (const [u, pairsOfCrystal] of own.entries()) squares[u] = (squares[u] as number) + pairsOfCrystal ** 2;
    }
    return { pairs, squares, radius, spread };
  }

  refined(): GeometryRefinement {
    const geometry = this.#geometry;
    const counts = { crystals: this.#crystals.length, pairs: this.#pairs[0] ?? 0 };
    const unmoved = (
      rms: number,
      cells: readonly MeasuredCell[] = [],
      isDistanceKnown = false,
    ): GeometryRefinement => ({
      ...{ geometry, moved: [], ...counts, rmsPx: [rms, rms], cells, isDistanceKnown, freeDistance },
    });
    let freeDistance: GeometryRefinement['freeDistance'];
    if (counts.crystals < fewestCrystals) return unmoved(Number.NaN);
    const begin = this.#beginning();
    begin();
    const candidates = this.#parts.flatMap(({ movable }, u) => movable.map((k) => perUnit * u + k));
    let active: readonly number[] = [...candidates, ...this.#ofCells];
    // The whole detector alone leaves little for many parts, whose equations take far longer.
    if (this.#units.length > 1) {
      this.#approach(active.filter((p) => p < perUnit || this.#ofCells.includes(p)));
      this.#moveStrays();
    }
    let isDistanceKnown = false;
    let normal = this.#settle(active);
    for (let isFirst = true; ; isFirst = false) {
      if (!normal) return unmoved(this.#rmsUnmoved(begin));
      let solution = this.#without(active, active, normal);
      if (isFirst) {
        if (this.#doubtSizes(active, solution)) {
          normal = this.#settle(active);
          if (!normal) return unmoved(this.#rmsUnmoved(begin));
          solution = this.#without(active, active, normal);
        }
        isDistanceKnown = this.#knowsDistance(active, solution);
        freeDistance = this.#freeDistance(active, solution);
      }
      const { kept, values } = this.#judged(active, normal, solution);
      if (kept.length === active.length) break;
      normal = this.#settleWithout(active, kept, normal, values);
      active = kept;
    }
    const depth = Math.abs(this.#motion[2] as number) * (this.#pixelM[0] as number);
    if (this.#sigmaPx > maxPx || depth > maxChange * this.#distanceM) return unmoved(this.#rmsUnmoved(begin));
    const { cells, error } = this.#stated(active, normal);
    const after = this.#rms();
    if (active.length === this.#ofCells.length) return unmoved(after, cells, isDistanceKnown);
    const motions = this.#motions();
    const moved = this.#units.flatMap((unit, u): MovedUnit[] => {
      const motion = motions[u];
      if (!motion || !active.some((p) => Math.floor(p / perUnit) === u)) return [];
      const [pixelM, pairs] = [this.#pixelM[u] as number, this.#pairs[u] as number];
      const of = (from: number, by: number): Vector => [
        by * (error[perUnit * u + from] as number),
        by * (error[perUnit * u + from + 1] as number),
        by * (error[perUnit * u + from + 2] as number),
      ];
      return [
        {
          name: unit.name,
          pixelM,
          pairs,
          shiftM: motion.shift,
          turnRad: motion.turn,
          shiftErrorM: of(0, pixelM),
          turnErrorRad: of(3, milli),
        },
      ];
    });
    const found = movedGeometry(geometry, this.#units, motions);
    const rmsPx = [this.#rmsUnmoved(begin), after] as const;
    return { geometry: found, moved, ...counts, rmsPx, cells, isDistanceKnown, freeDistance };
  }

  /** Notes the state before the fit; the function that is returned goes back to it. */
  #beginning(): () => void {
    const starts = this.#crystals.map(({ rows }) => rows);
    const sizes = this.#lattices.map(({ sizeError }) => sizeError);
    return () => {
      this.#motion.fill(0);
      for (const [i, lattice] of this.#lattices.entries()) lattice.sizeError = sizes[i] as number;
      for (const [i, crystal] of this.#crystals.entries()) {
        crystal.rows = starts[i] as Cell;
        crystal.unstrained = crystal.rows;
        crystal.strain = new Float64Array(strainLength);
      }
      this.#scatter.set(firstScatter);
      if (this.#trusted) this.#scatter[2] = minStrain;
      this.#place();
      this.#look();
    };
  }

  /** The residuals where the crystals alone are fitted, without moving the detector. The fit is lost. */
  #rmsUnmoved(begin: () => void): number {
    begin();
    this.#approach(this.#ofCells);
    return this.#rms();
  }

  get #sigmaPx(): number {
    return this.#scatter[0] as number;
  }
  get #sigmaExcitation(): number {
    return this.#scatter[1] as number;
  }
  get #strain(): number {
    return this.#scatter[2] as number;
  }

  get #distanceM(): number {
    const beam = this.#crystals[0]?.beam;
    return beam ? meanDistance(this.#geometry, beam) : 1;
  }

  /**
   * Raises the errors of the sizes of known cells whose shape is wrong; returns whether there are any. A cell whose
   * shape is right fixes the distance as well as its digits do.
   */
  #doubtSizes(active: readonly number[], solution: Solution): boolean {
    let isAny = false;
    for (const [l, lattice] of this.#lattices.entries()) {
      const own = this.#ofCells.slice(strainLength * l, strainLength * (l + 1));
      const variances = own.map((p) => variance(solution, active.indexOf(p)));
      const error = sizeErrorOfShape(
        own.map((p) => this.#motion[p] as number),
        variances,
      );
      if (error <= lattice.sizeError) continue;
      lattice.sizeError = error;
      isAny = true;
    }
    return isAny;
  }

  /**
   * Whether the peaks, or a trusted cell, determine the distance. If the error of the distance is that of the size of
   * the cell, they are the same thing to the peaks.
   */
  #knowsDistance(active: readonly number[], solution: Solution): boolean {
    const row = active.indexOf(2);
    if (row < 0) return false;
    if (this.#trusted || this.#lattices.length === 0) return true;
    const error = Math.sqrt(variance(solution, row));
    const size = Math.min(largestSize, ...this.#lattices.map(({ sizeError }) => sizeError));
    return error * (this.#pixelM[0] as number) < determined * size * this.#distanceM;
  }

  /** The change of the distance in the present fit, and its error. */
  #freeDistance(active: readonly number[], solution: Solution): GeometryRefinement['freeDistance'] {
    const row = active.indexOf(2);
    if (row < 0) return undefined;
    const pixelM = this.#pixelM[0] as number;
    return {
      changeM: (this.#motion[2] as number) * pixelM,
      errorM: Math.sqrt(variance(solution, row) + this.#ofHeldSize(2)) * pixelM,
    };
  }

  /** The variance of the distance, in its parameter's unit, that is the one of the sizes which are held. */
  #ofHeldSize(parameter: number): number {
    if (!this.#trusted || parameter !== 2) return 0;
    const size = Math.max(...this.#lattices.map(({ sizeError }) => sizeError), 0);
    return ((size * this.#distanceM) / (this.#pixelM[0] as number)) ** 2;
  }

  /**
   * The cells of the crystals, and the errors of the motions. They contain what parameters may be that keep their
   * values because they are within three errors, or negligible: those of the whole detector, and of each part that has
   * moved; and what cells and motions have taken up of these parameters.
   */
  #stated(
    active: readonly number[],
    settled: Normal,
  ): { readonly cells: MeasuredCell[]; readonly error: Float64Array } {
    const open = this.#units.flatMap((_, u) => {
      const isOpen = u === 0 || active.some((p) => Math.floor(p / perUnit) === u);
      return isOpen ? (this.#parts[u] as Part).movable.map((k) => perUnit * u + k) : [];
    });
    const all = [...open, ...this.#ofCells];
    // Motions that are open but did not move are not among the equations.
    const normal = all.length === active.length ? settled : this.#normal(all);
    const { values } = this.#without(all, all, normal, true);
    const taken = all.map((p, i) => (values[i] as number) - (this.#motion[p] as number));
    const solution = this.#without(all, all, normal);
    const covarianceOf = (rows: readonly number[]): Float64Array =>
      covariance(solution, rows).map((x, at) => {
        const [i, j] = [rows[Math.floor(at / rows.length)] as number, rows[at % rows.length] as number];
        return x + (taken[i] as number) * (taken[j] as number);
      });
    const error = new Float64Array(this.#motion.length);
    for (const p of active) error[p] = Math.sqrt((covarianceOf([all.indexOf(p)])[0] as number) + this.#ofHeldSize(p));
    const cells = this.#lattices.map(({ known, sizeError, crystals }, l): MeasuredCell => {
      const own = this.#ofCells.slice(strainLength * l, strainLength * (l + 1));
      const strain = own.map((p) => this.#motion[p] as number);
      const rows = own.map((p) => all.indexOf(p));
      const found = reciprocal(strained(reciprocal(known), strain));
      const lengthErrorsA = lengthErrors(found, covarianceOf(rows));
      return { known, found, lengthErrorsA, sizeError, crystals };
    });
    return { cells, error };
  }

  /** The parameters of a unit for which there are enough pairs. */
  #movable(u: number): number[] {
    const pairs = this.#pairs[u] as number;
    if (u === 0) return this.#fixesDistance ? [0, 1] : [0, 1, 2];
    return [
      ...(pairs >= forShift ? [0, 1] : []),
      ...(pairs >= forDepth ? [2, 5] : []),
      ...(pairs >= forTilt ? [3, 4] : []),
    ];
  }

  #motions(): Motion[] {
    return this.#units.map((_, u) => {
      const at = (p: number, by: number): number => by * (this.#motion[perUnit * u + p] as number);
      const pixel = this.#pixelM[u] as number;
      return { shift: [at(0, pixel), at(1, pixel), at(2, pixel)], turn: [at(3, milli), at(4, milli), at(5, milli)] };
    });
  }

  #place(): void {
    const motions = this.#motions();
    this.#planes = this.#geometry.panels.map((panel, i) =>
      planeOf(
        movedPanel(
          placed(panel),
          (this.#chains[i] ?? []).map((u) => ({
            centre: (this.#units[u] as Unit).centre,
            motion: motions[u] as Motion,
          })),
        ),
      ),
    );
  }

  /**
   * Repeats steps of the fit until the next is small beside its errors; returns the normal equations at the end.
   * Undefined if they cannot be solved. `first` is the change of the scatter by the step before, if there was one.
   */
  #settle(active: readonly number[], first = 1): Normal | undefined {
    const n = active.length;
    let change = first;
    for (let round = 0; ; round++) {
      const normal = this.#normal(active);
      const { matrix, right } = this.#withPriors(normal, active);
      const by = solved(matrix, right, n);
      if (!by) return undefined;
      // The square of the step in its standard errors.
      let square = 0;
      for (let i = 0; i < n; i++) square += (by[i] as number) * (right[i] as number);
      const isSettled = change < settledScatter && square < settledStep ** 2 && normal.ownStep < settledCrystals ** 2;
      if (round === rounds || isSettled) return normal;
      this.#step(active, normal, by);
      change = this.#rescale(normal.openStrain);
    }
  }

  /** Takes steps until the scatter has settled: crystals, or the whole detector, may still move within their errors. */
  #approach(active: readonly number[]): void {
    for (let round = 0; round < rounds; round++) {
      const normal = this.#normal(active);
      const { matrix, right } = this.#withPriors(normal, active);
      const by = solved(matrix, right, active.length);
      if (!by) return;
      this.#step(active, normal, by);
      if (this.#rescale(normal.openStrain) < settledScatter) return;
    }
  }

  /**
   * Moves panels to where their peaks are if these are so far from their predictions that they have no weight, though
   * they agree on it: the fit would leave such a panel where it is.
   */
  #moveStrays(): void {
    const residuals = this.#residuals;
    const off = this.#geometry.panels.map(() => [[], []] as [number[], number[]]);
    let at = 0;
    for (const { count, panel } of this.#crystals)
      for (let i = 0; i < count; i++, at += 3) {
        const own = off[panel[i] as number];
        if (Number.isNaN(residuals[at])) continue;
        own?.[0].push(residuals[at] as number);
        own?.[1].push(residuals[at + 1] as number);
      }
    let isAny = false;
    for (const [u, unit] of this.#units.entries()) {
      const [index = 0, ...others] = unit.panels;
      const [f = [], s = []] = off[index] ?? [];
      if (u === 0 || others.length > 0 || f.length < forShift) continue;
      const [df, ds] = [median(f), median(s)];
      const scatter = median(f.map((x, i) => Math.hypot(x - df, (s[i] as number) - ds)));
      const size = Math.hypot(df, ds);
      if (size < (gate / 2) * this.#sigmaPx || scatter > size / 2) continue;
      const { fs, ss } = this.#geometry.panels[index] as Geometry['panels'][number];
      for (const k of [0, 1, 2] as const) this.#motion[perUnit * u + k] = -(df * fs[k] + ds * ss[k]);
      isAny = true;
    }
    if (!isAny) return;
    this.#place();
    this.#look();
  }

  /**
   * Settles with the parameters that are kept, from the values that the equations of all of them give these; the others
   * are zero.
   */
  #settleWithout(
    active: readonly number[],
    kept: readonly number[],
    normal: Normal,
    values: Float64Array,
  ): Normal | undefined {
    const at = new Map(kept.map((p, i) => [p, values[i] as number]));
    const by = Float64Array.from(active, (p) => (at.get(p) ?? 0) - (this.#motion[p] as number));
    this.#step(active, normal, by);
    return this.#settle(kept, this.#rescale(normal.openStrain));
  }

  /** Moves the detector, the known cells and the crystals by a step. */
  #step(active: readonly number[], { steps }: Normal, by: Float64Array): void {
    for (const [i, p] of active.entries()) this.#motion[p] = (this.#motion[p] as number) + (by[i] as number);
    for (const [i, crystal] of this.#crystals.entries()) {
      const step = steps[i]?.(by);
      if (!step) continue;
      const turn: Vector = [milli * (step[0] as number), milli * (step[1] as number), milli * (step[2] as number)];
      // Strains are added, so that a large step leaves the lattice as strained as `strain` says.
      crystal.unstrained = turnedRows(crystal.unstrained, turn);
      for (let k = 0; k < 6; k++) crystal.strain[k] = (crystal.strain[k] as number) + (step[3 + k] as number);
      crystal.rows = strained(crystal.unstrained, crystal.strain);
    }
    this.#place();
    this.#look();
  }

  /** Estimates the scatters from the residuals; returns the relative change of those of the peaks. */
  #rescale(openStrain: number): number {
    const residuals = this.#residuals;
    const positions = new Float64Array((residuals.length / 3) * 2);
    const excitations = new Float64Array(residuals.length / 3);
    let count = 0;
    for (let at = 0; at < residuals.length; at += 3) {
      if (Number.isNaN(residuals[at])) continue;
      positions[2 * count] = Math.abs(residuals[at] as number);
      positions[2 * count + 1] = Math.abs(residuals[at + 1] as number);
      excitations[count++] = Math.abs(residuals[at + 2] as number);
    }
    // For normal scatter s, the median of magnitudes is 0.6745 s.
    const px = Math.max(minPx, median(positions.subarray(0, 2 * count)) / 0.6745);
    const excitation = Math.max(minExcitation, median(excitations.subarray(0, count)) / 0.6745);
    const change = Math.max(Math.abs(px / this.#sigmaPx - 1), Math.abs(excitation / this.#sigmaExcitation - 1));
    this.#scatter.set([px, excitation]);
    // The squares of the fitted strains, over the fraction of their prior variance that the peaks have determined
    // (MacKay): expectation maximisation has the same end, many rounds later.
    const squares = median(
      this.#crystals.map((crystal) => this.#ownStrain(crystal).reduce((sum, x) => sum + x * x, 0) / strainLength),
    );
    const known = Math.max(minKnown, 1 - openStrain / this.#strain ** 2);
    if (this.#trusted) return change;
    this.#scatter[2] = Math.min(usualStrain, Math.max(minStrain, Math.sqrt(squares / known)));
    return change;
  }

  /** The strain of a crystal without the one of its known cell. */
  #ownStrain({ strain, lattice, frame }: FitCrystal): Float64Array {
    const own = Float64Array.from(strain);
    if (lattice < 0) return own;
    for (let k = 0; k < strainLength; k++) {
      const x = this.#motion[this.#ofCells[strainLength * lattice + k] as number] as number;
      for (let m = 0; m < strainLength; m++) own[m] = (own[m] as number) - x * (frame[k * strainLength + m] as number);
    }
    return own;
  }

  /** Root mean square of the residuals of one coordinate in pixels, without outliers. */
  #rms(): number {
    const residuals = this.#residuals;
    let [sum, count] = [0, 0];
    for (let at = 0; at < residuals.length; at += 3) {
      if (!(this.#weight(at) > 0)) continue;
      sum += (residuals[at] as number) ** 2 + (residuals[at + 1] as number) ** 2;
      count += 2;
    }
    return Math.sqrt(sum / Math.max(1, count));
  }

  /** The weight of the pair whose residuals are at this place; NaN if its ray does not meet the panel. */
  #weight(at: number): number {
    const f = (this.#residuals[at] as number) / this.#sigmaPx;
    const s = (this.#residuals[at + 1] as number) / this.#sigmaPx;
    const e = (this.#residuals[at + 2] as number) / this.#sigmaExcitation;
    const left = 1 - (f * f + s * s + e * e) / (gate * gate);
    return left <= 0 ? 0 : left * left;
  }

  /** Sets the residuals of the present state. */
  #look(): void {
    const [ray, residuals, planes] = [this.#ray, this.#residuals, this.#planes];
    let at = 0;
    for (const { count, panel, fs, ss, indices, rows, beam } of this.#crystals) {
      ray.from(rows, beam);
      for (let i = 0; i < count; i++, at += 3) {
        const meets = ray.meet(indices, 3 * i, planes[panel[i] as number] as Plane);
        residuals[at] = meets ? (fs[i] as number) - ray.f : Number.NaN;
        residuals[at + 1] = meets ? (ss[i] as number) - ray.s : Number.NaN;
        residuals[at + 2] = meets ? -ray.excitation : Number.NaN;
      }
    }
  }

  /** The normal equations at the present state; rows of the matrix are the active parameters. */
  #normal(active: readonly number[]): Normal {
    const row = new Int32Array(this.#motion.length).fill(-1);
    for (const [i, p] of active.entries()) row[p] = i;
    const equations = new Elimination(active.length);
    const pair = new PairDerivatives(perUnit * this.#units.length);
    const perStrain = 1 / this.#strain ** 2;
    const [perPx, perExcitation] = [1 / this.#sigmaPx ** 2, 1 / this.#sigmaExcitation ** 2];
    const [ray, planes] = [this.#ray, this.#planes];
    let at = 0;
    for (const crystal of this.#crystals) {
      const { count, panel, indices, lattice, frame, rows, beam } = crystal;
      ray.from(rows, beam);
      for (let i = 0; i < count; i++, at += 3) {
        const weight = this.#weight(at);
        if (!(weight > 0)) continue;
        ray.meet(indices, 3 * i, planes[panel[i] as number] as Plane);
        ray.derive();
        this.#derive(pair, panel[i] as number, row);
        for (let k = 0; k < 3; k++) pair.residual[k] = this.#residuals[at + k] as number;
        pair.weights[0] = weight * perPx;
        pair.weights[1] = weight * perExcitation;
        equations.add(pair);
      }
      const own = lattice < 0 ? [] : this.#ofCells.slice(strainLength * lattice, strainLength * (lattice + 1));
      equations.addPrior(
        this.#ownStrain(crystal),
        perStrain,
        own.map((p) => row[p] as number),
        frame,
      );
      equations.eliminate();
    }
    return equations.normal();
  }

  /** Sets the derivatives of the predictions of a pair; `row` contains the row of each parameter, −1 if it is fixed. */
  #derive(into: PairDerivatives, panel: number, row: Int32Array): void {
    const ray = this.#ray;
    const { rows, shared, arm } = into;
    let count = 0;
    const chain = this.#chains[panel] as readonly number[];
    for (let i = 0; i < chain.length; i++) {
      const u = chain[i] as number;
      const { centre } = this.#units[u] as Unit;
      for (let k = 0; k < 3; k++) arm[k] = (ray.point[k] as number) - (centre[k] as number);
      // A shift of the panel moves the prediction on it in the opposite direction.
      const shift = -(this.#pixelM[u] as number) / ray.stretch;
      const turn = -milli / ray.stretch;
      for (let p = 0; p < perUnit; p++) {
        const at = row[perUnit * u + p] as number;
        if (at < 0) continue;
        rows[count] = at;
        shared[2 * count] = p < 3 ? shift * (ray.alongF[p] as number) : turn * turnAlong(p - 3, arm, ray.alongF);
        shared[2 * count + 1] = p < 3 ? shift * (ray.alongS[p] as number) : turn * turnAlong(p - 3, arm, ray.alongS);
        count++;
      }
    }
    into.count = count;
    ray.locals(into.own);
  }

  /** Adds the prior knowledge: units move little, and a motion that units share belongs to their parent. */
  #withPriors({ matrix, right }: Equations, active: readonly number[], keepsShared = false): Equations {
    const n = active.length;
    const all = Float64Array.from(matrix);
    const side = Float64Array.from(right);
    const size = (p: number): number => [usual.shift, usual.shift, usual.depth, usual.turn][Math.min(p, 3)] as number;
    for (const [l, { sizeError }] of this.#lattices.entries()) {
      const prior = strainPrior(this.#trusted ? heldSize : sizeError);
      const own = this.#ofCells.slice(strainLength * l, strainLength * (l + 1));
      for (const [k, p] of own.entries())
        for (const [m, q] of own.entries()) {
          const [i, j, weight] = [active.indexOf(p), active.indexOf(q), prior[k * strainLength + m] as number];
          all[i * n + j] = (all[i * n + j] as number) + weight;
          side[i] = (side[i] as number) - weight * (this.#motion[q] as number);
        }
    }
    for (const [i, p] of active.entries()) {
      if (p >= perUnit * this.#units.length) break;
      const whole = p < perUnit ? 100 : 1;
      const weight = 1 / (whole * size(p % perUnit)) ** 2;
      all[i * n + i] = (all[i * n + i] as number) + weight;
      side[i] = (side[i] as number) - weight * (this.#motion[p] as number);
    }
    for (const { mode } of sharedMotions(this.#parts, active)) {
      // Far stiffer than the pairs, but not so stiff that the matrix cannot be inverted.
      const stiffness = 1e4 * Math.max(...mode.map(([i]) => all[i * n + i] as number));
      let value = 0;
      if (!keepsShared) for (const [i, x] of mode) value += x * (this.#motion[active[i] as number] as number);
      for (const [i, x] of mode) {
        side[i] = (side[i] as number) - stiffness * x * value;
        for (const [j, y] of mode) all[i * n + j] = (all[i * n + j] as number) + stiffness * x * y;
      }
    }
    return { matrix: all, right: side };
  }

  /**
   * Determines which parameters are significant. Half of the doubtful ones are removed at a time, and the others are
   * updated in the linear approximation.
   */
  #judged(
    active: readonly number[],
    normal: Normal,
    first: Solution,
  ): { kept: readonly number[]; values: Float64Array } {
    let kept = active;
    for (let solution = first; ; solution = this.#without(active, kept, normal)) {
      const likely = withMostStill(this.#parts, kept, solution.values);
      let leaving = this.#doubtful(kept, likely, solution);
      if (leaving.size === 0) leaving = this.#unsupported(active, kept, normal);
      if (leaving.size === 0) return { kept, values: solution.values };
      kept = kept.filter((p) => !leaving.has(p));
    }
  }

  /**
   * The solution in which the parameters that are not kept are zero, and its covariances.
   */
  #without(
    active: readonly number[],
    kept: readonly number[],
    { matrix, right, shares = [] }: Equations & { readonly shares?: readonly Share[] },
    keepsShared = false,
  ): Solution {
    const [all, n] = [active.length, kept.length];
    const isKept = new Set(kept);
    const rows = active.flatMap((p, i) => (isKept.has(p) ? [i] : []));
    const gone = active.flatMap((p, i) => (isKept.has(p) ? [] : [i]));
    const side = Float64Array.from(rows, (row) => {
      let sum = right[row] as number;
      for (const i of gone) sum += (matrix[row * all + i] as number) * (this.#motion[active[i] as number] as number);
      return sum;
    });
    const withPriors = this.#withPriors({ matrix: submatrix(matrix, all, rows), right: side }, kept, keepsShared);
    const inverse = inverseOf(withPriors.matrix, n) ?? new Float64Array(n * n);
    const step = times(inverse, withPriors.right, n);
    return {
      values: step.map((x, i) => x + (this.#motion[kept[i] as number] as number)),
      inverse,
      responses: responsesTo(shares, rows, [inverse, n, all]),
    };
  }

  /**
   * The parameters with which half of the crystals do not fit better at the values that the other half gives them, all
   * others being fitted again: with the values v, those u of the other half and the inverse covariance F, χ² changes by
   * (v − u)ᵀ F (v − u) − vᵀ F v. The strains of the crystals are fitted as well, with their prior: residuals alone hide
   * a wrong distance in them.
   */
  #unsupported(active: readonly number[], kept: readonly number[], { halves }: Normal): Set<number> {
    const n = kept.length;
    const fits = halves.map((half) => this.#without(active, kept, half));
    const leaving = new Set<number>();
    for (const { rows, members } of this.#blocks(kept)) {
      const values = fits.map((fit) => rows.map((row) => fit.values[row] as number));
      const isBetter = fits.every(({ inverse }, half) => {
        const own = inverseOf(submatrix(inverse, n, rows), rows.length);
        const [v, u] = [values[half] as number[], values[1 - half] as number[]];
        // uᵀ F (2 v − u)
        const by =
          own &&
          times(
            own,
            Float64Array.from(v, (x, i) => 2 * x - (u[i] as number)),
            rows.length,
          );
        return by !== undefined && u.reduce((sum, x, i) => sum + x * (by[i] as number), 0) > 0;
      });
      if (!isBetter) for (const p of members) leaving.add(p);
    }
    return leaving;
  }

  /** The parameters of units that are accepted or rejected together, with their rows among those that are kept. */
  #blocks(kept: readonly number[]): { u: number; first: number; members: number[]; rows: number[] }[] {
    const at = new Map(kept.map((p, i) => [p, i]));
    return this.#units.flatMap((_, u) =>
      blocks.flatMap((block) => {
        const members = block.map((p) => perUnit * u + p).filter((p) => at.has(p));
        return members.length === 0
          ? []
          : [{ u, first: block[0], members, rows: members.map((p) => at.get(p) as number) }];
      }),
    );
  }

  /** The most doubtful half of the doubtful parameters. */
  #doubtful(kept: readonly number[], values: Float64Array, solution: Solution): Set<number> {
    const n = kept.length;
    const doubtful: { readonly members: readonly number[]; readonly square: number }[] = [];
    for (const { u, first, members, rows } of this.#blocks(kept)) {
      const own = rows.map((row) => values[row] as number);
      const limits = this.#limits(u, members.length);
      const ofSize = this.#ofHeldSize(members[0] as number);
      const squares = [submatrix(solution.inverse, n, rows), spread(solution, rows)].map((covariance, i) => {
        const inverse = inverseOf(ofSize > 0 ? covariance.map((x) => x + ofSize) : covariance, rows.length);
        if (!inverse) return Number.POSITIVE_INFINITY;
        const by = times(inverse, own, rows.length);
        return own.reduce((sum, x, i) => sum + x * (by[i] as number), 0) / (limits[i] as number);
      });
      const square = Math.min(...squares);
      const isSmall = this.#effect(u, first, own) < (u === 0 ? minWhole : minPart);
      if (isSmall || !(square > 1)) doubtful.push({ members, square: isSmall ? 0 : square });
    }
    doubtful.sort((a, b) => a.square - b.square);
    return new Set(doubtful.slice(0, Math.ceil(doubtful.length / 2)).flatMap(({ members }) => members));
  }

  /**
   * The squares of the errors, that of the fit and that of the scatter between crystals, within which a motion is none.
   * Of all parts together one moves by chance in a hundred detectors at most, however many of them are left (Bonferroni);
   * the scatter of few crystals is uncertain itself (Hotelling's T², whose tail is a power of the level). The whole
   * detector is one part: three errors, more with few crystals.
   */
  #limits(u: number, parameters: number): readonly [ofFit: number, ofScatter: number] {
    if (u === 0) return [9, 9 * (1 + 5 / this.#crystals.length) ** 2];
    const level = wrongParts / this.#tested;
    const freedom = (this.#crystalsOn[u] as number) - parameters;
    const ofScatter =
      freedom > 0 ? (freedom + parameters - 1) * (level ** (-2 / freedom) - 1) : Number.POSITIVE_INFINITY;
    return [-2 * Math.log(level), ofScatter];
  }

  /** The number of pixels by which a motion changes predictions. */
  #effect(u: number, first: number, values: readonly number[]): number {
    const size = Math.hypot(...values);
    const distance = this.#distanceM;
    const [radius, { spread, pixelM: pixel }] = [this.#radius[u] as number, this.#parts[u] as Part];
    if (first === 0) return size;
    if (first === 2) return (size * radius) / distance;
    return ((size * milli * spread) / pixel) * (first === 5 ? 1 : radius / distance);
  }
}

/** The component along a direction of what a rotation about an axis does to an arm: (axis × arm) · direction. */
function turnAlong(axis: number, arm: Float64Array, along: Float64Array): number {
  const next = (axis + 1) % 3;
  const last = (axis + 2) % 3;
  return (arm[next] as number) * (along[last] as number) - (arm[last] as number) * (along[next] as number);
}

/** Values of parameters, the inverse of their normal matrix, and how they respond to each crystal: H⁻¹ sᵢ. */
interface Solution {
  readonly values: Float64Array;
  readonly inverse: Float64Array;
  readonly responses: readonly Float64Array[];
}

/** The response of the kept parameters to what each crystal contributes; `rows` are theirs among all of them. */
function responsesTo(
  shares: readonly Share[],
  rows: readonly number[],
  [inverse, n, all]: readonly [Float64Array, number, number],
): Float64Array[] {
  const places = new Int32Array(all).fill(-1);
  for (const [i, row] of rows.entries()) places[row] = i;
  return shares.map((share) => {
    const response = new Float64Array(n);
    for (const [k, row] of share.rows.entries()) {
      const at = places[row] as number;
      if (at < 0) continue;
      const value = share.values[k] as number;
      for (let j = 0; j < n; j++) response[j] = (response[j] as number) + value * (inverse[at * n + j] as number);
    }
    return response;
  });
}

/** The covariance of some parameters derived from the scatter of the crystals' contributions: H⁻¹ S H⁻¹. */
function spread({ responses }: Solution, rows: readonly number[]): Float64Array {
  const n = rows.length;
  const found = new Float64Array(n * n);
  const factor = responses.length / Math.max(1, responses.length - 1);
  for (const response of responses)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        found[i * n + j] =
          (found[i * n + j] as number) +
          factor * (response[rows[i] as number] as number) * (response[rows[j] as number] as number);
  return found;
}

/**
 * The covariance of some parameters: for each pair of them the larger, that of the fit or that of the scatter between
 * crystals.
 */
function covariance(solution: Solution, rows: readonly number[]): Float64Array {
  const n = rows.length;
  const ofFit = submatrix(solution.inverse, solution.values.length, rows);
  const ofScatter = spread(solution, rows);
  const isSpread = rows.map((_, i) => (ofScatter[i * (n + 1)] as number) > (ofFit[i * (n + 1)] as number));
  return ofFit.map((x, at) => {
    const isLarger = isSpread[Math.floor(at / n)] && isSpread[at % n];
    return isLarger ? (ofScatter[at] as number) : x;
  });
}

/** The variance of a parameter. */
const variance = (solution: Solution, row: number): number => covariance(solution, [row])[0] as number;
