/** Masks of disks and rings, row by row, beside their definition at each pixel. */
import { expect, test } from 'vitest';
import { circular, point, ring } from '../../src/udf/pass/masks.js';

let state = 11;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

test('disks and rings have the pixels of their definition, wherever they lie and however large they are', () => {
  for (let round = 0; round < 300; round++) {
    const size = { width: 1 + Math.floor(30 * random()), height: 1 + Math.floor(30 * random()) };
    // Of whole numbers and halves, pixels lie on circles.
    const number = (most: number): number => Math.floor(2 * most * random()) / 2 + (random() < 0.4 ? random() : 0);
    const [cx, cy] = [number(50) - 10, number(50) - 10];
    const [ri, ro] = [number(20), random() < 0.05 ? Number.POSITIVE_INFINITY : number(30)];
    const squares = Array.from(
      { length: size.width * size.height },
      (_, i) => ((i % size.width) - cx) ** 2 + (Math.floor(i / size.width) - cy) ** 2,
    );
    expect(circular({ ...size, cx, cy, r: ro })).toEqual(Uint8Array.from(squares, (one) => (one <= ro * ro ? 1 : 0)));
    expect(ring({ ...size, cx, cy, ri, ro })).toEqual(
      Uint8Array.from(squares, (one) => (one <= ro * ro && one > ri * ri ? 1 : 0)),
    );
  }
});

test('a point outside of the frame marks no pixel of another row', () => {
  const size = { width: 4, height: 3 };
  expect([...point({ ...size, cx: 3, cy: 1 })].indexOf(1)).toBe(7);
  for (const [cx, cy] of [
    [4, 0],
    [-1, 1],
    [0, 3],
    [2, -1],
  ] as const)
    expect(point({ ...size, cx, cy }).includes(1), `${cx}, ${cy}`).toBe(false);
});
