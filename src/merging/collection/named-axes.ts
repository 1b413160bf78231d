/**
 * Crystals whose axes an indexer has named: their known cell is nearly more symmetric than it is, and their spots told
 * which axis is which. A number stands for the known cell, since streams may have it in different settings.
 */

import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import { parseCellFile } from '../../crystal/cell-file.js';
import { crc32 } from '../../util/crc32.js';
import { isEwaldError } from '../../util/errors.js';

/** The number of a known cell by its text in a stream; 0, as for axes that are not named, if the stream has none. */
export const numberOfCell = (text: string): number => (text === '' ? 0 : crc32(new TextEncoder().encode(text)) || 1);

/** Lengths and angles of the known cells of streams by their numbers. */
export function numberedCells(texts: readonly string[]): Map<number, readonly number[]> {
  const found = new Map<number, readonly number[]>();
  for (const text of new Set(texts)) {
    if (text === '') continue;
    try {
      const { cell } = parseCellFile(text, 'the cell of a stream');
      found.set(numberOfCell(text), [...lengthsOf(cell), ...anglesOf(cell)]);
    } catch (error) {
      // Some programs write a cell without its lengths: then nothing is known of the names of axes.
      if (!isEwaldError(error, 'Format')) throw error;
    }
  }
  return found;
}
