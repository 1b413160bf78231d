/** What a radial profile is asked for with. */

import { readPolarisation } from '../../crystal/polarisation.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** Which profiles of a run an HDF5 file holds: means of 100 frames, those of hits, or those of all frames. */
export const profileFrames = ['mean', 'hits', 'all'] as const;

/** Options of the radial profile of every frame. */
export interface ProfileOptions {
  /** Number of bins, 10 … 65534; default: bins of about 0.01 1/Å, or of 1.5 pixels where these are wider; see `edges`. */
  readonly bins?: number | undefined;
  /** Lowest and highest q = 2π/d in 1/Å; default: from 0.05 to the corner of the detector. */
  readonly range?: readonly [low: number, high: number] | undefined;
  /** Which profiles an HDF5 file of the run holds; default: means of 100 frames. */
  readonly frames?: (typeof profileFrames)[number] | undefined;
  /**
   * Polarisation that intensities are corrected for: horiz, vert, none, or FRACTION@ANGLE; default: horiz, and none for
   * electrons.
   */
  readonly polarisation?: string | undefined;
}

/** Numbers of bins. */
export const profileBins = { low: 10, high: 65534 } as const;

const rows = {
  ...row.others('range'),
  bins: row.integer(profileBins.low, profileBins.high, Number.NaN),
  frames: row.choice(profileFrames, 'mean'),
  ...row.others('polarisation'),
} as const;

/** Checks the options of a profile: `true` stands for all defaults. Throws `Argument`. */
export function checkProfile(what: string, given: unknown): ProfileOptions | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && (typeof given !== 'object' || given === null || Array.isArray(given)))
    throw new EwaldError('Argument', `${what} is ${inspect(given)}; expected true, or { bins, range: [low, high] }`);
  const options = (given === true ? {} : given) as ProfileOptions;
  checkedOptions(what, options, rows);
  if (options.range !== undefined) checkRange(`${what}: range`, options.range);
  if (options.polarisation !== undefined && options.polarisation !== 'auto')
    readPolarisation(`${options.polarisation}`);
  return options;
}

function checkRange(what: string, range: unknown): void {
  const [low, high, ...more] = Array.isArray(range) ? (range as readonly unknown[]) : [];
  if (typeof low === 'number' && typeof high === 'number' && more.length === 0 && low >= 0 && low < high) return;
  throw new EwaldError(
    'Argument',
    `${what} is ${inspect(range)}; expected two rising numbers q = 2π/d in 1/Å, such as [0.05, 4.5] for 126 to 1.4 Å`,
  );
}

/** The range of a flag, LOW:HIGH. Throws `Argument`. */
export function readProfileRange(text: string): readonly [number, number] {
  const range = text.split(':').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  checkRange('--profile-range', range);
  return range as unknown as readonly [number, number];
}
