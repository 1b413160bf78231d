/** The threshold of a peak search from the first frames, for who gives none, and the flags that repeat one. */
import { median } from '../median.js';
import type { FinderName, Frame } from './contract.js';
import { finderParameters } from './finders.js';
import type { PeakFinder, PeaksRunOptions } from './peaks.js';

/**
 * Guesses from the noise of the rings of some frames, which peakfinder8 tells: the threshold lies three sigmas above the middle of the background,
 * so that it acts in the dim outer rings alone, where a few counts would pass the snr by chance.
 */
export async function guessThreshold(
  finder: PeakFinder,
  frames: readonly Frame[],
  validRange: PeaksRunOptions['validRange'],
): Promise<number> {
  const levels: number[] = [];
  for (const frame of frames) {
    const { rings } = await finder.run(frame, {
      threshold: -1e30,
      minSnr: 5,
      rings: true,
      ...(validRange ? { validRange } : {}),
    });
    for (let r = 0; rings && 4 * r < rings.length; r++) {
      const [mean = 0, sigma = 0] = [rings[4 * r], rings[4 * r + 1]];
      if (sigma > 0) levels.push(mean + 3 * sigma);
    }
  }
  const middle = median(levels);
  const digits = Math.abs(middle) >= 10 ? 0 : 1;
  return Number(middle.toFixed(digits));
}

/** The flags that repeat a search. */
export function flagsOf(finder: FinderName, parameters: PeaksRunOptions): string {
  const flag = (name: keyof PeaksRunOptions): string =>
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${parameters[name]}`;
  const flags = finderParameters[finder].map(flag);
  return (finder === 'peakfinder8' ? flags : [`--peaks=${finder}`, ...flags]).join(' ');
}
