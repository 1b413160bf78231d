/** A known cell from the command line: numbers, or the name of a .cell file. */
import { readFile } from 'node:fs/promises';
import type { Cell } from '../crystal/cell.js';
import { parseCellFile, parseCellText } from '../crystal/cell-file.js';
import { EwaldError, messageOf } from '../errors.js';

/** Reads `a,b,c,al,be,ga`, nine numbers, or a CrystFEL .cell file. Throws `Argument` or `Format`. */
export async function readCell(text: string): Promise<Cell> {
  const cell = parseCellText(text);
  if (cell) return cell;
  let content: string;
  try {
    content = await readFile(text, 'utf8');
  } catch (cause) {
    throw new EwaldError(
      'Argument',
      `the cell "${text}" is neither six or nine numbers nor a readable .cell file (${messageOf(cause)})`,
      { cause },
    );
  }
  return parseCellFile(content, text);
}
