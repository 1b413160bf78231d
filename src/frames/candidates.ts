/** Which array of a file with several holds the frames: the only one with the most axes, or the largest one by far. */

import { argumentError } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';

/** An array that may hold frames. */
export interface FrameArrayEntry {
  readonly path: string;
  readonly shape: readonly number[];
  /** Name of its type, for messages. */
  readonly dtype: string;
}

/** An array this many times as large as any other is chosen without asking. */
const byFar = 8;
const maxListed = 20;

const volume = ({ shape }: FrameArrayEntry): number => shape.reduce((product, n) => product * n, 1);

/**
 * The array that holds the frames, or those among which a user has to choose, largest first: an array that is far
 * larger than all others, otherwise the only one with the most axes. Single numbers and lines are considered only if
 * there are no images.
 */
export function framesAmong<Entry extends FrameArrayEntry>(
  arrays: readonly Entry[],
): { readonly chosen: Entry | undefined; readonly rivals: readonly Entry[] } {
  const bySize = (list: readonly Entry[]): Entry[] =>
    [...list].sort((a, b) => volume(b) - volume(a) || (a.path < b.path ? -1 : 1));
  const isFar = ([first, second]: readonly Entry[]): boolean =>
    first !== undefined && (second === undefined || volume(first) >= byFar * volume(second));
  const images = arrays.filter(({ shape }) => shape.length >= 2);
  const all = bySize(images.length > 0 ? images : arrays);
  const axes = Math.max(0, ...all.map(({ shape }) => shape.length));
  const deepest = all.filter(({ shape }) => shape.length === axes);
  if (isFar(all)) return { chosen: all[0], rivals: [] };
  return isFar(deepest) ? { chosen: deepest[0], rivals: [] } : { chosen: deepest[0], rivals: deepest };
}

/** The error for a file whose frames have to be chosen; `detail.candidates` has the paths. */
export function ambiguous(name: string, rivals: readonly FrameArrayEntry[]): EwaldError {
  const listed = rivals.slice(0, maxListed).map(({ path, shape, dtype }) => `${path} (${shape.join(' × ')} ${dtype})`);
  const more = rivals.length > maxListed ? `, and ${rivals.length - maxListed} more` : '';
  return argumentError(
    '',
    (said) =>
      `${name} has ${rivals.length} arrays that may hold the frames; name one with ${said('dataset')}: ` +
      `${listed.join(', ')}${more}`,
    { path: name, candidates: rivals.map(({ path }) => path) },
  );
}

/** The paths among which the user has to choose, if that is why a file was refused. */
export const rivalsIn = (error: unknown): readonly string[] =>
  error instanceof EwaldError && Array.isArray(error.detail.candidates) ? error.detail.candidates : [];
