/** Axes as sums of other axes, `a-b,a+b,c` or `1/2a+1/2b,-1/2a+1/2b,c`: nine numbers, a row for each new axis. */
import { EwaldError } from '../../util/errors.js';

const term = /([+-]?)(?:(\d+)(?:\/(\d+))?)?([abc])(?:\/(\d+))?/g;
const sum = /^[+-]?(?:\d+(?:\/\d+)?)?[abc](?:\/\d+)?(?:[+-](?:\d+(?:\/\d+)?)?[abc](?:\/\d+)?)*$/;

/** The matrix of a text. Throws `Argument` for a text that is not three sums of a, b and c. */
export function axesOf(text: string, what: string): number[] {
  const words = text.toLowerCase().replace(/[\s*]/g, '').split(',');
  if (words.length !== 3 || !words.every((word) => sum.test(word)))
    throw new EwaldError(
      'Argument',
      `${what} are "${text.slice(0, 60)}"; expected three sums of a, b and c, such as a,b,-c, a-b,a+b,c or ` +
        '1/2a+1/2b,-1/2a+1/2b,c',
    );
  return words.flatMap((word) => {
    const row = [0, 0, 0];
    for (const [, sign, times = '1', by = '1', letter = 'a', under = '1'] of word.matchAll(term)) {
      const at = 'abc'.indexOf(letter);
      row[at] = (row[at] as number) + ((sign === '-' ? -1 : 1) * Number(times)) / (Number(by) * Number(under));
    }
    return row;
  });
}

/** A number as a fraction with a denominator of at most 24. */
function fraction(value: number): string {
  for (let under = 1; under <= 24; under++) {
    const over = Math.round(value * under);
    if (Math.abs(over / under - value) < 1e-6) return under === 1 ? String(over) : `${over}/${under}`;
  }
  return value.toFixed(4);
}

/** The text of a matrix. */
export const axesText = (matrix: readonly number[]): string =>
  [0, 1, 2]
    .map((row) => {
      const terms = [0, 1, 2].flatMap((column) => {
        const value = matrix[3 * row + column] as number;
        if (Math.abs(value) < 1e-9) return [];
        const times = fraction(Math.abs(value));
        return [`${value < 0 ? '-' : '+'}${times === '1' ? '' : times}${'abc'[column]}`];
      });
      return terms.join('').replace(/^\+/, '') || '0';
    })
    .join(',');
