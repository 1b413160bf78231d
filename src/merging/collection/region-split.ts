/** Data sets by the counts of a region: `roi:lamp.mean>50`, of a run with the region (`rois`). */

import { type RegionField, regionFields, regionOfLine } from '../../crystal/stream/regions.js';
import { argumentError } from '../../options/parameters.js';
import { inspect } from '../../util/options.js';

/** A region's number and the level that divides its frames. */
export interface RegionSplit {
  readonly name: string;
  readonly field: RegionField;
  readonly sign: '<' | '>';
  readonly level: number;
}

/** The split that `splitBy` asks for; undefined if it names a header field. Throws `Argument`. */
export function regionSplitOf(splitBy: string | undefined): RegionSplit | undefined {
  if (splitBy === undefined || !splitBy.trim().startsWith('roi:')) return undefined;
  const [, name = '', field = '', sign, level = ''] =
    /^roi:([A-Za-z][\w-]*)\.([a-z]+)\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i.exec(splitBy.trim()) ?? [];
  if (sign === undefined || !(regionFields as readonly string[]).includes(field))
    throw argumentError(
      'merge',
      (said) =>
        `${said('splitBy')} is ${inspect(splitBy)}; expected roi:NAME.FIELD, < or > and a number, such as ` +
        `"roi:lamp.mean>50", with a field of ${regionFields.join(', ')}`,
    );
  return { name, field: field as RegionField, sign: sign as '<' | '>', level: Number(level) };
}

/**
 * The data set of a frame from the line of a stream that states the region; undefined for any other line, and for a frame
 * without that number.
 */
export function regionSet({ name, field, sign, level }: RegionSplit, line: string): string | undefined {
  const region = regionOfLine(line);
  if (region?.name !== name) return undefined;
  const value = Number(region[field]);
  if (Number.isNaN(value)) return undefined;
  const [word, is] = sign === '>' ? ['above', value > level] : ['below', value < level];
  return `${name}.${field}_${is ? '' : 'not_'}${word}_${level}`;
}
