/**
 * Operations on indices: 3 × 3 integer matrices that multiply a row of indices from the right, (h k l) M, stored as
 * nine numbers row by row. Groups are closed sets of these, generated rather than tabulated.
 */

/** Nine integers, row by row. */
export type Operation = readonly number[];

export const identity: Operation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
export const inversion: Operation = [-1, 0, 0, 0, -1, 0, 0, 0, -1];

const entry = (m: Operation, i: number, j: number): number => m[3 * i + j] ?? 0;

/** First `a`, then `b`. */
export function product(a: Operation, b: Operation): Operation {
  return Array.from({ length: 9 }, (_, n) => {
    const i = Math.floor(n / 3);
    const j = n % 3;
    return entry(a, i, 0) * entry(b, 0, j) + entry(a, i, 1) * entry(b, 1, j) + entry(a, i, 2) * entry(b, 2, j);
  });
}

export const determinant = (m: Operation): number =>
  entry(m, 0, 0) * (entry(m, 1, 1) * entry(m, 2, 2) - entry(m, 1, 2) * entry(m, 2, 1)) -
  entry(m, 0, 1) * (entry(m, 1, 0) * entry(m, 2, 2) - entry(m, 1, 2) * entry(m, 2, 0)) +
  entry(m, 0, 2) * (entry(m, 1, 0) * entry(m, 2, 1) - entry(m, 1, 1) * entry(m, 2, 0));

export const trace = (m: Operation): number => entry(m, 0, 0) + entry(m, 1, 1) + entry(m, 2, 2);

/** The inverse of a matrix of determinant 1 or -1. */
export function inverse(m: Operation): Operation {
  const det = determinant(m);
  const minor = (i: number, j: number): number => {
    const [p, q] = [(i + 1) % 3, (i + 2) % 3];
    const [r, s] = [(j + 1) % 3, (j + 2) % 3];
    return entry(m, p, r) * entry(m, q, s) - entry(m, p, s) * entry(m, q, r);
  };
  // Adding 0 turns -0 into 0, so that keys and comparisons do not distinguish the two.
  return Array.from({ length: 9 }, (_, n) => minor(n % 3, Math.floor(n / 3)) / det + 0);
}

/** A text that two matrices share exactly when they are equal. */
export const operationKey = (m: Operation): string => m.map((x) => x + 0).join(' ');

/** The smallest group that contains all of `generators`, the identity first; at most `most` operations are kept. */
export function generateGroup(generators: readonly Operation[], most = 48): Operation[] {
  const found = new Map<string, Operation>([[operationKey(identity), identity]]);
  for (const value of found.values()) {
    for (const generator of generators) {
      const next = product(value, generator);
      if (found.size < most || found.has(operationKey(next))) found.set(operationKey(next), next);
      else return [...found.values(), next];
    }
  }
  return [...found.values()];
}

/** The matrix of a triplet such as `-k,h,l`, where `i` is -(h + k). */
export function operationOf(triplet: string): Operation {
  const m = new Array<number>(9).fill(0);
  for (const [column, word] of triplet.split(',').entries()) {
    for (const [, sign, times, letter] of word.matchAll(/([+-]?)(\d*)([hkli])/g)) {
      const value = (sign === '-' ? -1 : 1) * Number(times || 1);
      const rows = letter === 'i' ? [0, 1] : ['hkl'.indexOf(letter ?? '')];
      for (const row of rows) m[3 * row + column] = entry(m, row, column) + (letter === 'i' ? -value : value);
    }
  }
  return m;
}

const sum = /^[+-]?\d*[hkli](?:[+-]\d*[hkli])*$/;

/** The matrix that a user's text names, such as `k, h, -l`; undefined for a text that is not three sums of indices. */
export function readTriplet(text: string): Operation | undefined {
  const words = text.replace(/\s/g, '').split(',');
  return words.length === 3 && words.every((word) => sum.test(word)) ? operationOf(words.join()) : undefined;
}

/** The triplet of a matrix, such as `-h,k,-l`. */
export function tripletOf(m: Operation): string {
  return [0, 1, 2]
    .map((column) => {
      const terms = [0, 1, 2].flatMap((row) => {
        const value = entry(m, row, column);
        const times = Math.abs(value) === 1 ? '' : Math.abs(value);
        return value === 0 ? [] : [`${value < 0 ? '-' : '+'}${times}${'hkl'[row]}`];
      });
      return terms.join('').replace(/^\+/, '');
    })
    .join(',');
}
