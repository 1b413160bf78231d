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
import { labStrains, lengthErrors, sizeErrorOf, strained, strainLength } from '../crystal/cell-strain.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { checkedOptions, row } from '../options/call-options.js';
import { expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import { orientedAs } from './detector-fit.js';
import type { Normal } from './elimination.js';
import { normalEquations } from './fit-equations.js';
import { heldVariance } from './fit-judgement.js';
import { type FitCrystal, type FitProblem, fitProblem, parametersOf } from './fit-problem.js';
import { rmsUnmoved, searched } from './fit-search.js';
import { covariance, solutionOf } from './fit-solution.js';
import { FitState } from './fit-state.js';
import { type GaugedPart, milli, perUnit } from './gauge.js';
import { type Motion, movedGeometry } from './units.js';

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
 * A fit that leaves a larger scatter, in pixels, or changes the distance by a larger fraction, is rejected as
 * implausible.
 */
const [maxPx, maxChange] = [3, 0.1];
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
  const usable = crystals.flatMap((crystal, i) =>
    fitCrystal(crystal, geometry, `refineGeometry: crystal ${i}`, latticeOf),
  );
  const refined = fitted(fitProblem(geometry, usable, cells, { distance, panels, trusted }));
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

function fitted(problem: FitProblem): GeometryRefinement {
  const { geometry } = problem;
  const counts = { crystals: problem.crystals.length, pairs: problem.pairs[0] ?? 0 };
  const state = new FitState(problem);
  const begin = state.remembered();
  let freeDistance: GeometryRefinement['freeDistance'];
  const unmoved = (rms: number, cells: readonly MeasuredCell[] = [], isDistanceKnown = false): GeometryRefinement => ({
    ...{ geometry, moved: [], ...counts, rmsPx: [rms, rms], cells, isDistanceKnown, freeDistance },
  });
  if (counts.crystals < fewestCrystals) return unmoved(Number.NaN);
  begin();
  const { normal, active, isDistanceKnown, ...end } = searched(state);
  freeDistance = end.freeDistance;
  const depth = Math.abs(state.motion[2] as number) * (problem.pixelM[0] as number);
  if (!normal || state.sigmaPx > maxPx || depth > maxChange * problem.distanceM)
    return unmoved(rmsUnmoved(state, begin));
  const { cells, error } = stated(state, active, normal);
  const after = state.rms();
  if (active.length === problem.ofCells.length) return unmoved(after, cells, isDistanceKnown);
  const motions = state.motions();
  const moved = movedUnits(problem, active, motions, error);
  const found = movedGeometry(geometry, problem.units, motions);
  const rmsPx = [rmsUnmoved(state, begin), after] as const;
  return { geometry: found, moved, ...counts, rmsPx, cells, isDistanceKnown, freeDistance };
}

/** The units of which a parameter is active, with their motions. */
function movedUnits(
  { units, pixelM, pairs }: FitProblem,
  active: readonly number[],
  motions: readonly Motion[],
  error: Float64Array,
): MovedUnit[] {
  return units.flatMap(({ name }, u): MovedUnit[] => {
    const motion = motions[u];
    if (!motion || !active.some((p) => Math.floor(p / perUnit) === u)) return [];
    const pixel = pixelM[u] as number;
    const errors = (first: number, scale: number): Vector => [
      scale * (error[perUnit * u + first] as number),
      scale * (error[perUnit * u + first + 1] as number),
      scale * (error[perUnit * u + first + 2] as number),
    ];
    return [
      {
        ...{ name, pixelM: pixel, pairs: pairs[u] as number },
        ...{ shiftM: motion.shift, turnRad: motion.turn },
        ...{ shiftErrorM: errors(0, pixel), turnErrorRad: errors(3, milli) },
      },
    ];
  });
}

/**
 * The cells of the crystals, and the errors of the motions. They contain what parameters may be that keep their
 * values because they are within three errors, or negligible: those of the whole detector, and of each part that has
 * moved; and what cells and motions have taken up of these parameters.
 */
function stated(
  state: FitState,
  active: readonly number[],
  settled: Normal,
): { readonly cells: MeasuredCell[]; readonly error: Float64Array } {
  const { problem } = state;
  const open = problem.units.flatMap((_, u) => {
    const isOpen = u === 0 || active.some((p) => Math.floor(p / perUnit) === u);
    return isOpen ? (problem.parts[u] as GaugedPart).movable.map((k) => perUnit * u + k) : [];
  });
  const all = [...open, ...problem.ofCells];
  // Motions that are open but did not move are not among the equations.
  const normal = all.length === active.length ? settled : normalEquations(state, all);
  const { values } = solutionOf(state, all, all, normal, true);
  const taken = all.map((p, i) => (values[i] as number) - (state.motion[p] as number));
  const solution = solutionOf(state, all, all, normal);
  const covarianceOf = (rows: readonly number[]): Float64Array =>
    covariance(solution, rows).map((x, at) => {
      const [i, j] = [rows[Math.floor(at / rows.length)] as number, rows[at % rows.length] as number];
      return x + (taken[i] as number) * (taken[j] as number);
    });
  const error = new Float64Array(state.motion.length);
  for (const p of active)
    error[p] = Math.sqrt((covarianceOf([all.indexOf(p)])[0] as number) + heldVariance(problem, p));
  const cells = problem.lattices.map(({ known, sizeError, crystals }, l): MeasuredCell => {
    const own = parametersOf(problem, l);
    const strain = own.map((p) => state.motion[p] as number);
    const rows = own.map((p) => all.indexOf(p));
    const cell = reciprocal(strained(reciprocal(known), strain));
    const lengthErrorsA = lengthErrors(cell, covarianceOf(rows));
    return { known, found: cell, lengthErrorsA, sizeError, crystals };
  });
  return { cells, error };
}
