/** The shape of a live scan: as requested, as stated by the detector, or a square. */
import { EwaldError } from '../../base/errors.js';
import { shown } from '../../base/options.js';
import { product } from '../dtypes.js';
import type { Announcement } from './acquisition.js';

/** The scan as far as it is known before its shape is. */
export interface NavShapeHint {
  /** Frames of the acquisition; undefined if it does not end by itself. */
  readonly frames: number | undefined;
  /** The shape that was requested; -1 stands for an unknown length. */
  readonly navShape: readonly number[] | undefined;
  /** The shape that the detector states. */
  readonly scan: readonly number[] | undefined;
}

/** Determines the shape of a scan; undefined leaves it to the detector. */
export type DetermineNavShape = (
  hint: NavShapeHint,
) => readonly number[] | undefined | Promise<readonly number[] | undefined>;

const isWhole = (shape: readonly number[]): boolean => shape.every((n) => Number.isSafeInteger(n) && n >= 1);

/**
 * The shape of a scan: the requested one; that of the hook; the requested one with -1 filled in, where [-1, -1] is a
 * square; that of the detector; a square. Throws `Shape` if none of them fits, and for hooks with invalid answers.
 */
export async function navShapeFor(
  { frames, scan }: Announcement,
  wanted: readonly number[] | undefined,
  determine: DetermineNavShape | undefined,
): Promise<readonly number[]> {
  if (wanted !== undefined) {
    const isShape = Array.isArray(wanted) && wanted.length > 0;
    if (!isShape || !wanted.every((n) => n === -1 || (Number.isSafeInteger(n) && n >= 1)))
      throw new EwaldError(
        'Argument',
        `next: navShape is ${shown(wanted)}; expected lengths, slowest axis first, or -1 for one to be determined`,
      );
    if (isWhole(wanted)) return [...wanted];
  }
  const answer = await determine?.({ frames, navShape: wanted, scan });
  if (answer !== undefined) {
    if (!Array.isArray(answer) || answer.length === 0 || !isWhole(answer))
      throw new EwaldError(
        'Shape',
        `next: onDetermineNavShape returned ${shown(answer)}; expected lengths of at least 1`,
      );
    if (frames !== undefined && product(answer) !== frames)
      throw new EwaldError(
        'Shape',
        `next: onDetermineNavShape returned ${answer.join(' × ')}, which are ${product(answer)} positions; the ` +
          `acquisition has ${frames} frames`,
      );
    return [...answer];
  }
  if (wanted && frames !== undefined) {
    const filled = fill(wanted, frames);
    if (filled) return filled;
  }
  if (wanted === undefined && scan && isWhole(scan)) return [...scan];
  const side = frames === undefined ? Number.NaN : Math.round(Math.sqrt(frames));
  if (wanted === undefined && side * side === frames) return [side, side];
  const known =
    frames === undefined ? 'the acquisition has no end' : `the acquisition has ${frames} frames, which are no square`;
  throw new EwaldError(
    'Shape',
    `next: the shape of the scan is unknown: ${known}${wanted ? `, and navShape is [${wanted.join(', ')}]` : ''}. ` +
      'Pass navShape, such as [128, 128] (--nav-shape 128,128)',
    { detail: { frames, navShape: wanted } },
  );
}

/** Replaces -1 by what is missing from the number of frames; undefined if that is not a whole number. */
function fill(wanted: readonly number[], frames: number): number[] | undefined {
  const open = wanted.filter((n) => n === -1).length;
  const rest = frames / product(wanted.filter((n) => n !== -1));
  const length = open === 1 ? rest : open === 2 ? Math.round(Math.sqrt(rest)) : Number.NaN;
  if (!Number.isInteger(length) || length ** open !== rest) return undefined;
  return wanted.map((n) => (n === -1 ? length : n));
}
