/** Processes one frame, from its pixels to crystals: peaks, spots, lattices, reflections. */
import type { BackendName } from '../backends/names.js';
import type { Cell, Vector } from '../crystal/cell.js';
import { dot, reciprocal as reciprocalCell } from '../crystal/cell.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import type { Crystal, Indexer } from '../indexing/indexer.js';
import { thresholdRanges } from '../layout/indexing.js';
import type { Frame } from '../peaks/contract.js';
import type { PeakList } from '../peaks/peak-list.js';
import { spotsOf } from '../peaks/spots.js';
import { isAccepted } from './accept.js';
import type { CopiedHeader } from './copied-headers.js';
import { type DetectorFit, fitDetector } from './detector-fit.js';
import { integrate, type Measured, type RingRadii } from './integrate.js';
import { parseIntegration } from './integration-method.js';
import { orient } from './orient.js';
import { separate } from './overlaps.js';
import { integrationRows } from './parameters.js';
import { type Excitation, excitationOf, predict, type Reflection } from './predict.js';
import { disturbingRadii, overprediction, profileRadiusOf, visibleRadii } from './profile-radius.js';
import type { SearchSettings } from './settings.js';

/** The data required to index peaks: their detector, their beam, and the parameters. */
export interface IndexScene {
  readonly geometry: Geometry;
  readonly beam: Beam;
  readonly settings: SearchSettings;
}

/** The data required to integrate reflections. */
export interface Scene extends IndexScene {
  readonly width: number;
  readonly bad: Uint8Array;
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
  /** Reflections with pixels above `max_adu`; they are omitted unless the method of integration keeps them. */
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
  /** The beam of this frame. */
  readonly beam: Beam;
  readonly ms: StageTimes;
  readonly backends: StageBackends;
  /** The fields of its header that the run copies (`copyHeader`); absent without any. */
  readonly headers?: readonly CopiedHeader[];
}

const usualRadii: RingRadii = [4, 5, 7];
/** Number of lattices searched for if a frame may contain several. */
const mostLattices = thresholdRanges.maxCrystals.high;

/** The largest of some numbers, ignoring a fraction `share` of them. */
export function upperEnd(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => b - a);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Indexes the peaks of a frame. */
export async function indexPeaks(
  peaks: PeakList,
  scene: IndexScene,
  indexer: Indexer | undefined,
): Promise<FrameResult> {
  const { geometry, beam, settings } = scene;
  const { cells = [], minPeaks = 0, acceptBy = 'chance', tolerance } = settings;
  const thresholds = { maxCrystals: settings.multi ? mostLattices : 1, ...settings.thresholds };
  const begun = performance.now();
  const spots = spotsOf(peaks, geometry, beam);
  const hit = peaks.count >= minPeaks;
  let crystals: Crystal[] = [];
  if (indexer && hit && peaks.count > 0) {
    // CrystFEL's rule is applied to every candidate.
    const own = acceptBy === 'crystfel' ? { ...thresholds, acceptLog10: 0 } : thresholds;
    const result = await indexer.run({ spots, cells: [...cells], ...own });
    crystals = result.image(0).crystals();
    if (acceptBy === 'crystfel') {
      const several = thresholds.maxCrystals > 1;
      crystals = crystals.filter(({ cell, inputCell }) =>
        isAccepted(cell, cells[inputCell]?.cell, spots, several, tolerance),
      );
    }
  }
  return {
    peaks,
    spots,
    hit,
    crystals: crystals.map((crystal) => describe(crystal, peaks, spots, scene)),
    beam,
    ms: { read: 0, peaks: 0, index: performance.now() - begun, integrate: 0 },
    backends: { peaks: undefined, index: indexer?.backend },
  };
}

function describe(crystal: Crystal, list: PeakList, spots: Float32Array, scene: IndexScene): FrameCrystal {
  const { geometry, beam, settings } = scene;
  const known = settings.cells?.[crystal.inputCell];
  const peaks = Uint32Array.from(crystal.mask.keys()).filter((i) => crystal.mask[i]);
  const { cell, reciprocal } = orient(crystal.cell, crystal.reciprocal, spots, peaks, beam.wavelengthA) ?? crystal;
  const indices: number[] = [];
  const errors: number[] = [];
  const inverseDs: number[] = [];
  let squares = 0;
  for (const i of peaks) {
    const q: Vector = [spots[3 * i] ?? 0, spots[3 * i + 1] ?? 0, spots[3 * i + 2] ?? 0];
    const [h, k, l] = [Math.round(dot(cell[0], q)), Math.round(dot(cell[1], q)), Math.round(dot(cell[2], q))];
    indices.push(h, k, l);
    // Triples are written out: arrays made by `map` have a different hidden class, for which the engine would
    // deoptimise and recompile all code specialised for array literals.
    const node: Vector = [
      h * reciprocal[0][0] + k * reciprocal[1][0] + l * reciprocal[2][0],
      h * reciprocal[0][1] + k * reciprocal[1][1] + l * reciprocal[2][1],
      h * reciprocal[0][2] + k * reciprocal[1][2] + l * reciprocal[2][2],
    ];
    squares += (node[0] - q[0]) ** 2 + (node[1] - q[1]) ** 2 + (node[2] - q[2]) ** 2;
    errors.push(Math.abs(excitationOf(node, beam.wavelengthA)));
    inverseDs.push(Math.hypot(...q));
  }
  return {
    cell,
    reciprocal,
    lengths: crystal.lengths,
    angles: crystal.angles,
    probability: crystal.probability,
    refined: crystal.refined,
    rivals: crystal.rivals,
    inputCell: crystal.inputCell,
    indices: Int32Array.from(indices),
    peaks,
    residual: Math.sqrt(squares / Math.max(1, peaks.length)),
    detector: known && fitDetector(cell, known.cell, list, [...peaks], indices, geometry, beam),
    profileRadius: settings.fixProfileRadius === undefined ? profileRadiusOf(errors) : settings.fixProfileRadius / 1e10,
    resolution: upperEnd(inverseDs, 0.02),
    reflections: undefined,
    overlapping: 0,
    saturated: 0,
  };
}

/** The criteria by which a crystal's reflections are predicted. */
function excitationOfCrystal(crystal: FrameCrystal, { geometry, settings }: IndexScene): Excitation {
  const { pushRes = integrationRows.pushRes.range.fallback, highres = 0, overpredict = false } = settings;
  const { profileRadius } = crystal;
  return {
    profileRadius,
    reach: visibleRadii * profileRadius * (overpredict ? overprediction : 1),
    bandwidth: geometry.bandwidth ?? 0,
    maxInverseD: Math.min(1 / highres, crystal.resolution + pushRes / 10),
  };
}

function predictWith(crystal: FrameCrystal, excitation: Excitation, scene: IndexScene): Reflection[] {
  const { geometry, beam, settings } = scene;
  const centring = settings.cells?.[crystal.inputCell]?.centring ?? 'P';
  return predict(reciprocalCell(crystal.cell), centring, geometry, beam, excitation);
}

/** Predicts the positions of a crystal's reflections. */
export const predictCrystal = (crystal: FrameCrystal, scene: IndexScene): Reflection[] =>
  predictWith(crystal, excitationOfCrystal(crystal, scene), scene);

/**
 * The reflections of a crystal that may disturb those of other crystals: they are predicted farther from the Ewald
 * sphere, and beyond the limits of resolution, because a strong one is seen where only a little of it is recorded.
 */
function disturbing(crystal: FrameCrystal, scene: IndexScene): Reflection[] {
  const excitation = excitationOfCrystal(crystal, scene);
  const reach = Math.max(excitation.reach, disturbingRadii * crystal.profileRadius);
  return predictWith(crystal, { ...excitation, reach, maxInverseD: Number.POSITIVE_INFINITY }, scene);
}

/**
 * The crystals of a frame with the intensities of their reflections, unless the parameters disable integration. Those
 * that overlap reflections of another crystal are omitted, and counted.
 */
export function integrateCrystals(frame: Frame, crystals: readonly FrameCrystal[], scene: Scene): FrameCrystal[] {
  const { integrate: isWanted = true, intRadius = usualRadii } = scene.settings;
  if (!isWanted) return [...crystals];
  const { width, bad, geometry } = scene;
  const method = parseIntegration(scene.settings.integration ?? integrationRows.integration.fallback);
  const separated = separate(
    crystals.map((crystal) => predictCrystal(crystal, scene)),
    intRadius,
    crystals.length > 1 ? crystals.map((crystal) => disturbing(crystal, scene)) : [],
  );
  return crystals.map((crystal, i) => {
    const { reflections = [], near = [], overlapping = 0 } = separated[i] ?? {};
    const measured = integrate(frame, width, bad, geometry, reflections, intRadius, { near, method });
    const saturated = measured.filter((one) => one.saturated).length;
    const wanted = saturated === 0 || method.saturated ? measured : measured.filter((one) => !one.saturated);
    return { ...crystal, overlapping, saturated, reflections: wanted };
  });
}
