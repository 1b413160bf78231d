/** What a run says of results that lack most of their values. */
import { expect, test } from 'vitest';
import { missingNumbers, type NamedResult } from '../../src/udf/output/named-results.js';

const result = (name: string, data: Float64Array | Int32Array, more: Partial<NamedResult> = {}): NamedResult =>
  ({ name, data, dtype: 'f64', shape: [2, 2], navAxes: 2, ...more }) as NamedResult;
const none = Number.NaN;

test('results that lack numbers are named together, with their count; from a quarter on they are doubtful', () => {
  const few = result('few', Float64Array.of(none, 1, none, none));
  const half = Float64Array.of(none, 1, none, 2);
  expect(missingNumbers([few, result('half', half), result('other', half)], [2, 2], 4)).toEqual([
    { text: 'few: only 1 of 4 positions have a value', isDoubtful: true },
    { text: 'half, other: only 2 of 4 positions have a value', isDoubtful: true },
  ]);
  const map = (missing: number) => Float64Array.from({ length: 100 }, (_, i) => (i < missing ? none : i));
  const shape = { shape: [10, 10] };
  expect(missingNumbers([result('edge', map(20), shape)], [10, 10], 100)).toEqual([
    { text: 'edge: only 80 of 100 positions have a value', isDoubtful: false },
  ]);
  expect(missingNumbers([result('whole', map(1), shape)], [10, 10], 100)).toEqual([]);
  // A position counts if one of its numbers is known.
  expect(missingNumbers([result('vectors', Float64Array.of(none, 1, 1, none), { shape: [2, 2] })], [2], 2)).toEqual([]);
});

test('positions outside of the region, integers and results that are not over the scan do not count', () => {
  const few = Float64Array.of(none, 1, none, none);
  // Neighbours of a line of positions are missing on one axis.
  expect(missingNumbers([result('curl', few)], [2, 2], 4)).toMatchObject([{ isDoubtful: false }]);
  expect(missingNumbers([result('region', few)], [2, 2], 1)).toEqual([]);
  expect(missingNumbers([result('integers', Int32Array.of(0, 0, 0, 0))], [2, 2], 4)).toEqual([]);
  expect(missingNumbers([result('frame', few, { navAxes: 0 })], [2, 2], 4)).toEqual([]);
});

test('a frame of results that are nothing but NaN is doubtful; a pixel of them is not', () => {
  const ofFrame = (...data: number[]) => result('sum', Float64Array.from(data), { navAxes: 0, axes: ['y', 'x'] });
  expect(missingNumbers([ofFrame(none, none, none, none)], [7], 7)).toMatchObject([
    { text: expect.stringContaining('sum: no pixel has a value'), isDoubtful: true },
  ]);
  expect(missingNumbers([ofFrame(none, none, none, 0)], [7], 7)).toEqual([]);
});
