/** Analyses of diffraction disks: their positions, and the strain of the lattice through them. */
import { EwaldError } from '../../base/errors.js';
import { refusal } from '../../base/parameters.js';
import { sumUdf } from '../builtin/sums.js';
import { braggShape, braggUdf } from '../disks/bragg.js';
import { checkLattice, guessLattice, type Lattice, type LatticeMatch, latticePeaks } from '../disks/lattice.js';
import { checkFits, checkPattern, cropSize, type DiskPattern } from '../disks/patterns.js';
import { findDiskPeaks } from '../disks/peaks.js';
import { strainMaps } from '../disks/strain.js';
import { diskUdf } from '../disks/udf.js';
import type { ResultBuffer } from '../functions/buffers.js';
import type { AnyUdf } from '../functions/udf.js';
import type { AnalysisParameters } from '../parameter-types.js';
import { analysisRows } from '../parameters.js';
import { select } from '../scans/roi.js';
import type { Scan } from '../scans/scan.js';
import { type Analysis, type Channel, navChannel } from './analysis.js';
import { calibratedBy } from './calibrated.js';
import { centreOf, detectorSize, optionsOf } from './parameters.js';

type Common =
  | 'pattern'
  | 'diskRadius'
  | 'radiusOuter'
  | 'search'
  | 'template'
  | 'correlation'
  | 'refine'
  | 'numPeaks'
  | 'peakDistance'
  | 'minHeight'
  | 'positions'
  | 'calibration';

/** Options of `createDisksAnalysis`. */
export type DisksOptions = Pick<AnalysisParameters, Common>;
/** Options of `createStrainAnalysis`. */
export type StrainAnalysisOptions = Pick<
  AnalysisParameters,
  Common | 'zero' | 'a' | 'b' | 'tolerance' | 'minWeight' | 'minMatch' | 'reference' | 'axesRotation'
>;

/** The pattern of the options. Throws `Argument`, `Shape`. */
function patternOf(scan: Scan, what: string, options: DisksOptions): DiskPattern {
  const { pattern: kind = 'background-subtraction', radiusOuter, search, template } = options;
  const { width, height } = detectorSize(scan, what);
  const diskRadius = options.diskRadius ?? calibratedBy(what, scan, options).radius;
  if (kind === 'user' && !template) throw refusal(what, (said) => `the pattern user requires ${said('template')}`);
  if (kind !== 'user' && diskRadius === undefined)
    throw refusal(
      what,
      (said) =>
        `${said('diskRadius')} is required, the radius of the disks in pixels, or a ${said('calibration')}, which has it`,
    );
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

type Find = (intensity: ResultBuffer<'f64'>) => Int32Array;

/** How the disks of the sum are found. */
function finderOf(scan: Scan, what: string, options: DisksOptions, pattern: DiskPattern): Find {
  const { numPeaks = analysisRows.numPeaks.range.fallback, minHeight = analysisRows.minHeight.range.fallback } =
    options;
  const { radius } = checkPattern(what, pattern);
  const { peakDistance = Math.max(1, Math.round(radius)) } = options;
  const { width, height } = detectorSize(scan, what);
  return ({ data }) => findDiskPeaks(data, [height, width], pattern, numPeaks, peakDistance, minHeight);
}

/** An analysis whose UDF depends on the sum of all frames, unless the positions of the disks are given. */
function inTwoPasses<K extends string>(
  name: string,
  scan: Scan,
  find: Find | undefined,
  second: (peaks: Int32Array | undefined) => Analysis<K>,
  notes: readonly string[] = [],
): Analysis<K> {
  if (!find) return { ...second(undefined), notes };
  return {
    name,
    scan,
    notes,
    udf: sumUdf,
    next: ({ intensity }: { readonly intensity: ResultBuffer<'f64'> }) => second(find(intensity)),
    channels() {
      throw new EwaldError('Internal', `the analysis ${name} has channels only after its second pass`);
    },
  };
}

const how = ({ correlation, refine }: DisksOptions) => ({
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
 * disk; `elevations`, of each disk; `peaks`, the expected positions. Without `positions`, the first of two passes sums
 * the frames and finds the disks of the sum.
 */
export function disksAnalysis(
  scan: Scan,
  options: DisksOptions = {},
): Analysis<'shift' | 'shift_y' | 'shift_x' | 'elevation' | 'positions' | 'elevations' | 'peaks'> {
  const what = 'createDisksAnalysis';
  optionsOf(what, 'disks', options);
  const pattern = patternOf(scan, what, options);
  const find = options.positions === undefined ? finderOf(scan, what, options, pattern) : undefined;
  return inTwoPasses('disks', scan, find, (found) => {
    const udf = diskUdf({ peaks: found ?? (options.positions as ArrayLike<number>), pattern, ...how(options) });
    const peaks = (udf.params as { peaks: Int32Array }).peaks;
    return { name: 'disks', scan, udf: udf as AnyUdf, channels: (results) => diskChannels(scan, peaks, results) };
  });
}

function diskChannels(scan: Scan, peaks: Int32Array, { refineds, elevations }: DiskResults) {
  const disks = peaks.length / 2;
  const { nav } = scan.shape;
  const positions = elevations.validMask.length;
  const [shiftY, shiftX, elevation, length] = [0, 1, 2, 3].map(() => new Float64Array(positions).fill(Number.NaN));
  const vectors = new Float64Array(2 * positions).fill(Number.NaN);
  for (let i = 0; i < positions; i++) {
    if (!elevations.validMask[i]) continue;
    let [sum, sumY, sumX] = [0, 0, 0];
    for (let p = 0; p < disks; p++) {
      const weight = elevations.data[i * disks + p] as number;
      if (!(weight > 0)) continue;
      const at = 2 * (i * disks + p);
      sum += weight;
      sumY += weight * ((refineds.data[at] as number) - (peaks[2 * p] as number));
      sumX += weight * ((refineds.data[at + 1] as number) - (peaks[2 * p + 1] as number));
    }
    (elevation as Float64Array)[i] = sum / disks;
    const [y, x] = [sumY / sum, sumX / sum];
    vectors.set([y, x], 2 * i);
    (shiftY as Float64Array)[i] = y;
    (shiftX as Float64Array)[i] = x;
    (length as Float64Array)[i] = Math.sqrt(y * y + x * x);
  }
  const map = (key: string, title: string, desc: string, data: ArrayLike<number> | undefined, unit?: string): Channel =>
    navChannel(scan, key, title, desc, data as Float64Array, unit);
  return [
    { ...map('shift', 'shift', 'mean shift of the disks, length in pixels', length, 'px'), vectors },
    map('shift_y', 'shift along y', 'mean shift of the disks along y, pixels', shiftY, 'px'),
    map('shift_x', 'shift along x', 'mean shift of the disks along x, pixels', shiftX, 'px'),
    map('elevation', 'elevation', 'mean elevation of the disks: the quality of their positions', elevation),
    { ...map('positions', 'positions', '(y, x) of each disk, pixels', refineds.data, 'px'), shape: [...nav, disks, 2] },
    { ...map('elevations', 'elevations', 'elevation of each disk', elevations.data), shape: [...nav, disks] },
    { ...map('peaks', 'peaks', 'expected positions (y, x), pixels', peaks, 'px'), shape: [disks, 2] },
  ] as never;
}

/** Options of `createBraggAnalysis`. */
export type BraggOptions = Omit<DisksOptions, 'positions' | 'correlation' | 'refine'> &
  Pick<AnalysisParameters, 'cx' | 'cy' | 'sampling'>;

/**
 * Bragg vector map: `map`, the disks of every frame, each with the height of its correlation, relative to the centre
 * and without the distortion and descan that a calibration has; `qy` and `qx`, its axes in nm⁻¹ or mrad if the
 * calibration has their scale, otherwise in pixels; `disks`, the number of disks of each frame.
 */
export function braggAnalysis(scan: Scan, options: BraggOptions = {}): Analysis<'map' | 'qy' | 'qx' | 'disks'> {
  const what = 'createBraggAnalysis';
  optionsOf(what, 'bragg', options);
  const pattern = checkPattern(what, patternOf(scan, what, options));
  const { cx, cy } = centreOf(scan, what, options);
  const { distortion, scale, moves, notes } = calibratedBy(what, scan, options);
  const { numPeaks: most = analysisRows.numPeaks.range.fallback, minHeight = analysisRows.minHeight.range.fallback } =
    options;
  const { peakDistance: distance = Math.max(1, Math.round(pattern.radius)), sampling = 1 } = options;
  const found = { most, distance, minHeight };
  const udf = braggUdf.withParams({ cx, cy, pattern, ...found, sampling, ...distortion, descan: moves });
  return {
    name: 'bragg',
    scan,
    notes: [...notes, ...(scale.refused === undefined ? [] : [scale.refused])],
    udf: udf as AnyUdf,
    channels({ map, disks }: { readonly map: Nav; readonly disks: Nav }) {
      const shape = braggShape(scan.shape.sig, sampling);
      const axis = (k: 0 | 1): Float64Array =>
        Float64Array.from({ length: shape[k] }, (_, i) => ((i - Math.floor(shape[k] / 2)) * scale.value) / sampling);
      const step = `pixels of ${(scale.value / sampling).toPrecision(4)} ${scale.unit}, direct beam in the middle`;
      const of = (
        key: string,
        title: string,
        desc: string,
        data: ArrayLike<number>,
        size: readonly number[],
        unit?: string,
      ) => ({
        ...navChannel(scan, key, title, desc, data, unit),
        shape: size,
      });
      const axes = (['qy', 'qx'] as const).map((name, k) => ({
        name,
        unit: scale.unit,
        first: axis(k as 0 | 1)[0] as number,
        step: scale.value / sampling,
      }));
      return [
        {
          ...of('map', 'Bragg vector map', `sum of correlations at the disks of all frames: ${step}`, map.data, shape),
          axes,
        },
        of('qy', 'qy', `axis along y, ${scale.unit}`, axis(0), [shape[0]], scale.unit),
        of('qx', 'qx', `axis along x, ${scale.unit}`, axis(1), [shape[1]], scale.unit),
        navChannel(scan, 'disks', 'disks', 'number of disks of each frame', disks.data),
      ] as never;
    },
  };
}

interface LatticeResults {
  readonly a: Nav;
  readonly b: Nav;
  readonly error: Nav;
  readonly selector: ResultBuffer<'bool'>;
}

/**
 * Strain of the lattice through the disks, in the conventions of py4DSTEM: `eyy`, `exx`, `exy`, `theta` (rotation in
 * radians); `error`, the mean distance of the disks from the lattice in pixels; `disks`, the number of disks that were
 * used. NaN where no lattice fits. The reference is the median of the lattices of the region `reference`, by default of
 * all positions. Without `zero`, `a` and `b`, the first of two passes sums the frames and finds the lattice of the sum.
 */
export function strainAnalysis(
  scan: Scan,
  options: StrainAnalysisOptions = {},
): Analysis<'eyy' | 'exx' | 'exy' | 'theta' | 'error' | 'disks'> {
  const what = 'createStrainAnalysis';
  const { zero, a, b, tolerance, minWeight, minMatch } = optionsOf(what, 'strain', options);
  const axes = strainAxes(scan, what, options);
  const pattern = patternOf(scan, what, options);
  const { width, height } = detectorSize(scan, what);
  const some = [zero, a, b].filter((one) => one !== undefined).length;
  if (some > 0 && some < 3)
    throw refusal(
      what,
      (said) => `some of ${said('zero')}, ${said('a')} and ${said('b')} are given; expected all three of them, or none`,
    );
  const given = some === 3 ? ({ zero, a, b } as unknown as Lattice) : undefined;
  if (given) checkLattice(what, given);
  const region = select(options.reference, scan.shape.nav).mask;
  const find = given ? undefined : finderOf(scan, what, options, pattern);
  return inTwoPasses(
    'strain',
    scan,
    find,
    (found) => {
      const lattice = given ?? guessLattice(what, found as Int32Array, [height, width]);
      const inside = latticePeaks(lattice, cropSize(checkPattern(what, pattern)), [height, width]).peaks;
      const peaks = options.positions ?? inside;
      if (peaks.length < 3)
        throw new EwaldError(
          'Argument',
          `${what}: ${inside.length / 2} points of the lattice lie inside the frame; expected at least 3`,
        );
      const match: LatticeMatch = {
        ...lattice,
        ...(tolerance !== undefined && { tolerance }),
        ...(minWeight !== undefined && { minWeight }),
        ...(minMatch !== undefined && { minMatch }),
      };
      const udf = diskUdf({ peaks, pattern, match, ...how(options) });
      return {
        name: 'strain',
        scan,
        udf: udf as AnyUdf,
        channels: (results) => strainChannels(scan, results, region, axes),
      };
    },
    axes.notes,
  );
}

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

function strainChannels(
  scan: Scan,
  { a, b, error, selector }: LatticeResults,
  region: Uint8Array | undefined,
  { axesRotation, flipY }: StrainAxes,
) {
  const { validMask } = error;
  const vectors = ({ data }: Nav): Float64Array =>
    Float64Array.from(data, (value, k) => (validMask[k >> 1] ? value : Number.NaN));
  // Before a run, the names of its results are determined without frames.
  const nothing = new Float64Array(validMask.length).fill(Number.NaN);
  const maps = validMask.some((valid) => valid)
    ? strainMaps(vectors(a), vectors(b), { reference: region, axesRotation })
    : { eyy: nothing, exx: nothing, exy: nothing, theta: nothing };
  const sign = flipY ? -1 : 1;
  const signed = (map: Float64Array): Float64Array => map.map((value) => sign * value);
  const disks = selector.data.length / validMask.length;
  const counts = Float64Array.from(validMask, (valid, i) =>
    valid ? selector.data.subarray(i * disks, (i + 1) * disks).reduce((sum, one) => sum + one, 0) : Number.NaN,
  );
  const errors = Float64Array.from(error.data, (value, i) => (validMask[i] ? value : Number.NaN));
  return [
    navChannel(scan, 'eyy', 'strain along y', 'strain along y', maps.eyy, '1'),
    navChannel(scan, 'exx', 'strain along x', 'strain along x', maps.exx, '1'),
    navChannel(scan, 'exy', 'shear', 'shear strain', signed(maps.exy), '1'),
    navChannel(scan, 'theta', 'rotation', 'rotation of the lattice, radians', signed(maps.theta), 'rad'),
    navChannel(scan, 'error', 'error', 'mean distance of the disks from the lattice, pixels', errors, 'px'),
    navChannel(scan, 'disks', 'disks', 'number of disks that were used', counts),
  ] as never;
}
