/** Known cells from outside: CrystFEL .cell files, six parameters, or nine numbers. */
import { EwaldError } from '../errors.js';
import { type Cell, cellFrom, cellFromParameters, checkCell } from './cell.js';

/**
 * Reads a CrystFEL unit cell file (lines such as `a = 79.1 A`, `al = 90 deg`, `centering = P`).
 *
 * Throws `Format` with the name and line for unknown units, words instead of numbers, or missing parameters.
 */
export function parseCellFile(text: string, name: string): Cell {
  const values = new Map<string, number>();
  let number = 0;
  for (const raw of text.split('\n')) {
    number++;
    const line = raw.replace(/;.*$/, '').trim();
    const match = /^(a|b|c|al|be|ga)\s*=\s*(\S+)\s*(\S*)$/.exec(line);
    if (!match) continue;
    const [, key = '', word = '', unit = ''] = match;
    const value = Number(word);
    const length = key.length === 1;
    const factors: Record<string, number> = length ? { A: 1, '': 1, nm: 10 } : { deg: 1, '': 1, rad: 180 / Math.PI };
    const factor = factors[unit];
    if (!Number.isFinite(value) || factor === undefined) {
      throw new EwaldError(
        'Format',
        `${name}:${number}: "${line}" is not a cell parameter; needed is for example "${length ? `${key} = 79.1 A` : `${key} = 90 deg`}"`,
      );
    }
    values.set(key, value * factor);
  }
  const missing = ['a', 'b', 'c', 'al', 'be', 'ga'].filter((key) => !values.has(key));
  if (missing.length > 0)
    throw new EwaldError(
      'Format',
      `${name}: the cell lacks ${missing.join(', ')}; needed are a, b, c (A or nm) and al, be, ga (deg)`,
    );
  const at = (key: string): number => values.get(key) ?? Number.NaN;
  return cellFromParameters(at('a'), at('b'), at('c'), at('al'), at('be'), at('ga'));
}

/**
 * Reads a cell written as six parameters `a,b,c,alpha,beta,gamma` or nine numbers; undefined when the text is something
 * else.
 */
export function parseCellText(text: string): Cell | undefined {
  const values = text
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  if (!values.every(Number.isFinite)) return undefined;
  const [a, b, c, alpha, beta, gamma] = values as [number, number, number, number, number, number];
  if (values.length === 6) return cellFromParameters(a, b, c, alpha, beta, gamma);
  if (values.length !== 9) return undefined;
  const cell = cellFrom(values);
  checkCell(cell, 'the known cell');
  return cell;
}
