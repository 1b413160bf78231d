/** Processes one frame, from its pixels to crystals: peaks, spots, lattices, reflections. */

import type { BackendName } from '../../compute/backends/names.js';
import { fewRule, thresholdRanges } from '../../compute/layout/indexing.js';
import { type Cell, reciprocal as reciprocalCell } from '../../crystal/cell.js';
import { primitiveOf } from '../../crystal/centring.js';
import type { Beam, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import type { RegionValues } from '../../crystal/stream/regions.js';
import type { Detector } from '../../frames/detector/detector.js';
import { areSmall } from '../../indexing/few/choice.js';
import type { Crystal, FewSpotParameters } from '../../indexing/indexer.js';
import { isNearlySymmetric } from '../../indexing/known-cells.js';
import type { Frame } from '../../peaks/contract.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { spotsOf } from '../../peaks/spots.js';
import { type DetectorFit, fitDetector } from '../../refinement/detector-fit.js';
import { upperEnd } from '../../util/median.js';
import type { FrameCentre } from '../centre/centred-beam.js';
import type { FrameGrid } from '../chip/grid.js';
import type { ImageIndexer, ImageWait } from '../image-indexers.js';
import type { CopiedHeader } from '../inputs/copied-headers.js';
import { integrationRows } from '../parameters.js';
import type { RadialProfile } from '../profile/radial-profile.js';
import type { SearchSettings } from '../settings.js';
import { isAccepted } from './accept.js';
import type { FarFrame } from './far-frame.js';
import { fewOfGeometry } from './few-of-geometry.js';
import { integrateRows, reachOf, usualRadii } from './integrate.js';
import { type IntegrationMethod, parseIntegration } from './integration-method.js';
import { crystalWith, withoutReflections } from './measured-crystal.js';
import { orient } from './orient.js';
import { type OrientedCrystal, orientedLattices } from './oriented.js';
import { type Separate, separate } from './overlaps.js';
import { type Excitation, excitationAt, predictRows } from './predict.js';
import { disturbingRadii, overprediction, profileRadiusOf, visibleRadii } from './profile-radius.js';
import {
  addPredicted,
  countSaturated,
  eachPlace,
  type Measured,
  predictedOf,
  type Reflection,
  ReflectionRows,
  removeSaturated,
} from './reflection-table.js';

/** The data required to index peaks: their detector, their beam, and the parameters. */
interface IndexSetup {
  readonly geometry: Geometry;
  readonly beam: Beam;
  readonly settings: SearchSettings;
  /** The centre of this frame, which its beam has, if it was found. */
  readonly centre?: FrameCentre | undefined;
}

/** The data required to integrate reflections. */
export interface Setup extends IndexSetup {
  readonly width: number;
  readonly bad: Uint8Array;
  /** Values outside of it are not counts; default: none. */
  readonly validRange?: Detector['validRange'] | undefined;
  readonly saturation?: Detector['saturation'];
}

/** A crystal of a frame. */
export interface FrameCrystal {
  /** Rows a, b, c in Å and a*, b*, c* in 1/Å, laboratory frame. */
  readonly cell: Cell;
  readonly reciprocal: Cell;
  readonly lengths: Crystal['lengths'];
  readonly angles: Crystal['angles'];
  readonly probability: number;
  readonly refined: boolean;
  /** Other lattices that explain its spots nearly as well, best first: rows a, b, c in Å; see `Crystal`. */
  readonly rivals: readonly Cell[];
  /** Of few spots of electrons: the lattice of the other hand, if the frame does not decide; see `Crystal`. */
  readonly otherHand?: Cell | undefined;
  /** Whether its spots told which axis is which, where the known cell is nearly more symmetric than it is. */
  readonly named: boolean;
  /** Index of the known cell to which it belongs. */
  readonly inputCell: number;
  /** Miller indices of the peaks that belong to it, h k l of each, and the index of the peak. */
  readonly indices: Int32Array;
  readonly peaks: Uint32Array;
  /** Root mean square distance of these peaks from their nodes, 1/Å. */
  readonly residual: number;
  /** The detector position according to this crystal; undefined if it has too few peaks. */
  readonly detector: DetectorFit | undefined;
  /** 1/Å: standard deviation of the Gaussian of distances from the Ewald sphere at which nodes are visible. */
  readonly profileRadius: number;
  /** Largest 1/d of its peaks in 1/Å, ignoring the highest two percent. */
  readonly resolution: number;
  /**
   * Its reflections without those that overlap a reflection of another crystal of the frame; `overlapping` is the
   * number of the latter.
   */
  readonly reflections: readonly Measured[] | undefined;
  readonly overlapping: number;
  /** Reflections with saturated pixels; they are omitted unless the method of integration keeps them. */
  readonly saturated: number;
}

/** Milliseconds per frame, by stage. */
export type StageTimes = Readonly<Record<'read' | 'peaks' | 'index' | 'integrate', number>>;

/** Backend of each stage; undefined for a stage that was not used. */
export interface StageBackends {
  readonly peaks: BackendName | undefined;
  readonly index: BackendName | undefined;
}

/** The result of a frame. */
export interface FrameResult {
  readonly peaks: PeakList;
  /** [count, 3] in 1/Å. */
  readonly spots: Float32Array;
  readonly hit: boolean;
  readonly crystals: readonly FrameCrystal[];
  /** Whether it was indexed as few spots of a small cell. */
  readonly few?: true | undefined;
  /** The beam of this frame. */
  readonly beam: Beam;
  /** Where the beam was found in this frame, which `beam` has; absent if it is where the geometry has it. */
  readonly centre?: FrameCentre | undefined;
  readonly ms: StageTimes;
  readonly backends: StageBackends;
  /** The fields of its header that the run copies (`copyHeader`); absent without any. */
  readonly headers?: readonly CopiedHeader[] | undefined;
  /** Its regions by name (`rois`); absent without any. */
  readonly rois?: RegionValues | undefined;
  /** Its well, and the number of the image by the detector (`grid`, `gridFile`, `gridFields`); absent without them. */
  readonly grid?: FrameGrid | undefined;
  /**
   * Number of pixels that are left out because the mask of the run's first file calls them bad, although that of its own
   * does not; absent without any.
   */
  readonly maskedByFirst?: number | undefined;
  /** Of raw words: the median of the pixels without light, in photons; absent where too few are without. */
  readonly unlit?: number | undefined;
  /** Its radial profile, with background, ice and spots by shell; absent unless `profile` asks for it. */
  readonly profile?: RadialProfile | undefined;
}

/** Number of lattices searched for in a frame, which may contain one or several. */
export const latticesOf = ({ thresholds, multi }: SearchSettings): number =>
  thresholds?.maxCrystals ?? thresholdRanges.maxCrystals[multi ? 'high' : 'fallback'];

/** The errors of the spots of a frame that is few spots of a small cell; undefined for others. */
function fewOfFrame(peaks: PeakList, { geometry, beam, settings, centre }: IndexSetup): FewSpotParameters | undefined {
  const { method, cells } = settings;
  if ((method !== 'few' && peaks.count > fewRule.spots) || !areSmall(cells, method)) return undefined;
  return fewOfGeometry(geometry, beam, centre);
}

/** Indexes the peaks of a frame; `known` are their spots, if somebody else needs them. */
export async function indexPeaks(
  peaks: PeakList,
  setup: IndexSetup,
  indexer: Pick<ImageIndexer, 'backend' | 'image'> | undefined,
  wait?: ImageWait,
  known?: Float32Array,
): Promise<FrameResult> {
  const { geometry, beam, settings } = setup;
  const { cells = [], minPeaks = 0, acceptBy = 'chance', tolerance } = settings;
  const maxCrystals = latticesOf(settings);
  const thresholds = { ...settings.thresholds, maxCrystals };
  const begun = performance.now();
  const spots = known ?? spotsOf(peaks, geometry, beam);
  const hit = peaks.count >= minPeaks;
  let crystals: Crystal[] = [];
  let few = false;
  if (indexer && hit && peaks.count > 0) {
    // CrystFEL's rule is applied to every candidate.
    const own = acceptBy === 'crystfel' ? { ...thresholds, acceptLog10: 0 } : thresholds;
    const view = await indexer.image({ spots, cells: [...cells], ...fewOfFrame(peaks, setup), ...own }, wait);
    crystals = view.crystals();
    few = view.few;
    if (acceptBy === 'crystfel') {
      const several = maxCrystals > 1;
      crystals = crystals.filter(({ cell, inputCell }) =>
        isAccepted(cell, cells[inputCell]?.cell, spots, several, tolerance),
      );
    }
  }
  return {
    peaks,
    spots,
    hit,
    crystals: crystals.map((crystal) => describe(crystal, peaks, spots, setup)),
    ...(few && { few }),
    beam,
    ...(setup.centre && { centre: setup.centre }),
    ms: { read: 0, peaks: 0, index: performance.now() - begun, integrate: 0 },
    backends: { peaks: undefined, index: indexer?.backend },
  };
}

/** The peaks of a frame with its lattices of known orientation, without a search. */
export function orientPeaks(
  peaks: PeakList,
  setup: IndexSetup,
  oriented: readonly OrientedCrystal[],
  known?: Float32Array,
): FrameResult {
  const { geometry, beam, settings } = setup;
  const { minPeaks = 0, knownLattices = 'refined' } = settings;
  const begun = performance.now();
  const spots = known ?? spotsOf(peaks, geometry, beam);
  const hit = peaks.count >= minPeaks;
  const isKept = knownLattices === 'kept';
  const found = isKept || hit ? orientedLattices(oriented, spots, settings) : undefined;
  const crystals = found?.lattices.map((crystal, i) =>
    describe(crystal, peaks, spots, setup, isKept ? found.of[i] : undefined),
  );
  return {
    peaks,
    spots,
    hit,
    crystals: crystals ?? [],
    beam,
    ...(setup.centre && { centre: setup.centre }),
    ms: { read: 0, peaks: 0, index: performance.now() - begun, integrate: 0 },
    backends: { peaks: undefined, index: undefined },
  };
}

/** The indices of the nonzero elements of a mask. */
function indicesOf(mask: Uint8Array): Uint32Array {
  const found = new Uint32Array(mask.length);
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) found[count++] = i;
  return found.slice(0, count);
}

/** Of each spot: h, k, l of the node next to it, the excitation error of the node, and its own 1/d. */
interface IndexedSpots {
  readonly indices: Int32Array;
  readonly errors: Float64Array;
  readonly inverseDs: Float64Array;
}

/**
 * Fills in the indices of the nodes next to a crystal's spots, their excitation errors and the 1/d of the spots.
 * Returns the sum of the squared distances of the spots from their nodes. `rows` are the cell and its reciprocal,
 * [6, 3].
 */
function indexSpots(
  rows: Float64Array,
  spots: Float32Array,
  peaks: Uint32Array,
  k0: number,
  { indices, errors, inverseDs }: IndexedSpots,
): number {
  let squares = 0;
  for (let n = 0; n < peaks.length; n++) {
    const at = 3 * (peaks[n] as number);
    const x = spots[at] as number;
    const y = spots[at + 1] as number;
    const z = spots[at + 2] as number;
    const h = Math.round((rows[0] as number) * x + (rows[1] as number) * y + (rows[2] as number) * z);
    const k = Math.round((rows[3] as number) * x + (rows[4] as number) * y + (rows[5] as number) * z);
    const l = Math.round((rows[6] as number) * x + (rows[7] as number) * y + (rows[8] as number) * z);
    indices[3 * n] = h;
    indices[3 * n + 1] = k;
    indices[3 * n + 2] = l;
    const nodeX = h * (rows[9] as number) + k * (rows[12] as number) + l * (rows[15] as number);
    const nodeY = h * (rows[10] as number) + k * (rows[13] as number) + l * (rows[16] as number);
    const nodeZ = h * (rows[11] as number) + k * (rows[14] as number) + l * (rows[17] as number);
    squares += (nodeX - x) ** 2 + (nodeY - y) ** 2 + (nodeZ - z) ** 2;
    errors[n] = Math.abs(excitationAt(nodeX, nodeY, nodeZ, k0));
    inverseDs[n] = Math.sqrt(x * x + y * y + z * z);
  }
  return squares;
}

/** A crystal by its lattice; `kept` is that of which orientation, radius and resolution stay as they are. */
function describe(
  crystal: Crystal,
  list: PeakList,
  spots: Float32Array,
  setup: IndexSetup,
  kept?: OrientedCrystal,
): FrameCrystal {
  const { geometry, beam, settings } = setup;
  const known = settings.cells?.[crystal.inputCell];
  const peaks = indicesOf(crystal.mask);
  const turned = kept ? undefined : orient(crystal.cell, crystal.reciprocal, spots, peaks, beam.wavelengthA);
  const { cell, reciprocal } = turned ?? crystal;
  const count = peaks.length;
  const indices = new Int32Array(3 * count);
  const errors = new Float64Array(count);
  const inverseDs = new Float64Array(count);
  const rows = Float64Array.from([...cell, ...reciprocal].flat());
  const squares = indexSpots(rows, spots, peaks, 1 / beam.wavelengthA, { indices, errors, inverseDs });
  return {
    cell,
    reciprocal,
    lengths: crystal.lengths,
    angles: crystal.angles,
    probability: crystal.probability,
    refined: crystal.refined,
    rivals: crystal.rivals,
    ...(crystal.otherHand && { otherHand: crystal.otherHand.cell }),
    named:
      (crystal.labelsDecided ?? !crystal.ambiguous) &&
      known !== undefined &&
      isNearlySymmetric(primitiveOf(known.cell, known.centring)),
    inputCell: crystal.inputCell,
    indices,
    peaks,
    residual: Math.sqrt(squares / Math.max(1, count)),
    detector: known && fitDetector(cell, known.cell, { peaks: list, indexed: peaks, indices }, { geometry, beam }),
    profileRadius:
      settings.fixProfileRadius === undefined
        ? (kept?.profileRadius ?? profileRadiusOf(errors))
        : settings.fixProfileRadius / 1e10,
    resolution: kept?.resolution ?? upperEnd(inverseDs, 0.02),
    reflections: undefined,
    overlapping: 0,
    saturated: 0,
  };
}

/** The criteria by which a crystal's reflections are predicted. */
function excitationOfCrystal(crystal: FrameCrystal, { geometry, settings }: IndexSetup): Excitation {
  const { pushRes = integrationRows.pushRes.range.fallback, highres = 0, overpredict = false } = settings;
  const { profileRadius } = crystal;
  return {
    profileRadius,
    reach: visibleRadii * profileRadius * (overpredict ? overprediction : 1),
    bandwidth: geometry.bandwidth ?? 0,
    maxInverseD: Math.min(1 / highres, crystal.resolution + pushRes / 10),
  };
}

function addPredictedBy(rows: ReflectionRows, crystal: FrameCrystal, excitation: Excitation, setup: IndexSetup): void {
  const { geometry, beam, settings } = setup;
  const centring = settings.cells?.[crystal.inputCell]?.centring ?? 'P';
  predictRows(rows, reciprocalCell(crystal.cell), centring, geometry, beam, excitation);
}

function predictWith(crystal: FrameCrystal, excitation: Excitation, setup: IndexSetup): Reflection[] {
  const rows = new ReflectionRows();
  addPredictedBy(rows, crystal, excitation, setup);
  return predictedOf(rows);
}

/** Predicts the positions of a crystal's reflections. */
export const predictCrystal = (crystal: FrameCrystal, setup: IndexSetup): Reflection[] =>
  predictWith(crystal, excitationOfCrystal(crystal, setup), setup);

/**
 * The reflections of a crystal that may disturb those of other crystals: they are predicted farther from the Ewald
 * sphere, and beyond the limits of resolution, because a strong one is seen where only a little of it is recorded.
 */
function disturbing(crystal: FrameCrystal, setup: IndexSetup): Reflection[] {
  const excitation = excitationOfCrystal(crystal, setup);
  const reach = Math.max(excitation.reach, disturbingRadii * crystal.profileRadius);
  return predictWith(crystal, { ...excitation, reach, maxInverseD: Number.POSITIVE_INFINITY }, setup);
}

/** The rows of the crystal that is being measured; memory allocated for each frame would have to be collected. */
const scratch = new ReflectionRows();

/**
 * The crystals of a frame with the intensities of their reflections, unless the parameters disable integration. Those
 * that overlap reflections of another crystal are omitted, and counted.
 */
export function integrateCrystals(frame: Frame, crystals: readonly FrameCrystal[], setup: Setup): FrameCrystal[] {
  if (setup.settings.integrate === false) return [...crystals];
  return toMeasure(crystals, setup).map((one) => {
    scratch.count = 0;
    one.predict(scratch);
    return measuredCrystal(frame, one, setup, scratch);
  });
}

/** Like `integrateCrystals`, of a frame on a device: the pixels of the discs are brought here. */
export async function integrateFar(
  far: FarFrame,
  crystals: readonly FrameCrystal[],
  setup: Setup,
): Promise<FrameCrystal[]> {
  const { integrate: isWanted = true, intRadius = usualRadii } = setup.settings;
  if (!isWanted) return [...crystals];
  const { panels } = setup.geometry;
  const reach = reachOf(intRadius, methodOf(setup));
  const predicted = toMeasure(crystals, setup).map((one) => {
    const rows = new ReflectionRows();
    one.predict(rows);
    eachPlace(rows, (panel, fs, ss) => {
      const { minFs, minSs } = panels[panel] as Panel;
      far.tiles.around(Math.floor(fs) + minFs, Math.floor(ss) + minSs, reach);
    });
    return { one, rows };
  });
  await far.bring();
  return predicted.map(({ one, rows }) => measuredCrystal(far.frame(), one, setup, rows));
}

const methodOf = ({ settings }: Setup): IntegrationMethod =>
  parseIntegration(settings.integration ?? integrationRows.integration.fallback);

/** A crystal whose reflections are to be measured. */
interface ToMeasure extends Partial<Pick<Separate, 'near' | 'overlapping'>> {
  readonly crystal: FrameCrystal;
  /** Appends its reflections. */
  predict(rows: ReflectionRows): void;
}

function toMeasure(crystals: readonly FrameCrystal[], setup: Setup): ToMeasure[] {
  const [only, ...others] = crystals;
  if (!only) return [];
  if (others.length === 0)
    return [{ crystal: only, predict: (rows) => addPredictedBy(rows, only, excitationOfCrystal(only, setup), setup) }];
  const separated = separate(
    crystals.map((crystal) => predictCrystal(crystal, setup)),
    setup.settings.intRadius ?? usualRadii,
    crystals.map((crystal) => disturbing(crystal, setup)),
  );
  return crystals.map((crystal, i) => {
    const { reflections = [], near = [], overlapping = 0 } = separated[i] ?? {};
    return { crystal, near, overlapping, predict: (rows) => addPredicted(rows, reflections) };
  });
}

/** A crystal with the intensities of predicted reflections. */
function measuredCrystal(
  frame: Frame,
  { crystal, near = [], overlapping = 0 }: ToMeasure,
  setup: Setup,
  rows: ReflectionRows,
): FrameCrystal {
  const { settings, ...recorded } = setup;
  const method = methodOf(setup);
  integrateRows({ frame, ...recorded }, rows, settings.intRadius ?? usualRadii, { near, method });
  const saturated = countSaturated(rows);
  if (saturated > 0 && !method.saturated) removeSaturated(rows);
  return crystalWith({ ...withoutReflections(crystal), overlapping, saturated }, rows.table());
}
