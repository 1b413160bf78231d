/** Doubts about the known cell of a run, from the fraction of the peaks that its crystals explain. */
import { median } from '../base/median.js';

/**
 * Below this fraction of explained peaks the cell is in doubt: of the median of several frames, and of one or two.
 * Lattices of a wrong cell explain 6 to 20 % of the peaks of another crystal, more than chance does. Lattices of real
 * stills with a geometry that is wrong by 1 % still explain 25 % of the peaks (median), but only 19 % in one frame of
 * thermolysin, which contains more than one crystal.
 */
const leastExplained = { ofSeveral: 0.22, ofOne: 0.17 };
const several = 3;

/** A frame and the peaks of its crystals. */
interface IndexedFrame {
  readonly peaks: { readonly count: number };
  readonly crystals: readonly { readonly peaks: Iterable<number> & ArrayLike<number> }[];
}

/** Whether the crystals of a frame explain so few of its peaks that their cell is in doubt. */
export function isFrameDoubtful(frame: IndexedFrame): boolean {
  const explained = explainedFraction(frame);
  return explained !== undefined && explained < leastExplained.ofOne;
}

/** The fraction of the peaks of a frame that its crystals explain; undefined for a frame without crystals. */
export function explainedFraction({ peaks, crystals }: IndexedFrame): number | undefined {
  if (crystals.length === 0 || peaks.count === 0) return undefined;
  const [first, ...others] = crystals;
  // A peak belongs to a crystal only once.
  if (first && others.length === 0) return first.peaks.length / peaks.count;
  return new Set(crystals.flatMap((one) => [...one.peaks])).size / peaks.count;
}

/**
 * Why the cell is in doubt, from the explained fractions of frames; undefined if it is not. `whose` names the frames in
 * the text.
 */
export function doubtText(explained: readonly number[], whose = 'their frames'): string | undefined {
  if (explained.length === 0) return undefined;
  const middle = median(explained);
  const least = explained.length < several ? leastExplained.ofOne : leastExplained.ofSeveral;
  if (middle >= least) return undefined;
  return (
    `the crystals explain only ${(100 * middle).toFixed(0)} % of the peaks of ${whose} (median), as lattices of a ` +
    'wrong cell do; check the cell (ewald cell finds one from the frames) and the geometry'
  );
}
