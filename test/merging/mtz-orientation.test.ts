/** The orientation matrices of unmerged MTZ files. */
import { expect, test } from 'vitest';
import type { Cell } from '../../src/crystal/cell.js';
import { orientationOf } from '../../src/merging/lists/mtz-orientation.js';

let state = 7;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

/** Busing and Levy's B of a cell, by their formula. */
function busingLevy(axes: readonly (readonly number[])[]): number[][] {
  const of = (i: number, j: number): number =>
    (axes[i] as number[]).reduce((sum, x, k) => sum + x * (axes[j]?.[k] ?? 0), 0);
  const [a, b, c] = [0, 1, 2].map((i) => Math.sqrt(of(i, i))) as [number, number, number];
  const [cosA, cosB, cosG] = [of(1, 2) / b / c, of(0, 2) / a / c, of(0, 1) / a / b];
  const [sinB, sinG] = [cosB, cosG].map((x) => Math.sqrt(1 - x * x)) as [number, number];
  // The angle alpha of the direct cell, and the volume of the reciprocal one.
  const cosAlpha = (cosB * cosG - cosA) / (sinB * sinG);
  const volume = a * b * c * Math.sqrt(1 + 2 * cosA * cosB * cosG - cosA ** 2 - cosB ** 2 - cosG ** 2);
  return [
    [a, b * cosG, c * cosB],
    [0, b * sinG, -c * sinB * cosAlpha],
    [0, 0, volume / (a * b * sinG)],
  ];
}

test('U B (h, k, l) is the reflection along the beam, to the side and upwards, in the setting of the indices', () => {
  for (let i = 0; i < 40; i++) {
    const axes = Array.from({ length: 3 }, () => Array.from({ length: 3 }, () => random() - 0.5));
    const [p, q, r] = axes as [number[], number[], number[]];
    const volume = [0, 1, 2].reduce(
      (sum, x) =>
        sum +
        (p[x] as number) *
          ((q[(x + 1) % 3] as number) * (r[(x + 2) % 3] as number) -
            (q[(x + 2) % 3] as number) * (r[(x + 1) % 3] as number)),
      0,
    );
    // A right-handed set, and indices as they are or with k and −h exchanged.
    if (volume < 0) axes[2] = r.map((x) => -x);
    const isTurned = i % 2 === 1;
    const way = isTurned ? [0, 1, 0, -1, 0, 0, 0, 0, 1] : [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const hkl = [1, 2, 3].map((n) => n * Math.round(8 * random() - 4));
    const own = isTurned ? [-(hkl[1] as number), hkl[0] as number, hkl[2] as number] : hkl;
    const turned = isTurned ? [(axes[1] as number[]).map((x) => -x), axes[0] as number[], axes[2] as number[]] : axes;
    const point = [0, 1, 2].map((x) =>
      axes.reduce((sum, axis, j) => sum + (hkl[j] as number) * (axis[x] as number), 0),
    );
    const u = orientationOf(axes as unknown as Cell, way as never, [0, 0]);
    const b = busingLevy(turned);
    const inCrystal = b.map((row) => row.reduce((sum, x, j) => sum + x * (own[j] as number), 0));
    const found = [0, 1, 2].map((x) => inCrystal.reduce((sum, value, j) => sum + (u[3 * j + x] as number) * value, 0));
    const [right, up, along] = point as [number, number, number];
    for (const [x, wanted] of [along, right, up].entries()) expect(found[x]).toBeCloseTo(wanted, 9);
  }
});
