/** The rings of calibrants, by name or by their spacings. */
import { EwaldError } from '../../util/errors.js';
import { inspect, nearest } from '../../util/options.js';
import { cellFromParameters } from '../cell.js';
import type { KnownCell } from '../cell-file.js';
import { powderRings } from './rings.js';

/** Edges in angstrom of cubic calibrants near 22 °C; those of NIST where it certifies them (SRM 660c, 674b, 640f). */
const cubic = {
  LaB6: { edge: 4.156826, spaceGroup: 'P m -3 m', centring: 'P' },
  CeO2: { edge: 5.411651, spaceGroup: 'F m -3 m', centring: 'F' },
  Si: { edge: 5.431144, spaceGroup: 'F d -3 m', centring: 'F' },
  Au: { edge: 4.0786, spaceGroup: 'F m -3 m', centring: 'F' },
} as const;

/** A calibrant whose rings are known by its name. */
export type Calibrant = keyof typeof cubic;

export const calibrants = Object.keys(cubic) as Calibrant[];

/** Spacings beyond this many angstrom are no rings that a list would state. */
const spacings = { least: 0.2, most: 200 } as const;
/** Rings closer than this part of their spacing are one. */
const same = 1e-4;

/** Spacings in angstrom, the largest first, each once. */
export function distinctSpacings(all: readonly number[]): number[] {
  const sorted = [...all].sort((a, b) => b - a);
  return sorted.filter((d, i) => i === 0 || (sorted[i - 1] as number) - d > same * d);
}

/** The spacings of a known cell down to `highres`, in angstrom. */
export function spacingsOf(known: KnownCell, highres: number, spaceGroup?: string): number[] {
  return distinctSpacings(
    powderRings(known, { highres, ...(spaceGroup === undefined ? {} : { spaceGroup }) }).map(({ d }) => d),
  );
}

/** The rings of a calibrant down to a spacing, in angstrom. */
export function ringsOfCalibrant(name: Calibrant, highres: number): number[] {
  const { edge, spaceGroup, centring } = cubic[name];
  return spacingsOf({ cell: cellFromParameters(edge, edge, edge, 90, 90, 90), centring }, highres, spaceGroup);
}

/**
 * The calibrant that a text names, or the spacings that it lists; undefined for anything else, such as the name of a
 * file. Throws `Argument` for a list with something else in it, or with fewer than three spacings.
 */
export function parsePowder(text: string): Calibrant | readonly number[] | undefined {
  const trimmed = text.trim();
  const name = calibrants.find((calibrant) => calibrant.toLowerCase() === trimmed.toLowerCase());
  if (name) return name;
  if (!/^[\d\s,.eE+-]*\d[\d\s,.eE+-]*$/.test(trimmed)) return undefined;
  const numbers = trimmed.split(/[\s,]+/).map(Number);
  const wrong = numbers.find((d) => !(d >= spacings.least && d <= spacings.most));
  if (wrong !== undefined)
    throw new EwaldError(
      'Argument',
      `powder lists a spacing of ${wrong} angstrom; expected spacings d from ${spacings.least} to ${spacings.most} ` +
        'angstrom, with commas between them',
    );
  const all = distinctSpacings(numbers);
  if (all.length < 3)
    throw new EwaldError(
      'Argument',
      `powder lists ${all.length === 1 ? 'one spacing' : `${all.length} spacings`}; distance and centre need three ` +
        'rings at least',
    );
  return all;
}

/** Why a text is no powder. */
export function noPowder(text: string, cause: unknown): EwaldError {
  const like = nearest(text, calibrants);
  return new EwaldError(
    'Argument',
    `powder is ${inspect(text)}, which is no calibrant (${calibrants.join(', ')}), no list of spacings such as ` +
      `3.1356,1.9201,1.6375, and no file with a cell${like === undefined ? '' : `; did you mean ${like}?`}`,
    { cause },
  );
}
