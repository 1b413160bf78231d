/** Columns formatted in bulk compared with the numbers that print.ts formats one by one. */
import { describe, expect, test } from 'vitest';
import { fixed, whole } from '../../src/crystal/stream/print.js';
import { Table } from '../../src/crystal/stream/table.js';

describe('a table', () => {
  const awkward = [
    0,
    -0,
    0.5,
    -0.5,
    0.125,
    0.375,
    2.5,
    0.005,
    1.005,
    -0.004,
    0.995,
    9.995,
    99.95,
    999.999,
    2 ** 30,
    2 ** 30 - 0.01,
    1e9,
    1e21,
    -1e300,
    5e-324,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const numbers = [...awkward];
  for (let i = 0; i < 20_000; i++) {
    const x = (random() - 0.5) * 10 ** Math.floor(random() * 12 - 2);
    // As measured, and as read back from a stream. Every eighth of a unit is a rounding tie at two digits.
    numbers.push(x, Number(x.toFixed(3)), Math.round(x * 8) / 8);
  }

  test.for([0, 1, 2, 3] as const)('%i digits equal those of printf', (digits) => {
    const table = new Table();
    for (const x of numbers) {
      table.fixed(x, digits, 10);
      table.text('\n');
    }
    expect(table.take().split('\n').slice(0, -1)).toEqual(numbers.map((x) => fixed(x, digits, 10)));
  });

  test('whole numbers, words of any script, and one text after the other', () => {
    const table = new Table();
    for (const x of [0, -0, -0.5, 7, -12, 12345, -(2 ** 40)]) {
      table.whole(x, 4);
      expect(table.take()).toBe(whole(x, 4));
    }
    table.text('p0 Ångström 検出器');
    table.whole(1, 3);
    expect(table.take()).toBe('p0 Ångström 検出器  1');
    expect(table.take()).toBe('');
  });
});
