/** What users get wrong in calls of a Context, and what the errors tell them: what was found, and what is needed. */
import { BufferCollection2D } from 'ewald/memory';
import { type Context, type Scan, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { select } from '../../src/udf/scans/roi.js';
import { navShape, openSmallScan, sigShape } from '../support/small-scan.js';

const frames = Uint16Array.from({ length: 16 * 64 }, (_, i) => i);
const bytes = new Uint8Array(frames.buffer);
let ctx: Context;
let scan: Scan;
beforeAll(() => {
  ({ ctx, scan } = openSmallScan(frames));
});
afterAll(() => ctx.close());

/** The message of the `Argument` that a call ends with. */
async function refusal(call: () => unknown): Promise<string> {
  const error: unknown = await (async () => call())().then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toMatchObject({ name: 'EwaldError', tag: 'Argument' });
  return (error as Error).message;
}

test.for([
  [{ sync_offset: 1 }, 'load has no option "sync_offset"; did you mean "syncOffset"?'],
  [{ syncOfset: 1 }, 'load has no option "syncOfset"; did you mean "syncOffset"?'],
  [{ fileMsk: true }, 'load has no option "fileMsk"; did you mean "fileMask"?'],
  [{ folow: true }, 'load has no option "folow"; did you mean "follow"?'],
  [{ folow: true, follow: true }, 'load has no option "folow"; did you mean "follow"?'],
  [{ nav_shape: [1] }, 'load has no option "nav_shape"; did you mean "navShape"?'],
  [{ stallS: 5 }, 'load: stallS belongs to files that are still being written; set follow: true'],
  [{ fileMask: 1 }, 'load: fileMask is 1; expected true or false'],
] as const)('load with %j', async ([options, message]) => {
  expect(await refusal(() => ctx.load(bytes, options as never))).toBe(message);
});

test('a UDF without parameters refuses them', async () => {
  const message = await refusal(() => sumUdf().withParams({ x: 1 }));
  expect(message).toMatch(/has no option "x"; it takes none$/);
});

test('load names all of its options', async () => {
  const message = await refusal(() => ctx.load(bytes, { colour: 1 } as never));
  expect(message).toMatch(/^load has no option "colour"; expected one of format, navShape, .*signal, syncOffset, file/);
});

test.for([
  [{ progress: 3 }, 'runUdf: progress is 3; expected true or false'],
  [{ taskTimeoutS: 'x' }, 'runUdf: taskTimeoutS is "x"; expected a number, 0.001 or more'],
  [{ latest: 1 }, 'runUdf: latest is 1; expected true or false'],
  [{ numPartitions: '2' }, 'numPartitions is "2"; expected a whole number from 1'],
  [{ plots: 3 }, 'plots is 3; expected true, a function, or { show, channels, … }'],
  [{ plots: { minDelt: 1 } }, 'plots has no option "minDelt"; did you mean "minDelta"?'],
  [
    { corrections: { excludedPixels: [99999] } },
    'corrections: an element of excludedPixels is 99999; expected positions [y, x] within 8 × 8, or a mask of all ' +
      'pixels as a Uint8Array',
  ],
  [{ corrections: { dark: null } }, 'Corrections: dark is null; expected an array of numbers'],
] as const)('runUdf with %j', async ([options, message]) => {
  expect(await refusal(() => ctx.runUdf(scan, sumUdf(), options as never))).toBe(message);
});

test('a region of another kind, and one of nothing', async () => {
  const size = scan.shape.nav.reduce((product, n) => product * n, 1);
  for (const [roi, words] of [
    [new Array(size).fill(false), /^roi marks no position of the scan/],
    [new Uint8Array(size), /^roi marks no position of the scan/],
    [new Float32Array(size).fill(Number.NaN), /^roi: element 0 is NaN/],
  ] as const)
    expect(await refusal(() => ctx.runUdf(scan, sumUdf(), { roi }))).toMatch(words);
  // Nothing by intention.
  // Rows of a mask with two numbers each are no positions.
  const rows = [
    [
      [1, 0],
      [0, 1],
    ],
    [
      [0, 0],
      [1, 0],
    ],
    [
      [0, 1],
      [0, 1],
    ],
  ];
  expect(select(rows as never, [3, 2, 2]).positions).toEqual(Uint32Array.of(0, 3, 6, 9, 11));
  await ctx.runUdf(scan, sumUdf(), { roi: { shape: scan.shape.nav, entries: [] } });
  const message = await refusal(() => ctx.runUdf(scan, sumUdf(), { roi: { at: 3 } } as never));
  expect(message).toMatch(
    /^roi: a position is 3; expected a mask with an element per scan position, \{ at: position \}/,
  );
});

test.for([
  ['undefined', () => undefined, 'undefined'],
  ['text', () => 'a', '"a"'],
  ['digits', () => '12', '"12"'],
  ['a bigint', () => 10n, '10n'],
  ['null', () => null, 'null'],
  ['nothing', () => [], '[]'],
  ['rows', () => [[1], [2]], '[[1],[2]]'],
  ['texts', () => ['1'], '["1"]'],
  ['bigints', () => new BigInt64Array(2), 'a BigInt64Array of 2'],
] as const)('map refuses %s', async ([, given, found]) => {
  const wanted = 'expected a number, a boolean (which counts as 1 or 0), an array of numbers or a typed array of them';
  const f = (): never => given() as never;
  expect(await refusal(() => ctx.map(scan, f))).toBe(`the function f returned ${found} for a frame of ones; ${wanted}`);
  const later = (frame: Uint16Array): never => (frame[0] === 64 ? given() : 1) as never;
  expect(await refusal(() => ctx.map(scan, later))).toBe(
    `the UDF later threw in frame 1: the function returned ${found}; ${wanted}`,
  );
});

test('map refuses results of different lengths, and names the frame', async () => {
  const f = (frame: Uint16Array): number[] => (frame[0] === 3 * 64 ? [1, 2] : [1]);
  expect(await refusal(() => ctx.map(scan, f))).toBe(
    'the UDF f threw in frame 3: the function returned 2 numbers, and 1 for a frame of ones; expected as many for ' +
      'every frame',
  );
  const thrower = (): never => {
    throw new TypeError('no');
  };
  expect(await refusal(() => ctx.map(scan, thrower))).toBe(
    'the UDF thrower threw in the function for a frame of ones: no',
  );
});

test('map takes numbers, booleans, arrays and typed arrays', async () => {
  const of = async (f: (frame: Uint16Array) => number | boolean | ArrayLike<number>) => {
    const { shape, data } = await ctx.map(scan, f);
    return [[...shape], [...data.slice(0, 4)]];
  };
  expect(await of((frame) => frame[0] as number)).toEqual([navShape, [0, 64, 128, 192]]);
  expect(await of((frame) => (frame[0] as number) > 64)).toEqual([navShape, [0, 0, 1, 1]]);
  expect(await of((frame) => [frame[0] as number, 1])).toEqual([
    [...navShape, 2],
    [0, 1, 64, 1],
  ]);
  expect(await of((frame) => frame.subarray(0, 2))).toEqual([
    [...navShape, 2],
    [0, 1, 64, 65],
  ]);
});

test.for([
  ['createComAnalysis', { r: 10 }, 'did you mean "maskRadius"?'],
  ['createComAnalysis', { ri: 10 }, 'did you mean "maskRadiusInner"?'],
  ['createFftSumAnalysis', { r: 10 }, 'did you mean "radius"?'],
  ['createComAnalysis', { q: 10 }, 'expected one of cx, cy, maskRadius'],
  ['createRingAnalysis', { rad: 10 }, 'expected one of cx, cy, ri, ro'],
  ['createRingAnalysis', { RI: 10 }, 'did you mean "ri"?'],
  ['createRingAnalysis', { rii: 10 }, 'did you mean "ri"?'],
] as const)('%s with %j', async ([method, options, advice]) => {
  const message = await refusal(() => ctx[method](scan, options as never));
  const [name] = Object.keys(options);
  expect(message.startsWith(`${method} has no option "${name}"; ${advice}`)).toBe(true);
});

test('a function of the package without its call', async () => {
  expect(await refusal(() => ctx.runUdf(scan, sumUdf as never))).toMatch(
    /call it with its parameters, as in sumUdf\(\)/,
  );
});

test('rows of mixed types, and a count that is a text', async () => {
  const mixed = [new Float64Array(2), new Float32Array(2)];
  expect(await refusalOfRows(() => new BufferCollection2D(mixed))).toBe(
    'row 1 has elements of the format "f"; expected "d", as in row 0; convert the row',
  );
  expect(await refusalOfRows(() => new BufferCollection2D(mixed, -1, 'f'))).toMatch(
    /^row 0 has elements of the format "d"; expected "f", as requested/,
  );
  expect(await refusal(() => new BufferCollection2D(mixed, '2' as never))).toMatch(/^columnCount is "2"; expected a/);
});

/** The message of the `Shape` that a call throws. */
async function refusalOfRows(call: () => unknown): Promise<string> {
  try {
    call();
  } catch (error) {
    expect(error).toMatchObject({ tag: 'Shape', code: 'FORMAT' });
    return (error as Error).message;
  }
  return 'accepted';
}

type Own = { readonly own: Float64Array };
/** Takes the memory of an array away, as a transfer to another thread does. */
const detach = ({ buffer }: ArrayBufferView): unknown => structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });

test.each([
  ['its frame', 'frames', { processFrame: ({ frame }: never) => void detach(frame) }],
  ['its tile', 'frames', { processTile: ({ tile }: never) => void detach(tile) }],
  ['its partition', 'frames', { processPartition: ({ frames }: never) => void detach(frames) }],
  ['a result of a frame', 'result own', { processFrame: ({ results }: never) => void detach((results as Own).own) }],
  ['a result at its end', 'result own', { postprocess: ({ results }: never) => void detach((results as Own).own) }],
  ['a result while it merges', 'result own', { merge: ({ dest }: never) => void detach((dest as Own).own) }],
])('a UDF that transfers %s is refused', async (_, what, methods) => {
  const buffers = { own: { kind: 'nav', dtype: 'f64' } };
  const udf = {
    name: 'giver',
    buffers,
    ...(Object.keys(methods).some((name) => name.startsWith('process')) ? {} : { processFrame() {} }),
    ...methods,
  };
  const copy = ctx.fromMemory(frames.slice(), { navShape, sigShape });
  expect(await refusal(() => ctx.runUdf(copy, udf as never, { numPartitions: 2 }))).toMatch(
    new RegExp(`^the UDF giver has detached its ${what} in .*; send a copy$`),
  );
});
