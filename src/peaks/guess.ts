/** Parameters of the peak search from the first frames, for who gives none. */
import { median } from '../median.js';
import type { Frame } from './contract.js';
import type { PeakFinder, PeaksRunOptions } from './peaks.js';

/** What is taken where nothing was given. */
export interface GuessedPeaks {
  readonly threshold: number;
  readonly minSnr: number;
  readonly minPixCount: number;
  readonly maxPixCount: number;
  readonly localBgRadius: number;
}

/**
 * Guesses from the noise of the rings of some frames: the threshold lies three sigmas above the middle of the background,
 * so that it acts in the dim outer rings alone, where a few counts would pass the snr by chance.
 */
export async function guessPeaks(
  finder: PeakFinder,
  frames: readonly Frame[],
  validRange: PeaksRunOptions['validRange'],
): Promise<GuessedPeaks> {
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
  return {
    threshold: Number(middle.toFixed(digits)),
    minSnr: 4.5,
    minPixCount: 2,
    maxPixCount: 200,
    localBgRadius: 4,
  };
}

/** The flags that repeat a guess. */
export const flagsOf = (guess: GuessedPeaks): string =>
  `--threshold=${guess.threshold} --min-snr=${guess.minSnr} --min-pix-count=${guess.minPixCount} ` +
  `--max-pix-count=${guess.maxPixCount} --local-bg-radius=${guess.localBgRadius}`;
