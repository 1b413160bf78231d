/**
 * Determines the geometry of a run before its frames are searched: the first crystals show where the detector and its
 * panels are. The result depends only on the first frames, so all workers, shards and resumed runs use the same
 * geometry.
 */

import { anglesOf, type Cell, lengthsOf, type Vector } from '../../crystal/cell.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { selectPeaks } from '../../peaks/peak-list.js';
import { refinementText } from '../../refinement/geometry-text.js';
import {
  explainedFlags,
  type FoundPanel,
  foundPanels,
  type IndexedPeaks,
  movedWithFound,
  sharesOf,
  unexplainedPanels,
  unexplainedText,
  withFoundPanels,
} from '../../refinement/misplaced.js';
import { type GeometryCrystal, type GeometryRefinement, refineGeometry } from '../../refinement/refine-geometry.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import { doubtText, explainedFraction } from '../doubt.js';
import type { FirstFrames } from '../first-frames/tune.js';
import type { OpenFrameSearcher } from '../frame-searcher.js';
import { type FoundFrames, frameKey } from '../one-frame.js';
import { searchAll } from '../search-all.js';
import type { SearchSettings } from '../settings.js';
import { type FrameResult, indexPeaks } from '../stages/frame.js';
import { coarseSearch, explainedPeaks, explainedShare } from './coarse-search.js';

/**
 * Numbers of crystals and of pairs per panel after which no more frames are searched, and the maximum number of frames.
 */
const [enoughCrystals, enoughPairs, maxFrames] = [60, 100, 200];
/**
 * Relative error of the edges of a cell that was determined from the same frames: as large as that of a distance that
 * was guessed, by which all of them are too long.
 */
const unknownSize = 0.1;
/** A known edge that differs by more, relative, is wrong: frozen cells shrink by half of that. */
const wrongLength = 0.01;
/** The lattice of a wrong distance is bent to its peaks, so that the right one may lose a few that it gained. */
const stillAsMany = 0.98;
/** Frames are indexed again with the refined geometry; the second round refines it on the crystals found then. */
const rounds = 2;

/** The properties of a run with which its first frames are searched. */
interface FirstSearch {
  readonly searcher: OpenFrameSearcher;
  readonly settings: SearchSettings;
  readonly firstFrames: FirstFrames;
  readonly signal: PlatformSignal | undefined;
  /**
   * Receives the results of the frames that are searched, without intensities, so that they need not be searched again
   * if nothing moves.
   */
  readonly found: FoundFrames;
}

/** The properties of a run that are required to determine its geometry. */
export interface SettlingGeometry extends FirstSearch {
  /** The geometry as it was given, or as the first file describes it. */
  readonly geometry: Geometry;
  /** An earlier outcome, with whose geometry frames are indexed first; by default the given one. */
  readonly start: Pick<Settlement, 'geometry' | 'replaced'> | undefined;
  /** Whether the cell is known from elsewhere; one that was determined from the same frames has any size. */
  readonly isCellGiven: boolean;
  /** Whether its size is right to the last digit. */
  readonly trustCell: boolean;
  /** Whether panels are refined. */
  readonly panels: boolean;
  /** Receives the results of these frames with the geometry that is used in the end. */
  readonly onResults?: ((results: readonly FrameResult[]) => void) | undefined;
}

/** A refined geometry, and the frames that were searched for it. */
export interface SettledGeometry extends GeometryRefinement {
  readonly frames: number;
  /** Why a motion that the crystals suggest was not applied; undefined if it was, or if nothing moves. */
  readonly rejected?: string | undefined;
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
  /** Whether the distance was fitted on enough crystals; it may be the given one. */
  readonly isDistanceFitted: boolean;
  /** Panels that were found elsewhere than the geometry says, which `moved` contains. */
  readonly replaced: readonly FoundPanel[];
  /** Panels whose peaks crystals do not explain wherever they are, in words; undefined without any. */
  readonly unexplained: string | undefined;
}

/** A refinement, and the frames indexed with its geometry. */
interface Refined extends Omit<Settlement, 'isDistanceFitted' | 'replaced' | 'unexplained'> {
  readonly results: readonly FrameResult[];
}

/** Refines the geometry of a run on its first crystals. Throws `Aborted`, `DeviceLost`. */
export async function settleGeometry(setup: SettlingGeometry): Promise<Settlement> {
  const { results, frames } = await firstResults(setup, {
    crystals: enoughCrystals,
    peaks: enoughPairs * setup.geometry.panels.length,
  });
  const { replaced, ...begin } = await withPanelsFound(results, setup);
  const { results: latest, ...refined } = await refinedOn(begin.results, frames, {
    ...setup,
    geometry: begin.geometry,
  });
  setup.onResults?.(latest);
  const isDistanceFitted = refined.doubt === undefined && refined.cells.length > 0;
  const { geometry } = setup;
  const moved = movedWithFound(geometry, replaced, refined.moved);
  // Where a panel has been found, its peaks were still searched for at another distance from the beam.
  const left = unexplainedIn(latest, refined.geometry, setup.searcher.detector.geometry).filter(
    ({ panel: one }) => !replaced.some(({ panel }) => panel === one),
  );
  const unexplained = refined.doubt === undefined ? unexplainedText(geometry, left) : undefined;
  return { ...refined, moved, isDistanceFitted, replaced, unexplained };
}

/** The frames indexed again with another geometry; they keep the given beams, from which motions are measured. */
async function indexedAgain(
  results: readonly FrameResult[],
  moved: Geometry,
  { searcher, signal }: Pick<SettlingGeometry, 'searcher' | 'signal'>,
  used: SearchSettings,
): Promise<FrameResult[]> {
  const stacked = likeStacked(moved, searcher.detector.geometry);
  const again: FrameResult[] = [];
  for (const { peaks, beam } of results) {
    checkSignal(signal);
    const at = { geometry: stacked, beam: movedBeam(beam, moved), settings: used };
    again.push({ ...(await indexPeaks(peaks, at, await searcher.indexerFor(used, peaks.count))), beam });
  }
  return again;
}

/** The panels of whose peaks far fewer belong to crystals than of those of the others. */
function unexplainedIn(results: readonly FrameResult[], geometry: Geometry, own: Geometry) {
  const frames = indexedPeaksOf(results, own);
  const [first] = frames;
  return first ? unexplainedPanels(geometry, sharesOf(geometry.panels.length, frames), first.beam.shiftM) : [];
}

/**
 * The given geometry with the panels that crystals of the others find elsewhere, and the frames indexed with it, if they
 * explain more peaks there.
 */
async function withPanelsFound(
  results: readonly FrameResult[],
  setup: SettlingGeometry,
): Promise<Pick<Refined, 'geometry' | 'results'> & Pick<Settlement, 'replaced'>> {
  const { geometry, settings, searcher, panels, start } = setup;
  const kept = { geometry, results, replaced: [] };
  if (start) return { ...kept, geometry: withFoundPanels(geometry, start.replaced), replaced: start.replaced };
  if (!panels || geometry.panels.length < 2) return kept;
  const own = searcher.detector.geometry;
  const found = foundPanels(geometry, indexedPeaksOf(results, own), unexplainedIn(results, geometry, own));
  if (found.length === 0) return kept;
  const moved = withFoundPanels(geometry, found);
  const again = await indexedAgain(withoutNoise(results, found), moved, setup, settings);
  return explainedPeaks(again) > explainedPeaks(results) ? { geometry: moved, results: again, replaced: found } : kept;
}

/** Frames without the noise that was found on panels where their geometry has them at another distance from the beam. */
function withoutNoise(results: readonly FrameResult[], found: readonly FoundPanel[]): FrameResult[] {
  const least = new Map(found.map(({ panel, leastIntensity }) => [panel, leastIntensity]));
  return results.map((result) => {
    const { panel, intensity } = result.peaks;
    const isKept = (i: number): boolean => (intensity[i] as number) >= (least.get(panel[i] as number) ?? 0);
    return { ...result, peaks: selectPeaks(result.peaks, isKept) };
  });
}

/** The peaks of frames that have crystals, and which of them these explain. */
function indexedPeaksOf(results: readonly FrameResult[], { panels }: Geometry): IndexedPeaks[] {
  return results.flatMap(({ peaks, crystals, beam }) => {
    if (crystals.length === 0) return [];
    const explained = explainedFlags(peaks.count, crystals);
    const { count, panel, intensity } = peaks;
    const within = (values: ArrayLike<number>, axis: 'minFs' | 'minSs'): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => (values[i] as number) - (panels[panel[i] as number]?.[axis] ?? 0));
    const cells = crystals.map(({ cell }) => cell);
    const [fs, ss] = [within(peaks.fs, 'minFs'), within(peaks.ss, 'minSs')];
    return [{ beam, count, panel, fs, ss, intensity, explained, cells }];
  });
}

/** Refines the geometry on the crystals of frames; a cell that was determined from them is of any size. */
async function refinedOn(results: readonly FrameResult[], frames: number, setup: SettlingGeometry): Promise<Refined> {
  const { searcher, settings, geometry, signal, panels, isCellGiven } = setup;
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
  const own = searcher.detector.geometry;
  const indexedAt = (moved: Geometry, used: SearchSettings): Promise<FrameResult[]> =>
    indexedAgain(results, moved, setup, used);
  const coarse = setup.start
    ? { results: await indexedAt(setup.start.geometry, settings), doubt: undefined }
    : await coarseSearch(results, { searcher, settings, distance: isCellGiven, signal });
  const { doubt } = coarse;
  const refine = (some: readonly FrameResult[], used: SearchSettings): GeometryRefinement => {
    const crystals = doubt === undefined ? crystalsOf(some, { isCellGiven, settings: used }, own) : [];
    const options = { panels, trustCell: setup.trustCell };
    const free = refineGeometry(geometry, crystals, options);
    // The distance stays where peaks do not tell it from the size of a cell that was determined from them.
    const isFree = isCellGiven || free.isDistanceKnown;
    return isFree ? free : refineGeometry(geometry, crystals, { ...options, distance: false });
  };
  let refined = refine(coarse.results ?? results, settings);
  if (refined.moved.length === 0) return { ...unmoved(refined), doubt };
  let explained = explainedPeaks(results);
  let latest = results;
  for (let round = 0; round < rounds; round++) {
    const [cell] = refined.cells;
    // A cell that was determined from the frames changes with the distance.
    const used = isCellGiven || !cell ? settings : withCell(settings, cell.found);
    const again = await indexedAt(refined.geometry, used);
    const now = explainedPeaks(again);
    // A better geometry explains more peaks, unless the known cell is wrong as well.
    const least = (isCellGiven ? 1 : stillAsMany) * explained;
    if (now < least) return { ...unmoved(refined), rejected: rejectedText(refined, settings, [now, explained]) };
    explained = now;
    latest = again;
    if (round === rounds - 1) break;
    refined = refine(again, used);
    if (refined.moved.length === 0) return unmoved(refined);
  }
  const fractions = explainedFractions(latest);
  if (doubtText(fractions) !== undefined) return unmoved(refined, fractions);
  const share = explainedShare(latest);
  return { ...refined, frames, explained: fractions, share, results: latest, spots: latest.map(({ spots }) => spots) };
}

const withCell = (settings: SearchSettings, cell: Cell): SearchSettings => ({
  ...settings,
  cells: (settings.cells ?? []).map((knownCell) => ({ ...knownCell, cell })),
});

/** Why a distance is not applied with which a known cell that is wrong as well explains fewer peaks. */
function rejectedText(
  refined: GeometryRefinement,
  { cells = [] }: SearchSettings,
  [now, before]: readonly [number, number],
): string | undefined {
  const [cell] = refined.cells;
  const [whole] = refined.moved;
  if (!cell || !whole || whole.name !== undefined || whole.shiftM[2] === 0) return undefined;
  const [lengths, known] = [lengthsOf(cell.found), lengthsOf(cell.known)];
  if (lengths.every((x, i) => Math.abs(x / (known[i] as number) - 1) < wrongLength)) return undefined;
  const numbers = [...lengths, ...anglesOf(cell.found)].map((x) => Number(x.toFixed(2)));
  const centring = cells[0]?.centring ?? 'P';
  const argument = [...numbers, ...(centring === 'P' ? [] : [centring])].join(',');
  return (
    `${refinementText(refined)}; but there crystals of this cell explain only ${now} peaks instead of ${before}, so ` +
    'the geometry is not refined: distance and cell are probably both wrong' +
    `; with the cell that fits, -p ${argument}, the distance is refined as well`
  );
}

const explainedFractions = (results: readonly FrameResult[]): number[] =>
  results.map(explainedFraction).filter((one) => one !== undefined);

/**
 * Searches the first frames until there are enough crystals and peaks of crystals; frames that cannot be read are
 * reported later, when the run reaches them.
 */
export async function firstResults(
  { searcher, settings, firstFrames, signal, found }: FirstSearch,
  enough: { readonly crystals: number; readonly peaks: number },
): Promise<{ readonly results: FrameResult[]; readonly frames: number }> {
  searcher.settings = { ...settings, integrate: false };
  await searcher.indexerFor(settings);
  const jobs = async function* () {
    for await (const { dataset, frames } of firstFrames(maxFrames))
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
    if (crystals >= enough.crystals && pairs >= enough.peaks) break;
  }
  return { results, frames };
}

/** The crystals of frames, with the known cells and the peaks that belong to them. */
export function crystalsOf(
  results: readonly Pick<FrameResult, 'peaks' | 'crystals' | 'beam'>[],
  { settings: { cells = [] }, isCellGiven }: Pick<SettlingGeometry, 'settings' | 'isCellGiven'>,
  geometry: Geometry,
): GeometryCrystal[] {
  return results.flatMap(({ peaks, crystals, beam }) =>
    crystals.map(({ cell, inputCell, indices, peaks: own }): GeometryCrystal => {
      const panels = Array.from(own, (i) => peaks.panel[i] as number);
      const { cell: known, lengthErrorsA: given } = cells[inputCell] ?? {};
      const ofDistance = lengthsOf(known ?? cell).map((length) => unknownSize * length) as unknown as Vector;
      const lengthErrorsA = isCellGiven ? given : ofDistance;
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
