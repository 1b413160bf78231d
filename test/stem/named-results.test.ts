/** What a run says of results that lack most of their values. */
import { expect, test } from 'vitest';
import { later } from '../../src/stem/analyses/analysis.js';
import { missingNumbers, type NamedResult, namedChannels, renamed } from '../../src/stem/output/named-results.js';

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
  expect(missingNumbers([result('whole', map(0), shape)], [10, 10], 100)).toEqual([]);
  // A single one counts, and so does one that is infinite.
  expect(missingNumbers([result('one', map(1), shape)], [10, 10], 100)).toEqual([
    { text: 'one: only 99 of 100 positions have a value', isDoubtful: false },
  ]);
  const endless = map(0).fill(Number.POSITIVE_INFINITY, 7, 8);
  expect(missingNumbers([result('sum', endless, shape)], [10, 10], 100)).toEqual([
    { text: 'sum: only 99 of 100 positions have a finite value', isDoubtful: false },
  ]);
  const axes = { navAxes: 0, axes: ['sig_y', 'sig_x'] };
  expect(missingNumbers([result('max', Float64Array.of(1, -1 / 0, 2, 3), axes)], [7], 7)).toEqual([
    {
      text: 'max: 1 of 4 pixels has no finite value, as those do that are infinite or NaN in one frame',
      isDoubtful: false,
    },
  ]);
  // A position counts if one of its numbers is known.
  expect(missingNumbers([result('vectors', Float64Array.of(none, 1, 1, none), { shape: [2, 2] })], [2], 2)).toEqual([]);
});

test('positions outside of the region, integers and results that are not over the scan do not count', () => {
  const few = Float64Array.of(none, 1, none, none);
  // Neighbours of a line of positions are missing on one axis.
  expect(missingNumbers([result('curl', few)], [2, 2], 4)).toEqual([
    { text: 'curl: only 1 of 4 positions have a value, as those do whose neighbours were measured', isDoubtful: false },
  ]);
  // The same of one of several functions, whose name precedes it; what a line cannot have is not missed.
  expect(missingNumbers([result('com-curl', few)], [2, 2], 4)).toMatchObject([{ isDoubtful: false }]);
  const line = result('com-divergence', Float64Array.of(none, none, none, none));
  for (const nav of [[4], [1, 4], [1, 2, 2]]) expect(missingNumbers([line], nav, 4)).toEqual([]);
  expect(missingNumbers([result('region', few)], [2, 2], 1)).toEqual([]);
  expect(missingNumbers([result('integers', Int32Array.of(0, 0, 0, 0))], [2, 2], 4)).toEqual([]);
  expect(missingNumbers([result('frame', few, { navAxes: 0 })], [2, 2], 4)).toEqual([]);
});

test('a frame of results that are nothing but NaN is doubtful; a pixel of them is not', () => {
  const ofFrame = (...data: number[]) => result('sum', Float64Array.from(data), { navAxes: 0, axes: ['y', 'x'] });
  expect(missingNumbers([ofFrame(none, none, none, none)], [7], 7)).toMatchObject([
    { text: expect.stringContaining('sum: no pixel has a value'), isDoubtful: true },
  ]);
  // What is over neither has numbers where they exist.
  expect(missingNumbers([ofFrame(none, none, none, 0)], [7], 7)).toEqual([]);
});

test('pixels of the detector without a number are counted, but those that are left out', () => {
  const axes = { navAxes: 0, axes: ['sig_y', 'sig_x'] };
  const image = (name: string) => result(name, Float64Array.of(none, 1, none, 2), axes);
  const text = 'sum, max: 2 of 4 pixels have no value (NaN), as those do that are NaN in one frame';
  expect(missingNumbers([image('sum'), image('max')], [7], 7)).toEqual([{ text, isDoubtful: true }]);
  expect(missingNumbers([image('sum')], [7], 7, 2)).toEqual([]);
  // Radii outside of the frame have none, and the analysis says so.
  expect(missingNumbers([{ ...image('polar'), axes: ['azimuth', 'radius'] }], [7], 7)).toEqual([]);
  const complex = result('field', Float64Array.of(none, none, 1, none, 2, 2), { ...axes, dtype: 'c128', shape: [3] });
  expect(missingNumbers([complex], [7], 7)).toMatchObject([
    { text: expect.stringMatching('^field: 2 of 3 pixels have') },
  ]);
});

test('the names, shapes and types of results are told without their numbers, which are computed once', () => {
  let computed = 0;
  const numbers = (): Float64Array => {
    computed++;
    return Float64Array.of(1, 2, 3, 4);
  };
  const channel = later({ key: 'spectrum', title: 'spectrum', desc: 'of a sum', shape: [2, 2], isSig: true }, numbers);
  const analysis = { scan: { shape: { nav: [2, 2] } }, channels: () => [channel] } as never;
  const [result] = namedChannels(analysis, {}).map((one) => renamed(one, `sum-${one.name}`)) as [NamedResult];
  expect([result.name, result.shape, result.dtype, result.navAxes]).toEqual(['sum-spectrum', [2, 2], 'f64', 0]);
  expect(computed).toBe(0);
  expect([...(result.data as Float64Array), ...(result.data as Float64Array)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  expect(computed).toBe(1);
});
