/**
 * Looks for a geometry that is wrong by more than a fit on its crystals can correct: the detector is displaced step by
 * step, the peaks of a few frames are indexed again, and the displacement that explains by far the most of them is
 * where the fit starts.
 *
 * An indexer tolerates an error of a third of the distance between nodes; beyond it, most of the crystals that it finds
 * are accidental, explain a tenth of the peaks, and a fit on them does not converge.
 */

import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import type { OpenFrameSearcher } from '../frame-searcher.js';
import type { SearchSettings } from '../settings.js';
import { type FrameResult, indexPeaks } from '../stages/frame.js';

/** A displacement of the whole detector: pixels across the beam, and a fraction of the distance. */
interface Displacement {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/** Fewer frames than this do not give enough crystals for a fit. */
const fewestFrames = 5;
/** Crystals that explain a smaller fraction of the peaks of their frames may be due to a wrong geometry. */
const suspicious = 0.4;
/** Crystals that explain a smaller fraction are accidental, and say nothing about the geometry. */
const accidental = 0.25;
/**
 * All displacements are tried on the frames with the most peaks: as many as have this number of them together, at least
 * two and at most eight. The best displacements are judged on eight frames.
 */
const [enoughPeaks, fewest, judges] = [250, 2, 8];
/** Number of displacements that are judged on more frames. */
const finalists = 4;
/**
 * What a displacement has to achieve on these frames: this fraction of their peaks is explained, and this many times as
 * many as with the given geometry. Accidental crystals do not come near.
 */
const [convincing, advantage] = [0.4, 1.5];
/** A displacement that explains this fraction is right; no others are tried. */
const obvious = 0.75;
/** Steps across the beam, as a fraction of the smallest distance between nodes, and their number in each direction. */
const [stride, strides] = [0.4, 2];
/** Displacements along the beam, as fractions of the distance: a step changes it by as much as indexing tolerates. */
const depths = [0, -0.0125, 0.0125, -0.025, 0.025, -0.0375, 0.0375] as const;

/** The frames and what they are indexed with. */
interface CoarseSetup {
  readonly searcher: OpenFrameSearcher;
  readonly settings: SearchSettings;
  /** Whether the cell is known, so that it shows the distance. */
  readonly distance: boolean;
  readonly signal: PlatformSignal | undefined;
}

/** Number of peaks that belong to crystals. */
export const explainedPeaks = (results: readonly FrameResult[]): number =>
  results.reduce((sum, { crystals }) => sum + crystals.reduce((own, { peaks }) => own + peaks.length, 0), 0);

/** The fraction of the peaks of frames that belong to crystals; 0 without peaks. */
export const explainedShare = (results: readonly FrameResult[]): number =>
  explainedPeaks(results) / Math.max(1, allPeaks(results));

const allPeaks = (results: readonly FrameResult[]): number => results.reduce((sum, { peaks }) => sum + peaks.count, 0);

/** The outcome of the search. */
interface CoarseSearch {
  /** The frames, indexed with the displacement that explains their peaks; undefined if none does by far better. */
  readonly results: readonly FrameResult[] | undefined;
  /** Why a fit on the crystals of the given geometry would be meaningless; undefined if it is not. */
  readonly doubt: string | undefined;
}

/**
 * Indexes frames again with the displacement that explains most of their peaks. Undefined if the crystals found with
 * the given geometry are plausible, or if no displacement explains by far more.
 */
export async function coarseSearch(results: readonly FrameResult[], setup: CoarseSetup): Promise<CoarseSearch> {
  const { searcher, settings, signal } = setup;
  const indexed = results.filter(({ crystals }) => crystals.length > 0);
  const share = explainedShare(indexed);
  if (results.length < fewestFrames || share >= suspicious) return { results: undefined, doubt: undefined };
  const { geometry } = searcher.detector;
  const again = async (some: readonly FrameResult[], displacement: Displacement): Promise<FrameResult[]> => {
    const found: FrameResult[] = [];
    for (const { peaks, beam } of some) {
      checkSignal(signal);
      const displaced = displacedBeam(beam, geometry, displacement);
      // The first lattice of a frame is enough to judge by.
      const own = { geometry, beam: displaced, settings: { ...settings, multi: false } };
      found.push(await indexPeaks(peaks, own, await searcher.indexerFor(settings, peaks.count)));
    }
    return found;
  };
  const strongest = [...results].sort((a, b) => b.peaks.count - a.peaks.count);
  const several = strongest.slice(0, judges);
  const enough = several.findIndex((_, i) => allPeaks(several.slice(0, i + 1)) >= enoughPeaks);
  const few = several.slice(0, enough < 0 ? judges : Math.max(fewest, enough + 1));
  const scored: { readonly displacement: Displacement; readonly explained: number }[] = [];
  for (const displacement of displacements(setup)) {
    const explained = explainedPeaks(await again(few, displacement));
    scored.push({ displacement, explained });
    if (explained >= obvious * allPeaks(few)) break;
  }
  scored.sort((a, b) => b.explained - a.explained);
  let best: { readonly displacement: Displacement; readonly explained: number } | undefined;
  for (const { displacement } of scored.slice(0, finalists)) {
    const explained = explainedPeaks(await again(several, displacement));
    if (explained > (best?.explained ?? 0)) best = { displacement, explained };
  }
  const before = explainedPeaks(several);
  if (!best || best.explained < convincing * allPeaks(several) || best.explained < advantage * before)
    return { results: undefined, doubt: share < accidental ? coarseDoubt(indexed.length, share, setup) : undefined };
  const found = await again(results, best.displacement);
  // Their frames keep the given beams, from which the motion of the detector is measured.
  return {
    results: found.map((frameResult, i) => ({ ...frameResult, beam: results[i]?.beam ?? frameResult.beam })),
    doubt: undefined,
  };
}

function coarseDoubt(frames: number, share: number, { searcher, settings, distance }: CoarseSetup): string {
  const { beam, geometry } = searcher.detector;
  const reach = (strides * stride * spacingOf(beam, geometry, settings)).toFixed(0);
  const depth = distance ? ` and ${(100 * Math.max(...depths)).toFixed(1)} % of the distance` : '';
  const found =
    frames === 0 ? 'no crystals are found in' : `crystals explain only ${(100 * share).toFixed(0)} % of the peaks of`;
  return (
    `${found} the first frames, and no displacement of the detector by up to ${reach} pixels${depth} explains more: ` +
    'the geometry is not refined; is it the geometry of these frames, and the cell that of their crystals?'
  );
}

/** All displacements, those of a few steps first. */
function displacements({ searcher, settings, distance }: CoarseSetup): Displacement[] {
  const { beam, geometry } = searcher.detector;
  const spacing = spacingOf(beam, geometry, settings);
  const found: (Displacement & { readonly steps: number })[] = [];
  for (const [n, depth] of depths.entries())
    for (let i = -strides; i <= strides; i++)
      for (let j = -strides; j <= strides; j++) {
        const across = i * i + j * j;
        // A disc, not a square: its corners are farther away than its edges.
        if (across > strides * strides + 1 || (n > 0 && !distance)) continue;
        const steps = across + Math.ceil(n / 2) ** 2;
        found.push({ x: i * stride * spacing, y: j * stride * spacing, depth, steps });
      }
  return found.sort((a, b) => a.steps - b.steps);
}

/** The smallest distance between the images of neighbouring nodes near the beam, in pixels. */
function spacingOf(beam: Beam, geometry: Geometry, { cells = [] }: SearchSettings): number {
  const longest = Math.max(...cells.flatMap(({ cell }) => cell.map((row) => Math.hypot(...row))));
  return ((beam.wavelengthA * meanDistance(geometry, beam)) / longest) * (geometry.panels[0]?.resolution ?? 1);
}

const displacedBeam = (beam: Beam, geometry: Geometry, { x, y, depth }: Displacement): Beam => {
  const pixelM = 1 / (geometry.panels[0]?.resolution ?? 1);
  return {
    ...beam,
    distanceM: beam.distanceM + depth * meanDistance(geometry, beam),
    shiftM: [beam.shiftM[0] + x * pixelM, beam.shiftM[1] + y * pixelM],
  };
};
