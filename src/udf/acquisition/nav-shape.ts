/** The shape of a live scan: as requested, as stated by the detector, or a square. */

import type { Note } from '../../frames/dataset.js';
import { filledShape } from '../../frames/shapes.js';
import { argumentError, type NameOption, setting } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { product } from '../../util/product.js';
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

/** A shape of a scan as the caller would pass it. */
export const exampleShape = (nameOption: NameOption): string => setting(nameOption, 'navShape', [128, 128]);

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
      throw argumentError(
        'next',
        (said) =>
          `${said('navShape')} is ${inspect(wanted)}; expected lengths, slowest axis first, or -1 for one to be ` +
          'determined',
      );
    if (isWhole(wanted)) return [...wanted];
  }
  const answer = await determine?.({ frames, navShape: wanted, scan });
  if (answer !== undefined) {
    if (!Array.isArray(answer) || answer.length === 0 || !isWhole(answer))
      throw new EwaldError(
        'Shape',
        `next: onDetermineNavShape returned ${inspect(answer)}; expected lengths of at least 1`,
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
    const filled = filledShape(wanted, frames);
    if (filled) return filled;
  }
  if (wanted === undefined && scan && isWhole(scan)) return [...scan];
  const side = frames === undefined ? Number.NaN : Math.round(Math.sqrt(frames));
  if (wanted === undefined && side * side === frames) return [side, side];
  const known =
    frames === undefined ? 'the acquisition has no end' : `the acquisition has ${frames} frames, which are no square`;
  throw argumentError(
    'next',
    (said) => {
      const requested = wanted ? `, and ${said('navShape')} is [${wanted.join(', ')}]` : '';
      return `the shape of the scan is unknown: ${known}${requested}. Pass it, such as ${exampleShape(said)}`;
    },
    { frames, navShape: wanted },
    'Shape',
  );
}

/**
 * Warnings about a scan that is not the acquisition as the detector announces it. LiberTEM-live takes any complete
 * shape without a word.
 */
export function shapeNotes({ frames, scan }: Announcement, navShape: readonly number[]): Note[] {
  const positions = product(navShape);
  const shapeText = navShape.join(' × ');
  const stated = scan && isWhole(scan) ? scan : undefined;
  const warning = (text: string): Note[] => [{ kind: 'warning', text, option: 'navShape' }];
  if (frames !== undefined && positions !== frames) {
    const acquisition = stated && product(stated) === frames ? `acquisition of ${stated.join(' × ')}` : 'acquisition';
    const effect = positions < frames ? `only the first ${positions} are used` : 'the other positions have no result';
    return warning(
      `a scan of ${shapeText} has ${positions} positions, but the ${acquisition} has ${frames} frames: ${effect}`,
    );
  }
  if (stated && positions === product(stated) && shapeText !== stated.join(' × '))
    return warning(
      `the shape of the scan is ${shapeText}, but the detector states ${stated.join(' × ')}: one of them does not ` +
        'have the rows of the microscope',
    );
  return [];
}
