/** Reflections of which a merge knows next to nothing are not in its lists. */
import { expect, test } from 'vitest';
import type { Merge } from '../../src/merging/fit/merges.js';
import { withoutFaint } from '../../src/merging/lists/merged-lists.js';

const count = 600;
/** 1/d of the reflections. */
const inverse = Float64Array.from({ length: count }, (_, id) => 0.1 + id / 1000);
/** A merge of four observations a reflection, whose information falls with the resolution by a factor of 10⁴. */
const merge = (changed: Readonly<Record<number, readonly [information: number, counts: number]>>): Merge =>
  ({
    information: Float64Array.from(inverse, (q, id) => changed[id]?.[0] ?? 4 * 10 ** (-6 * q) * (1 + (id % 7))),
    counts: Float64Array.from(inverse, (_, id) => changed[id]?.[1] ?? 4),
  }) as Merge;
/** The reflections whose observations are not counted any more. */
const marked = (of: Merge): number[] => {
  const { counts } = withoutFaint(of, 2, inverse);
  return [...of.counts.keys()].filter((id) => counts[id] !== of.counts[id]);
};

test('those of which all observations are nearly nothing of the whole, beside their neighbours', () => {
  // Two observations that tell a thousandth of what their neighbours tell decided CC1/2: .84 instead of .99.
  const usual = 10 ** (-6 * (inverse[300] as number));
  expect(marked(merge({ 300: [2e-3 * usual, 2] }))).toEqual([300]);
  // One of them is enough to be measured, and few observations are no reason.
  expect(marked(merge({ 300: [usual, 2], 301: [2 * usual, 2] }))).toEqual([]);
});

test('no others: information falls with the resolution, and differs from reflection to reflection', () => {
  expect(marked(merge({}))).toEqual([]);
  // Those that are not in the list do not tell what is usual.
  expect(marked(merge(Object.fromEntries(Array.from({ length: 250 }, (_, id) => [id, [1e9, 1]]))))).toEqual([]);
});
