/**
 * Determines the geometry of a run before its frames are searched: the first crystals show where the detector and its
 * panels are. The result depends only on the first frames, so all workers, shards and resumed runs use the same
 * geometry.
 */

import type { PlatformSignal } from '../../../base/globals.js';
import { checkSignal } from '../../../base/options.js';
import type { Beam, Geometry } from '../../../crystal/geometry/geometry.js';
import { type GeometryCrystal, type GeometryRefinement, refineGeometry } from '../../refinement/refine-geometry.js';
import { doubtText, explainedFraction } from '../doubt.js';
import type { FirstFrames } from '../first-frames/tune.js';
import type { OpenFrameSearcher } from '../frame-searcher.js';
import { type FoundFrames, frameKey, searchAll } from '../search-all.js';
import type { SearchSettings } from '../settings.js';
import { type FrameResult, indexPeaks } from '../stages/frame.js';
import { coarseSearch, explainedPeaks, explainedShare } from './coarse-search.js';

/**
 * Numbers of crystals and of pairs per panel after which no more frames are searched, and the maximum number of frames.
 */
const [enoughCrystals, enoughPairs, mostFrames] = [60, 100, 200];
/** Frames are indexed again with the refined geometry; the second round refines it on the crystals found then. */
const rounds = 2;

/** The properties of a run that are required to determine its geometry. */
interface SettlingGeometry {
  readonly searcher: OpenFrameSearcher;
  readonly settings: SearchSettings;
  readonly firstFrames: FirstFrames;
  /** The geometry as it was given, or as the first file describes it. */
  readonly geometry: Geometry;
  /** Whether the cell is known from elsewhere, so that it fixes the distance. */
  readonly isCellGiven: boolean;
  /** Whether its size is right to the last digit. */
  readonly trustCell: boolean;
  /** Whether panels are refined. */
  readonly panels: boolean;
  readonly signal: PlatformSignal | undefined;
  /**
   * Receives the results of the frames that are searched, without intensities, so that they need not be searched again
   * if nothing moves.
   */
  readonly found: FoundFrames;
}

/** A refined geometry, and the frames that were searched for it. */
export interface SettledGeometry extends GeometryRefinement {
  readonly frames: number;
  /** Why the crystals are not trusted; undefined if they are. */
  readonly doubt?: string | undefined;
}

/** The outcome of a refinement, with what a run learns from the frames that were searched for it. */
export interface Settlement extends SettledGeometry {
  /**
   * Fractions of the peaks that the crystals of each frame explain, with the refined geometry. If they are too low,
   * nothing moves, because a geometry would be fitted to a wrong cell.
   */
  readonly explained: readonly number[];
  /** The fraction of all peaks of these frames that belong to crystals; 0 without a peak. */
  readonly share: number;
  /** Spots of the frames in 1/Å, with the refined geometry. */
  readonly spots: readonly Float32Array[];
  /** Whether the distance was fitted on enough crystals of a known cell; it may be the given one. */
  readonly isDistanceFitted: boolean;
}

/** A refinement, and the frames indexed with its geometry. */
interface Refined extends Omit<Settlement, 'isDistanceFitted'> {
  readonly results: readonly FrameResult[];
}

/** Refines the geometry of a run on its first crystals. Throws `Aborted`, `DeviceLost`. */
export async function settleGeometry(scene: SettlingGeometry): Promise<Settlement> {
  const { results, frames } = await firstResults(scene);
  const { isCellGiven } = scene;
  const { results: _, ...refined } = await refinedOn(results, frames, scene);
  const isDistanceFitted = isCellGiven && refined.doubt === undefined && refined.cells.length > 0;
  return { ...refined, isDistanceFitted };
}

/** Refines the geometry on the crystals of frames; the distance only with a cell that was given. */
async function refinedOn(results: readonly FrameResult[], frames: number, scene: SettlingGeometry): Promise<Refined> {
  const { searcher, settings, geometry, signal, panels } = scene;
  const unmoved = (refined: GeometryRefinement, explained = explainedFractions(results)): Refined => ({
    ...refined,
    geometry,
    moved: [],
    frames,
    explained,
    share: explainedShare(results),
    results,
    spots: results.map(({ spots }) => spots),
  });
  const options = { distance: scene.isCellGiven, panels, trustCell: scene.trustCell };
  const own = searcher.detector.geometry;
  const { isCellGiven } = scene;
  const coarse = await coarseSearch(results, { searcher, settings, distance: isCellGiven, signal });
  const { doubt } = coarse;
  let refined = refineGeometry(
    geometry,
    doubt === undefined ? crystalsOf(coarse.results ?? results, settings, own) : [],
    options,
  );
  if (refined.moved.length === 0) return { ...unmoved(refined), doubt };
  let explained = explainedPeaks(results);
  let latest = results;
  for (let round = 0; round < rounds; round++) {
    const stacked = likeStacked(refined.geometry, own);
    const again: FrameResult[] = [];
    for (const { peaks, beam } of results) {
      checkSignal(signal);
      const scene = { geometry: stacked, beam: movedBeam(beam, refined.geometry), settings };
      again.push(await indexPeaks(peaks, scene, await searcher.indexerFor(settings, peaks.count)));
    }
    const now = explainedPeaks(again);
    // A better geometry explains more peaks.
    if (now < explained) return unmoved(refined);
    explained = now;
    latest = again;
    if (round === rounds - 1) break;
    // The motion is measured from the given geometry, so the new crystals are used with the original beams of their
    // frames.
    const crystals = again.map((one, i) => ({ ...one, beam: results[i]?.beam ?? one.beam }));
    refined = refineGeometry(geometry, crystalsOf(crystals, settings, own), options);
    if (refined.moved.length === 0) return unmoved(refined);
  }
  const fractions = explainedFractions(latest);
  if (doubtText(fractions) !== undefined) return unmoved(refined, fractions);
  const share = explainedShare(latest);
  return { ...refined, frames, explained: fractions, share, results: latest, spots: latest.map(({ spots }) => spots) };
}

const explainedFractions = (results: readonly FrameResult[]): number[] =>
  results.map(explainedFraction).filter((one) => one !== undefined);

/**
 * Searches the first frames until there are enough crystals; frames that cannot be read are reported later, when the
 * run reaches them.
 */
async function firstResults({
  searcher,
  settings,
  firstFrames,
  geometry,
  signal,
  found,
}: SettlingGeometry): Promise<{ readonly results: FrameResult[]; readonly frames: number }> {
  searcher.settings = { ...settings, integrate: false };
  await searcher.indexerFor(settings);
  const jobs = async function* () {
    for await (const { dataset, frames } of firstFrames(mostFrames))
      for (const frame of frames)
        yield { dataset, frame, origin: { filename: frameKey(dataset, frame), event: frame, serial: frame } };
  };
  const results: FrameResult[] = [];
  let [frames, crystals, pairs] = [0, 0, 0];
  for await (const { result, origin } of searchAll([searcher], jobs(), signal)) {
    frames++;
    if (result) found.set(origin.filename, result);
    if (!result?.hit) continue;
    results.push(result);
    crystals += result.crystals.length;
    pairs += explainedPeaks([result]);
    if (crystals >= enoughCrystals && pairs >= enoughPairs * geometry.panels.length) break;
  }
  return { results, frames };
}

/** The crystals of frames, with the known cells and the peaks that belong to them. */
export function crystalsOf(
  results: readonly Pick<FrameResult, 'peaks' | 'crystals' | 'beam'>[],
  { cells = [] }: SearchSettings,
  geometry: Geometry,
): GeometryCrystal[] {
  return results.flatMap(({ peaks, crystals, beam }) =>
    crystals.map(({ cell, inputCell, indices, peaks: own }): GeometryCrystal => {
      const panels = Array.from(own, (i) => peaks.panel[i] as number);
      const { cell: known, lengthErrorsA } = cells[inputCell] ?? {};
      return {
        beam,
        cell,
        known,
        lengthErrorsA,
        indices,
        panel: panels,
        fs: Array.from(own, (i, n) => (peaks.fs[i] as number) - (geometry.panels[panels[n] as number]?.minFs ?? 0)),
        ss: Array.from(own, (i, n) => (peaks.ss[i] as number) - (geometry.panels[panels[n] as number]?.minSs ?? 0)),
      };
    }),
  );
}

/** The refined panels, with the rows of the geometry with which frames are searched, in which modules are stacked. */
const likeStacked = (refined: Geometry, own: Geometry): Geometry => ({
  ...own,
  panels: own.panels.map((panel, i) => {
    const { corner, fs, ss, offsetM } = refined.panels[i] ?? panel;
    return { ...panel, corner, fs, ss, offsetM };
  }),
});

/** The beam of a frame with a refined geometry; values that the frame states itself are kept. */
function movedBeam(beam: Beam, { distance, shift }: Geometry): Beam {
  const [x, y] = shift;
  return {
    ...beam,
    distanceM: distance && 'value' in distance ? distance.value : beam.distanceM,
    shiftM: ['value' in x ? x.value : beam.shiftM[0], 'value' in y ? y.value : beam.shiftM[1]],
  };
}
