/** Analyses of diffraction disks: their positions, and the strain of the lattice through them. */

import { argumentError } from '../../options/parameters.js';
import { checkFits, checkPattern, cropSize, type DiskPattern } from '../../udf/disks/patterns.js';
import type { ResultBuffer } from '../../udf/functions/buffers.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import { select } from '../../udf/scans/roi.js';
import type { Scan } from '../../udf/scans/scan.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { sumUdf } from '../builtin/sums.js';
import { diskOfLargeSum } from '../calibrate/sum-disk.js';
import { braggShape, braggUdf } from '../disks/bragg.js';
import { isCut, reachOf } from '../disks/follow.js';
import {
  type CheckedMatch,
  checkLattice,
  guessLattice,
  type Lattice,
  type LatticeMatch,
  latticePeaks,
} from '../disks/lattice.js';
import { findDiskPeaks } from '../disks/peaks.js';
import { type StrainDecomposition, type StrainMaps, strainMaps } from '../disks/strain.js';
import { diskUdf } from '../disks/udf.js';
import type { PixelList } from '../images/without-count.js';
import { analysisRows } from '../parameters.js';
import { analysis, type Made, navChannel, type OptionsOfAnalysis } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { judgeLattices, radiusFaults, referenceTexts } from './disk-doubts.js';
import { haveNeighbours, leftOutOf, leftOutOfFrames, withNeighbours } from './left-out.js';
import { centreOf, detectorSize } from './parameters.js';

/** Options of `createDisksAnalysis`. */
export type DisksOptions = OptionsOfAnalysis<'disks'>;
/** Options of `createStrainAnalysis`. */
export type StrainAnalysisOptions = OptionsOfAnalysis<'strain'>;
/** Options of `createBraggAnalysis`. */
export type BraggOptions = OptionsOfAnalysis<'bragg'>;
/** Options that all of them have. */
type SearchOptions = Omit<BraggOptions, 'cx' | 'cy' | 'sampling'>;

/** The radius of the options or of the calibration; undefined where it is that of the sum, or the pattern has one. */
const givenRadius = (scan: Scan, what: string, options: SearchOptions): number | undefined =>
  options.diskRadius ?? calibratedBy(what, scan, options).radius;

/** Whether the sum tells the radius. Throws `Argument` where nothing does, since the frames can be read only once. */
function isRadiusOfSum(scan: Scan, what: string, options: SearchOptions): boolean {
  if (options.pattern === 'user' || givenRadius(scan, what, options) !== undefined) return false;
  const { noRadius } = calibratedBy(what, scan, options);
  if (!scan.live && noRadius === undefined) return true;
  const why = noRadius === undefined ? '' : `, because the calibration has none (${noRadius})`;
  throw argumentError(what, (said) => `${said('diskRadius')} is required, the radius of the disks in pixels${why}`);
}

/** The pattern of the options. Throws `Argument`, `Shape`. */
function patternOf(scan: Scan, what: string, options: SearchOptions, diskRadius: number | undefined): DiskPattern {
  const { pattern: kind = 'background-subtraction', radiusOuter, search, template } = options;
  const { width, height } = detectorSize(scan, what);
  if (kind === 'user' && !template)
    throw argumentError(what, (said) => `the pattern user requires ${said('template')}`);
  const pattern: DiskPattern = {
    kind,
    ...(kind === 'user' && template && { template: template.data, shape: template.shape }),
    ...(diskRadius !== undefined && kind !== 'user' && { radius: diskRadius }),
    ...(radiusOuter !== undefined && { radiusOuter }),
    ...(search !== undefined && { search }),
  };
  checkFits(what, checkPattern(what, pattern), [height, width]);
  return pattern;
}

/** What the first pass tells: the sum of all frames, the pattern, and what is to be said of it. */
interface Searched {
  readonly sum: ArrayLike<number> | undefined;
  readonly pattern: DiskPattern;
  readonly doubts: readonly string[];
  readonly faults: readonly string[];
}

/** The same, and the pixels without a count. */
interface SearchedWithout extends Searched {
  readonly without: PixelList;
}

/** The pattern, with the radius of the sum where none is given, and its radius against that of the sum. */
function searchedIn(scan: Scan, what: string, options: SearchOptions, sum: Float64Array | undefined): Searched {
  const given = givenRadius(scan, what, options);
  const nothing = { sum, doubts: [], faults: [] };
  if (!sum || options.pattern === 'user') return { ...nothing, pattern: patternOf(scan, what, options, given) };
  const { width, height } = detectorSize(scan, what);
  const disk = diskOfLargeSum({ data: sum, height, width });
  if (given !== undefined) {
    const faults = typeof disk === 'string' ? [] : radiusFaults(given, disk.radius);
    return { ...nothing, pattern: patternOf(scan, what, options, given), faults };
  }
  if (typeof disk === 'string')
    throw argumentError(
      what,
      (said) =>
        `${said('diskRadius')} is required, the radius of the disks in pixels: it is not given, and the sum of the ` +
        `frames does not show it, because ${disk}`,
    );
  const radius = Math.round(100 * disk.radius) / 100;
  const doubts = [`the radius of the disks is not given; that of the direct beam in the sum is used, ${radius} pixels`];
  return { ...nothing, pattern: patternOf(scan, what, options, radius), doubts };
}

/** The disks of the sum. */
function disksOf(scan: Scan, what: string, options: SearchOptions, { sum, pattern }: Searched): Int32Array {
  const { numPeaks = analysisRows.numPeaks.range.fallback, minHeight = analysisRows.minHeight.range.fallback } =
    options;
  const { radius } = checkPattern(what, pattern);
  const { peakDistance = Math.max(1, Math.round(radius)) } = options;
  const { width, height } = detectorSize(scan, what);
  return findDiskPeaks(sum as ArrayLike<number>, [height, width], pattern, numPeaks, peakDistance, minHeight);
}

/** An analysis, and what the search for its disks says against it. */
const doubted = <K extends string>({ doubts, faults }: Searched, made: Made<K>): Made<K> => ({
  ...made,
  doubts: (results) => [...doubts, ...(made.doubts?.(results) ?? [])],
  faults: (results) => [...faults, ...(made.faults?.(results) ?? [])],
});

/**
 * What depends on the sum of all frames, unless the radius and, where it `needs` them, the positions of the disks are
 * given.
 */
function inTwoPasses<K extends string>(
  scan: Scan,
  what: string,
  options: SearchOptions,
  { needs, notes: own = [] }: { readonly needs: boolean; readonly notes?: readonly string[] },
  second: (searched: SearchedWithout) => Made<K>,
): Made<K> {
  const leftOut = leftOutOf(scan, what, options);
  const notes = [...own, ...leftOutOfFrames(leftOut, haveNeighbours)];
  const made = (sum: Float64Array | undefined): Made<K> => {
    const searched = searchedIn(scan, what, options, sum);
    return doubted(searched, second({ ...searched, without: leftOut.pixels }));
  };
  if (!isRadiusOfSum(scan, what, options)) {
    if (!needs) return { ...made(undefined), notes };
    // What can be refused is refused before the first pass.
    searchedIn(scan, what, options, undefined);
  }
  const next = ({ intensity }: { readonly intensity: ResultBuffer<'f64'> }) =>
    made(withNeighbours(intensity.data, leftOut, scan.shape.sig));
  return { notes, udf: sumUdf, next };
}

const how = ({ correlation, refine }: Pick<DisksOptions, 'correlation' | 'refine'>) => ({
  ...(correlation !== undefined && { correlation }),
  ...(refine !== undefined && { refine }),
});

type Nav = ResultBuffer<'f64'>;
interface DiskResults {
  readonly refineds: Nav;
  readonly elevations: Nav;
}

/**
 * Diffraction disks: `shift`, the mean distance of the disks from their places in the sum, weighted by their
 * elevations, as vectors (y, x) in pixels; `shift_y`, `shift_x`; `elevation`, their mean; `positions`, (y, x) of each
 * disk; `elevations`, of each disk; `peaks`, the expected positions. A disk at the edge of the square in which it is
 * searched has no position (NaN), and a frame in which most are, by elevation, has no shift; `notes` count them. They
 * also name the given places at which most frames have no disk; if those are most of the places, no frame has a shift.
 * Without `positions`, the first of two passes sums the frames and finds the disks of the sum.
 */
export const disksAnalysis = /* @__PURE__ */ analysis('disks', (scan, options, what) =>
  inTwoPasses(scan, what, options, { needs: options.positions === undefined }, (searched) => {
    const expected = options.positions ?? disksOf(scan, what, options, searched);
    const udf = diskUdf({ peaks: expected, pattern: searched.pattern, without: searched.without, ...how(options) });
    const { peaks } = udf.params as { peaks: Int32Array };
    const reach = reachOf(checkPattern(what, searched.pattern), options.correlation ?? 'fast');
    const isGiven = options.positions !== undefined;
    const measuredOf = (results: DiskResults) => measuredDisks(results, peaks, reach, isGiven);
    return {
      udf: udf as AnyUdf,
      doubts: (results: DiskResults) => {
        const { cut, empty } = measuredOf(results);
        const moved = 2 * empty.length > peaks.length / 2 ? [] : cutText(cut, results.elevations.validMask, reach);
        return [...moved, ...emptyText(empty, peaks)];
      },
      channels: (results: DiskResults) => diskChannels(scan, peaks, measuredOf(results), results.elevations.validMask),
    };
  }),
);

/** Disks with those that are cut left out. */
interface MeasuredDisks {
  /** (y, x) of each disk, NaN of one that is cut. */
  readonly places: Float64Array;
  /** Elevations, 0 of one that is cut. */
  readonly weights: Float64Array;
  /** Nonzero where most of a position, by elevation, is cut, and everywhere if most places are empty. */
  readonly cut: Uint8Array;
  /** Numbers of the given places at which most positions have no disk; those of the sum have one there. */
  readonly empty: readonly number[];
}

/** A disk that the edge of its square cuts is farther from its place than the maximum of the part that is left. */
function measuredDisks(
  { refineds, elevations }: DiskResults,
  peaks: Int32Array,
  reach: number,
  isGiven: boolean,
): MeasuredDisks {
  const [places, weights] = [Float64Array.from(refineds.data), Float64Array.from(elevations.data)];
  const disks = peaks.length / 2;
  const cut = new Uint8Array(elevations.validMask.length);
  for (let i = 0; i < cut.length; i++) {
    let [left, lost] = [0, 0];
    for (let p = 0; p < disks; p++) {
      const k = i * disks + p;
      const weight = weights[k] as number;
      if (!isCut(places, k, peaks[2 * p] as number, peaks[2 * p + 1] as number, reach)) left += weight;
      else {
        lost += weight;
        weights[k] = 0;
        places.fill(Number.NaN, 2 * k, 2 * k + 2);
      }
    }
    if (lost > left) cut[i] = 1;
  }
  // A pattern that has moved out of all squares is none with empty places.
  const shown = Array.from(cut.keys()).filter((i) => !cut[i] && elevations.validMask[i]);
  const isMissed = (p: number): boolean =>
    shown.filter((i) => Number.isNaN(places[2 * (i * disks + p)])).length > shown.length / 2;
  const empty = isGiven ? Array.from({ length: disks }, (_, p) => p).filter(isMissed) : [];
  if (empty.length > disks / 2) cut.fill(1);
  return { places, weights, cut, empty };
}

/** Most places that are listed. */
const maxListed = 5;

/** At which of the given places most positions have no disk. */
function emptyText(empty: readonly number[], peaks: Int32Array): string[] {
  if (empty.length === 0) return [];
  const disks = peaks.length / 2;
  const listed = empty.slice(0, maxListed).map((p) => `(${peaks[2 * p]}, ${peaks[2 * p + 1]})`);
  const more = empty.length > maxListed ? ` and ${empty.length - maxListed} more` : '';
  return [
    `at ${empty.length} of ${counted(disks, 'place')}, (y, x) = ${listed.join(', ')}${more}, most positions have no disk, ` +
      (empty.length > disks / 2
        ? 'so that none has a shift (NaN): pass places of disks'
        : 'and shifts are of the others'),
  ];
}

/** How many positions have no shift because most of their disks are cut. */
function cutText(cut: Uint8Array, valid: ArrayLike<number>, reach: number): string[] {
  const ones = (of: ArrayLike<number>): number => Array.from(of).reduce((sum, one) => sum + one, 0);
  const [some, all] = [ones(cut), ones(valid)];
  if (some === 0) return [];
  return [
    `at ${some} of ${counted(all, 'position')} most disks are farther than ${reach.toFixed(1)} pixels from their places, ` +
      'at the edge of the squares in which they are searched, and have no shift (NaN): a larger search holds them',
  ];
}

function diskChannels(scan: Scan, peaks: Int32Array, found: MeasuredDisks, valid: ArrayLike<number>) {
  const disks = peaks.length / 2;
  const { nav } = scan.shape;
  const { places, weights, cut } = found;
  const positions = cut.length;
  const empty = (): Float64Array => new Float64Array(positions).fill(Number.NaN);
  const [shiftY, shiftX, elevation, length] = [empty(), empty(), empty(), empty()] as const;
  const vectors = new Float64Array(2 * positions).fill(Number.NaN);
  for (let i = 0; i < positions; i++) {
    if (!valid[i]) continue;
    let [sum, sumY, sumX] = [0, 0, 0];
    for (let p = 0; p < disks; p++) {
      const weight = weights[i * disks + p] as number;
      if (!(weight > 0)) continue;
      const at = 2 * (i * disks + p);
      sum += weight;
      sumY += weight * ((places[at] as number) - (peaks[2 * p] as number));
      sumX += weight * ((places[at + 1] as number) - (peaks[2 * p + 1] as number));
    }
    elevation[i] = sum / disks;
    if (cut[i]) continue;
    const [y, x] = [sumY / sum, sumX / sum];
    vectors.set([y, x], 2 * i);
    shiftY[i] = y;
    shiftX[i] = x;
    length[i] = Math.sqrt(y * y + x * x);
  }
  const map = <K extends string>(key: K, title: string, desc: string, data: ArrayLike<number>, unit?: string) =>
    navChannel(scan, key, title, desc, data, unit);
  return [
    { ...map('shift', 'shift', 'mean shift of the disks as (y, x), in pixels', length, 'px'), vectors },
    map('shift_y', 'shift along y', 'mean shift of the disks along y, pixels', shiftY, 'px'),
    map('shift_x', 'shift along x', 'mean shift of the disks along x, pixels', shiftX, 'px'),
    map('elevation', 'elevation', 'mean elevation of the disks: the quality of their positions', elevation),
    {
      ...map('positions', 'positions', '(y, x) of each disk, pixels; NaN at the edge of its square', places, 'px'),
      shape: [...nav, disks, 2],
    },
    {
      ...map('elevations', 'elevations', 'elevation of each disk; 0 at the edge of its square', weights),
      shape: [...nav, disks],
    },
    { ...map('peaks', 'peaks', 'expected positions (y, x), pixels', peaks, 'px'), shape: [disks, 2] },
  ];
}

/**
 * Bragg vector map: `map`, the disks of every frame, each with the height of its correlation, relative to the centre
 * and without the distortion and descan that a calibration has; `qy` and `qx`, its axes in nm⁻¹ or mrad if the
 * calibration has their scale, otherwise in pixels; `disks`, the number of disks of each frame.
 */
export const braggAnalysis = /* @__PURE__ */ analysis('bragg', (scan, options, what) => {
  const { cx, cy } = centreOf(scan, what, options);
  const { distortion, scale, moves, notes } = calibratedBy(what, scan, options);
  const { numPeaks: most = analysisRows.numPeaks.range.fallback, minHeight = analysisRows.minHeight.range.fallback } =
    options;
  const { sampling = 1 } = options;
  const said = [...notes, ...(scale.refused === undefined ? [] : [scale.refused])];
  // The radius is compared with that of the sum wherever frames can be read twice.
  return inTwoPasses(scan, what, options, { needs: !scan.live, notes: said }, (searched) => {
    const pattern = checkPattern(what, searched.pattern);
    const { peakDistance: distance = Math.max(1, Math.round(pattern.radius)) } = options;
    const { without } = searched;
    const found = { most, distance, minHeight };
    const udf = braggUdf.withParams({ cx, cy, pattern, ...found, sampling, ...distortion, descan: moves, without });
    return { udf: udf as AnyUdf, channels: (results) => braggChannels(scan, results, scale, sampling) };
  });
});

function braggChannels(
  scan: Scan,
  { map, disks }: { readonly map: Nav; readonly disks: Nav },
  scale: ReturnType<typeof calibratedBy>['scale'],
  sampling: number,
) {
  const shape = braggShape(scan.shape.sig, sampling);
  const axis = (k: 0 | 1): Float64Array =>
    Float64Array.from({ length: shape[k] }, (_, i) => ((i - Math.floor(shape[k] / 2)) * scale.value) / sampling);
  const step = `pixels of ${(scale.value / sampling).toPrecision(4)} ${scale.unit}, direct beam in the middle`;
  const axes = (['qy', 'qx'] as const).map((name, k) => ({
    name,
    unit: scale.unit,
    first: axis(k as 0 | 1)[0] as number,
    step: scale.value / sampling,
  }));
  const desc = `sum of correlations at the disks of all frames: ${step}`;
  return [
    { ...navChannel(scan, 'map', 'Bragg vector map', desc, map.data), shape, axes },
    { ...navChannel(scan, 'qy', 'qy', `axis along y, ${scale.unit}`, axis(0), scale.unit), shape: [shape[0]] },
    { ...navChannel(scan, 'qx', 'qx', `axis along x, ${scale.unit}`, axis(1), scale.unit), shape: [shape[1]] },
    navChannel(scan, 'disks', 'disks', 'number of disks of each frame', disks.data),
  ];
}

interface LatticeResults {
  readonly a: Nav;
  readonly b: Nav;
  readonly error: Nav;
  readonly selector: ResultBuffer<'bool'>;
  readonly elevations: Nav;
}

/** How many disks of each position `is` true of; NaN where nothing was measured. */
function countsOf(results: LatticeResults, is: (results: LatticeResults, k: number) => boolean): Float64Array {
  const { validMask } = results.error;
  const disks = results.selector.data.length / validMask.length;
  return Float64Array.from(validMask, (valid, i) => {
    if (!valid) return Number.NaN;
    let count = 0;
    for (let k = i * disks; k < (i + 1) * disks; k++) if (is(results, k)) count++;
    return count;
  });
}

/**
 * Strain of the lattice through the disks: `eyy`, `exx`, `exy`, `theta` (rotation in radians); `error`, the mean
 * distance of the disks from the lattice in pixels; `disks`, the number of disks that were used. Strain is NaN, and the
 * positions are counted in `notes`, where no lattice fits, where the disks are more than .08 radii and .5 pixels beside
 * it, and where fewer than half as many disks are on it as in the reference. Where a lattice is farther from its place
 * than the squares of the search hold, they follow it, also if all of the pattern has moved. The reference is the median of the lattices of the region `reference`, by default of
 * all positions. Without `zero`, `a` and `b`, the first of two passes sums the frames and finds the lattice of the sum.
 */
export const strainAnalysis = /* @__PURE__ */ analysis('strain', (scan, options, what) => {
  const { zero, a, b, tolerance, minWeight, minMatch, decomposition } = options;
  const axes = strainAxes(scan, what, options);
  const { width, height } = detectorSize(scan, what);
  const some = [zero, a, b].filter((one) => one !== undefined).length;
  if (some > 0 && some < 3)
    throw argumentError(
      what,
      (said) => `some of ${said('zero')}, ${said('a')} and ${said('b')} are given; expected all three of them, or none`,
    );
  const given = some === 3 ? ({ zero, a, b } as unknown as Lattice) : undefined;
  if (given) checkLattice(what, given);
  const region = select(options.reference, scan.shape.nav).mask;
  return inTwoPasses(scan, what, options, { needs: !given, notes: axes.notes }, (searched) => {
    const pattern = checkPattern(what, searched.pattern);
    const lattice = given ?? guessLattice(what, disksOf(scan, what, options, searched), [height, width]);
    const inside = latticePeaks(lattice, cropSize(pattern), [height, width]).peaks;
    const peaks = options.positions ?? inside;
    if (peaks.length / 2 < 3)
      throw new EwaldError(
        'Argument',
        options.positions
          ? `${what}: ${peaks.length / 2} positions are given; expected at least 3`
          : `${what}: ${peaks.length / 2} points of the lattice lie inside the frame; expected at least 3`,
      );
    const match: LatticeMatch = {
      ...lattice,
      ...(tolerance !== undefined && { tolerance }),
      ...(minWeight !== undefined && { minWeight }),
      ...(minMatch !== undefined && { minMatch }),
    };
    const udf = diskUdf({ peaks, pattern: searched.pattern, match, without: searched.without, ...how(options) });
    const { minWeight: weight } = (udf.params as { match: CheckedMatch }).match;
    const judge = (results: LatticeResults) =>
      judgeLattices({
        error: measured(results.error),
        used: countsOf(results, ({ selector }, k) => (selector.data[k] as number) > 0),
        found: countsOf(results, ({ elevations }, k) => (elevations.data[k] as number) >= weight),
        radius: pattern.radius,
        region,
      });
    const mapping = { ...axes, region, decomposition };
    const ofReference = (results: LatticeResults, isDoubtful: boolean): readonly string[] => {
      if (!region) return [];
      const said = referenceTexts(region, results.error.validMask, strainOf(results, judge(results).fits, mapping));
      return said.isDoubtful === isDoubtful ? said.texts : [];
    };
    return {
      udf: udf as AnyUdf,
      doubts: (results: LatticeResults) => [...judge(results).doubts, ...ofReference(results, false)],
      faults: (results: LatticeResults) => [...judge(results).faults, ...ofReference(results, true)],
      channels: (results: LatticeResults) => strainChannels(scan, results, judge(results).fits, mapping),
    };
  });
});

/** Numbers of the positions that were measured; NaN at the others. */
const measured = ({ data, validMask }: Nav): Float64Array =>
  data.map((value, i) => (validMask[i] ? value : Number.NaN));

/** The axes of the maps: as given, those of the scan where a calibration knows them, or those of the detector. */
interface StrainAxes {
  readonly axesRotation: number | undefined;
  /** Whether the y axis of the detector is inverted, which changes the signs of shear and rotation. */
  readonly flipY: boolean;
  readonly notes: readonly string[];
}

function strainAxes(scan: Scan, what: string, { axesRotation, calibration }: StrainAnalysisOptions): StrainAxes {
  if (axesRotation !== undefined) return { axesRotation, flipY: false, notes: [] };
  const { options } = calibratedBy(what, scan, { calibration });
  const { scanRotation, flipY = false } = options;
  // Half a turn does not change a strain.
  if (scanRotation !== undefined) return { axesRotation: flipY ? scanRotation : -scanRotation, flipY, notes: [] };
  const note = 'the calibration has no scan rotation, so that strain is along the axes of the detector';
  return { axesRotation, flipY, notes: calibration === undefined ? [] : [note] };
}

/** What strain is relative to, along which axes, and how it is separated from rotation. */
interface StrainMapping extends StrainAxes {
  readonly region: Uint8Array | undefined;
  readonly decomposition: StrainDecomposition | undefined;
}

/** The unit of strains. */
const fraction = 'fraction (.01 is 1 %)';

/** The maps of strain; of nothing, which names results before a run, without a number. */
function strainOf(
  { a, b, error }: LatticeResults,
  fits: Uint8Array,
  { axesRotation, region, decomposition }: StrainMapping,
): StrainMaps {
  const { validMask } = error;
  const vectors = ({ data }: Nav): Float64Array => data.map((value, k) => (fits[k >> 1] ? value : Number.NaN));
  const inRegion = (is: (i: number) => boolean): boolean => fits.some((_, i) => (!region || region[i]) && is(i));
  // A reference whose lattices are judged to be others has maps without a number; one without any lattice is refused.
  if (region && validMask.some(Boolean) && !inRegion((i) => validMask[i] === 1))
    throw new EwaldError(
      'Argument',
      `strain: none of the ${region.reduce((sum, one) => sum + (one ? 1 : 0), 0)} positions of the reference is among ` +
        'those that are measured (roi); expected a reference within the region, or measure it too',
    );
  const isKnown =
    validMask.some(Boolean) && (inRegion((i) => fits[i] === 1) || !inRegion((i) => !Number.isNaN(error.data[i])));
  if (isKnown) return strainMaps(vectors(a), vectors(b), { reference: region, axesRotation, decomposition });
  const nothing = new Float64Array(validMask.length).fill(Number.NaN);
  const none = [Number.NaN, Number.NaN] as const;
  return { eyy: nothing, exx: nothing, exy: nothing, theta: nothing, reference: { a: none, b: none } };
}

function strainChannels(scan: Scan, results: LatticeResults, fits: Uint8Array, mapping: StrainMapping) {
  const { error } = results;
  const maps = strainOf(results, fits, mapping);
  const sign = mapping.flipY ? -1 : 1;
  const signed = (map: Float64Array): Float64Array => map.map((value) => sign * value);
  const counts = countsOf(results, ({ selector }, k) => (selector.data[k] as number) > 0);
  return [
    navChannel(scan, 'eyy', 'strain along y', `strain along y, ${fraction}`, maps.eyy, '1'),
    navChannel(scan, 'exx', 'strain along x', `strain along x, ${fraction}`, maps.exx, '1'),
    navChannel(scan, 'exy', 'shear', `shear strain, ${fraction}`, signed(maps.exy), '1'),
    navChannel(scan, 'theta', 'rotation', 'rotation of the lattice, radians', signed(maps.theta), 'rad'),
    navChannel(scan, 'error', 'error', 'mean distance of the disks from the lattice, pixels', measured(error), 'px'),
    navChannel(scan, 'disks', 'disks', 'number of disks that were used', counts),
  ];
}
