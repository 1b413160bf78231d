/** The sample of crystals that a long run keeps: bounded, and spread evenly over the run. */
import { expect, test } from 'vitest';
import { Sampled } from '../../src/util/sampled.js';

test('a short run keeps all crystals, a long one every n-th, and both state the total', () => {
  const few = new Sampled<number>();
  for (let i = 0; i < 1000; i++) few.add(i);
  expect([few.seen, few.kept.length, few.kept[999]]).toEqual([1000, 1000, 999]);
  const many = new Sampled<number>();
  for (let i = 0; i < 1_000_000; i++) many.add(i);
  expect(many.seen).toBe(1_000_000);
  expect(many.kept.length).toBeLessThan(20_000);
  expect(many.kept.length).toBeGreaterThan(9_000);
  const stride = many.kept[1] as number;
  expect(many.kept.every((x, i) => x === i * stride)).toBe(true);
});
