/** What a run says of results that lack most of their values. */
import { expect, test } from 'vitest';
import { mostlyUnknown, type NamedResult } from '../../src/udf/output/named-results.js';

const result = (name: string, data: Float64Array | Int32Array, more: Partial<NamedResult> = {}): NamedResult =>
  ({ name, data, dtype: 'f64', shape: [2, 2], navAxes: 2, ...more }) as NamedResult;
const none = Number.NaN;

test('results with numbers at less than half of the positions are named, with their count', () => {
  const few = result('few', Float64Array.of(none, 1, none, none));
  expect(mostlyUnknown([few, result('half', Float64Array.of(none, 1, none, 2))], [2, 2], 4)).toEqual([
    'few: only 1 of 4 positions have a value',
  ]);
  // A position counts if one of its numbers is known.
  expect(mostlyUnknown([result('vectors', Float64Array.of(none, 1, none, none), { shape: [2, 2] })], [2], 2)).toEqual(
    [],
  );
});

test('positions outside of the region, integers and results that are not over the scan do not count', () => {
  const few = Float64Array.of(none, 1, none, none);
  expect(mostlyUnknown([result('region', few)], [2, 2], 2)).toEqual([]);
  expect(mostlyUnknown([result('integers', Int32Array.of(0, 0, 0, 0))], [2, 2], 4)).toEqual([]);
  expect(mostlyUnknown([result('frame', few, { navAxes: 0 })], [2, 2], 4)).toEqual([]);
});
