/** Crystals whose cells have adapted to a wrong detector differ from each other. */
import { expect, test } from 'vitest';
import type { Cell } from '../../src/crystal/cell.js';
import { scatterText } from '../../src/pipeline/geometry/cells-scatter.js';

const cells = (share: number, n = 12): Cell[] =>
  Array.from({ length: n }, (_, i) => {
    const by = (axis: number): number => 1 + share * Math.sin(2.3 * i + axis);
    return [
      [40 * by(0), 0, 0],
      [0, 52 * by(1), 0],
      [0, 0, 63 * by(2)],
    ];
  });

test('lengths that scatter by more than .8 % are said, those of one crystal form and of few crystals are not', () => {
  expect(scatterText(cells(0.03))).toMatch(/^the lengths of 12 crystals differ from each other by [23]\.\d %/);
  expect(scatterText(cells(0.004))).toBeUndefined();
  expect(scatterText(cells(0.03, 3))).toBeUndefined();
});
