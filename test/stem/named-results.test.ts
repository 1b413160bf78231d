/** What a run says of results that lack most of their values. */
import { expect, test } from 'vitest';
import { later } from '../../src/stem/analyses/analysis.js';
import { missingNumbers, type NamedResult, namedChannels, renamed } from '../../src/stem/output/named-results.js';
import { limitsOf, piecesOf } from '../../src/stem/output/numbers.js';
import { tiffOf } from '../../src/stem/output/tiff-results.js';
import { computedInParts } from '../../src/udf/functions/in-parts.js';

const result = (name: string, data: Float64Array | Int32Array, more: Partial<NamedResult> = {}): NamedResult =>
  ({ name, data, dtype: 'f64', shape: [2, 2], navAxes: 2, ...more }) as NamedResult;
const none = Number.NaN;

test('images of the scan have its step in a TIFF file, and those of the detector none', () => {
  const bytesOf = (...results: NamedResult[]) => Buffer.concat([...tiffOf(results, 2.5)]).toString('latin1');
  const map = result('map', new Float64Array(4));
  const pattern = result('pattern', new Float64Array(4), { navAxes: 0 });
  const rows = result('by radius', new Float64Array(8), { shape: [2, 2, 2] });
  expect(bytesOf(map)).toContain('unit=nm');
  // They had a pixel of 1 nm, or the step of the scan along an axis that is none of it.
  for (const other of [pattern, rows]) expect(bytesOf(other)).not.toContain('unit=nm');
  expect(bytesOf(map, pattern)).not.toContain('unit=nm');
});

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

test('what is said of the numbers is what a look at each of them says', () => {
  let state = 7;
  const random = (most: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  const special = [none, 1 / 0, -1 / 0];
  for (let round = 0; round < 300; round++) {
    const dtype = (['f64', 'f32', 'c128', 'i16', 'u64'] as const)[random(5)] as 'f64';
    const each = dtype === ('c128' as string) ? 2 : 1;
    const rare = [1, 3, 40, 1e9][random(4)] as number;
    const values = Array.from({ length: each * random(40) }, () =>
      /^[fc]/.test(dtype) && random(rare) === 0
        ? (special[random(3)] as number)
        : random(100) - (dtype[0] === 'u' ? 0 : 50),
    );
    const data =
      dtype === ('u64' as string)
        ? BigUint64Array.from(values, BigInt)
        : dtype === ('i16' as string)
          ? Int16Array.from(values)
          : Float64Array.from(values);
    const numbers = values.filter((value) => !Number.isNaN(value));
    const isNone = (k: number): boolean =>
      values.slice(each * k, each * (k + 1)).some((value) => !Number.isFinite(value));
    expect(limitsOf({ dtype, shape: [values.length / each], data: data as Float64Array })).toEqual({
      min: Math.min(...numbers),
      max: Math.max(...numbers),
      missing: Array.from({ length: values.length / each }, (_, k) => k).filter(isNone).length,
      isEndless: values.some((value) => Math.abs(value) === 1 / 0),
      isEmpty: values.length > 0 && numbers.length === 0,
    });
  }
});

test('numbers that come in pieces are those of the whole: each is there while the next one is computed', () => {
  for (const [shape, dtype, most] of [
    [[7, 5], 'f64', 12],
    [[7, 5], 'c128', 1],
    [[3, 2, 4], 'f64', 8],
    [[9], 'f64', 4],
    [[0, 3], 'f64', 4],
  ] as const) {
    const each = dtype === 'c128' ? 2 : 1;
    const length = each * shape.reduce((a: number, b: number) => a * b, 1);
    const row = each * (shape.at(-1) as number);
    const asked: number[] = [];
    const write = (from: number, out: Float64Array): void => {
      expect([from % row, out.length % row]).toEqual([0, 0]);
      asked.push(from);
      for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(from + i);
    };
    const result = later({ dtype, shape, name: 'root' }, computedInParts(length, write));
    const found: number[] = [];
    let before: { readonly piece: Float64Array; readonly was: number[] } | undefined;
    for (const piece of piecesOf(result, most) as Iterable<Float64Array>) {
      expect([...(before?.piece ?? [])]).toEqual(before?.was ?? []);
      before = { piece, was: [...piece] };
      found.push(...piece);
    }
    const pieces = asked.length;
    expect(limitsOf(result)).toMatchObject({ min: length ? 0 : 1 / 0, max: length ? Math.sqrt(length - 1) : -1 / 0 });
    // What was looked at while it was written is not computed again for its limits.
    expect(asked).toHaveLength(pieces);
    expect(found).toEqual([...result.data]);
    // What is in memory is one piece.
    expect([...piecesOf(result, most)]).toEqual(length ? [result.data] : []);
  }
});
