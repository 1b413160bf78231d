/** Columns formatted in bulk compared with the numbers that print.ts formats one by one. */
import { describe, expect, test } from 'vitest';
import { fixed, whole } from '../../src/crystal/stream/print.js';
import { Table } from '../../src/crystal/stream/table.js';
import { putReflection } from '../../src/crystal/stream/write.js';

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
    // A mean over 40 pixels: almost a tie, on either side of it, as are its neighbours.
    const mean = Math.round(x * 40) / 40;
    numbers.push(mean, mean * (1 + 2 ** -52), mean * (1 - 2 ** -53));
  }

  test.for([0, 1, 2, 3] as const)('%i digits equal those of printf', (digits) => {
    const table = new Table();
    for (const x of numbers) {
      table.fixed(x, digits, 10);
      table.text('\n');
    }
    expect(table.take().split('\n').slice(0, -1)).toEqual(numbers.map((x) => fixed(x, digits, 10)));
  });

  test('the line of a reflection equals that of printf, for an index of -0 and wide numbers as well', () => {
    const table = new Table();
    for (const values of [
      [-0, 12, -3, 1234.565, 0.125, -0, 99999999999, 7.25, 1024.05],
      [1, -1234, 12345, -0.004, 2 ** 31, 65535, 3.005, -0.05, 0.95],
    ]) {
      const indices = values.slice(0, 3).map((x) => whole(x, 4));
      const measured = values.slice(3, 7).map((x) => fixed(x, 2, 10));
      const place = values.slice(7).map((x) => fixed(x, 1, 6));
      putReflection(table, Float64Array.from(values), 'p0');
      expect(table.take()).toBe(`${[...indices, ...measured, ...place].join(' ')} p0\n`);
    }
  });

  test('words of any script, and one text after the other', () => {
    const table = new Table();
    table.text('p0 Ångström 検出器');
    table.fixed(1, 0, 3);
    expect(table.take()).toBe('p0 Ångström 検出器  1');
    expect(table.take()).toBe('');
  });
});
