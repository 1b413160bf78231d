/**
 * Files that have only the pixels around spots (`keep: 'spots'`). A search of what is left finds fewer peaks than the
 * whole frames had, as their rings are mostly gone; the file lists those of the whole frames, which are taken instead.
 */
import type { Dataset } from '../../frames/dataset.js';
import { isEwaldError } from '../../util/errors.js';
import { fieldOf } from '../inputs/copied-headers.js';
import { reductionPath } from '../reduce/first-numbers.js';
import type { CheckedRun } from '../run-options.js';
import type { RingRadii } from '../stages/integrate.js';

/** How the pixels of a file were chosen. */
export interface SpotsMade {
  /** Radii of integration of the run that chose them, and the pixels that were kept beyond the largest. */
  readonly intRadius: RingRadii;
  readonly margin: number;
}

/** How the pixels of a file of spots were chosen; undefined for other files. */
export async function spotsMadeOf(dataset: Dataset): Promise<SpotsMade | undefined> {
  if (!dataset.field) return undefined;
  try {
    const text = (await fieldOf(dataset, `${reductionPath}/parameters`))?.values[0];
    const made = JSON.parse(String(text ?? '{}')) as Partial<SpotsMade & { keep: string }>;
    const { keep, intRadius, margin } = made;
    const isSpots = keep === 'spots' && Array.isArray(intRadius) && typeof margin === 'number';
    return isSpots ? { intRadius: intRadius as RingRadii, margin } : undefined;
  } catch (error) {
    // Another program may have a group of this name.
    if (isEwaldError(error, 'Shape') || isEwaldError(error, 'Unsupported') || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}

type Settings = CheckedRun['settings'];

/** The settings for a file of spots: its own peaks and radii, unless others are given, of which `warn` is told. */
export function settingsOfSpots(settings: Settings, made: SpotsMade, warn: (text: string) => void): Settings {
  const { finder, peaks, intRadius = made.intRadius } = settings;
  const isSearched = peaks !== undefined || (finder !== undefined && finder !== 'cxi' && finder !== 'hdf5');
  if (isSearched)
    warn(
      'the frames have only the pixels around spots, and a search finds fewer peaks among them than the whole frames ' +
        'had: leave out the parameters of the search to take the peaks that the file lists',
    );
  const [largest, kept] = [Math.ceil(intRadius[2]), Math.ceil(made.intRadius[2])];
  if (largest > kept)
    warn(
      `the radii of integration reach ${largest} pixels, but the pixels were kept for ${kept} (and a margin of ` +
        `${made.margin}): backgrounds have fewer pixels, and reflections are missing`,
    );
  return { ...settings, intRadius, ...(!isSearched && finder === undefined && { finder: 'cxi' as const }) };
}
