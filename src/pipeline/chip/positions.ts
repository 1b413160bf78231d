/** Lists of positions: the number, x and y of each image. */

import { decimal } from '../../util/decimal.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { refuseNoText } from '../../util/text-begin.js';
import type { ListedGrid } from './grid.js';
import { latticeOf } from './lattice.js';

/** A row of a list: the number of an image, and its position. */
export type ImagePosition = readonly [image: number, x: number, y: number];

/** Rows of a text: image, x and y, separated by spaces, tabs or commas; lines with # and one of titles are passed over. */
export function parsePositions(text: string, name: string): ImagePosition[] {
  refuseNoText(text, name, 'lines "image x y"');
  const rows: ImagePosition[] = [];
  for (const [i, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '') continue;
    const words = line.split(/\s*[,;]\s*|\s+/);
    const numbers = words.map(decimal);
    const isTitle = rows.length === 0 && numbers.every((value) => Number.isNaN(value));
    if (isTitle) continue;
    const [image = Number.NaN, x = Number.NaN, y = Number.NaN] = numbers;
    if (words.length !== 3 || !isImage(image) || !Number.isFinite(x) || !Number.isFinite(y))
      throw new EwaldError(
        'Format',
        `${name}:${i + 1}: ${inspect(line.slice(0, 40))} is no position; expected "image x y", such as "0 1.25 -0.5"`,
      );
    rows.push([image, x, y]);
  }
  return rows;
}

const isImage = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** The wells of a list. Throws `Argument` for what is no list, and for an image that is listed twice. */
export function listedGrid(given: readonly ImagePosition[], name: string): ListedGrid {
  const isRow = (row: unknown): boolean =>
    Array.isArray(row) && row.length === 3 && isImage(row[0]) && row.every(Number.isFinite);
  if (!Array.isArray(given) || !given.every(isRow))
    throw new EwaldError('Argument', `${name} is ${inspect(given)}; expected rows of [image, x, y]`);
  if (given.length === 0) throw new EwaldError('Argument', `${name} has no positions; expected rows "image x y"`);
  const rows = [...(given as readonly ImagePosition[])].sort(([a], [b]) => a - b);
  for (const [i, [image, x, y]] of rows.entries()) {
    const [before, otherX, otherY] = rows[i - 1] ?? [];
    if (before !== image) continue;
    throw new EwaldError(
      'Argument',
      `${name} has image ${image} twice, at ${otherX}, ${otherY} and at ${x}, ${y}; an image is in one well`,
    );
  }
  const [images, x, y] = [0, 1, 2].map((k) => Float64Array.from(rows, (row) => row[k] as number));
  const lattice = latticeOf(x as Float64Array, y as Float64Array);
  return {
    kind: 'listed',
    rows: lattice.y.count,
    columns: lattice.x.count,
    images: images as Float64Array,
    x: x as Float64Array,
    y: y as Float64Array,
    lattice,
  };
}
