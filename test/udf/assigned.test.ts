/** What methods assign to results is written into them, also by merge; what they return instead is refused. */
import { type Context, defineUdf, type Scan, validateUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSmallScan, sigShape } from '../support/small-scan.js';

type Views = Record<string, Float64Array>;
type Merging = { dest: Record<string, unknown>; src: Views };

const frames = Uint16Array.from({ length: 16 * 64 }, (_, i) => i);
let ctx: Context;
let scan: Scan;
beforeAll(() => {
  ({ ctx, scan } = openSmallScan(frames));
});
afterAll(() => ctx.close());

/** A UDF that counts its frames in as many elements as `extraShape` says. */
const counter = (methods: object, extraShape: readonly number[] = []) =>
  defineUdf({
    name: 'counter',
    buffers: { n: { kind: 'single', dtype: 'f64', extraShape } },
    processFrame: ({ results }: { results: Views }) => {
      for (let i = 0; i < (results.n?.length ?? 0); i++)
        (results.n as Float64Array)[i] = 1 + (results.n?.[i] as number);
    },
    ...methods,
  } as never);

const countOf = async (methods: object, extraShape: readonly number[] = []): Promise<number[]> => {
  const { n } = (await ctx.runUdf(scan, counter(methods, extraShape), { numPartitions: 4 })) as never as {
    n: { data: Float64Array };
  };
  return [...new Set(n.data)];
};

const first = (views: object): number => (views as { n: Float64Array }).n[0] as number;
const assigning =
  (value: (scope: Merging) => unknown) =>
  (scope: Merging): void => {
    scope.dest.n = value(scope);
  };
/** Numbers of results that have accessors, and of those that are written when merge returns. */
const sizes = [1, 256, 257];

describe.for(sizes)('merge into %i numbers', (size) => {
  test.for([
    ['an array', 16, assigning(({ dest, src }) => (src.n as Float64Array).map((x) => x + first(dest)))],
    ['a plain array', 16, assigning(({ dest, src }) => [...(src.n as Float64Array)].map((x) => x + first(dest)))],
    ['that of src, which is the last', 4, assigning(({ src }) => src.n)],
  ] as const)('writes %s', async ([, expected, merge]) => {
    for (const mergesParts of [false, true]) expect(await countOf({ merge, mergesParts }, [size])).toEqual([expected]);
  });

  test('refuses other lengths, other values and other names', async () => {
    const messageOf = (merge: (scope: Merging) => void) =>
      countOf({ merge }, [size]).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    expect(await messageOf(assigning(() => new Float64Array(size + 1)))).toBe(
      `the UDF counter threw in merge: ${size + 1} numbers do not fit the result n, which has ${size} here`,
    );
    for (const value of [undefined, null, 'three', {}])
      expect(await messageOf(assigning(() => value))).toMatch(
        /^the UDF counter threw in merge: .* was assigned to the result n.*; expected (a number or )?an array/,
      );
    expect(await messageOf(({ dest }) => Object.assign(dest, { m: 1 }))).toMatch(
      /threw in merge: .*not extensible; its results are n$/,
    );
  });
});

test('merge writes a number, which it may read again; a large result takes none', async () => {
  const merge = ({ dest, src }: Merging): void => {
    dest.n = first(dest) + first(src);
    dest.n = first(dest) + 1;
  };
  expect(await countOf({ merge })).toEqual([20]);
  await expect(countOf({ merge }, [5000])).rejects.toThrow(
    /NaN was assigned to the result n, which has 5000 elements; expected an array, or dest\.n\.fill/,
  );
});

test('getResults cannot replace the results of the run', async () => {
  const merge = assigning(({ dest, src }) => first(dest) + first(src));
  const getResults = ({ results }: { results: Record<string, unknown> }) => {
    results.n = new Float64Array(1);
    return results;
  };
  await expect(countOf({ merge, getResults })).rejects.toThrow(/threw in getResults: .*read only/);
});

test.for([
  ['processFrame', 'results'],
  ['processTile', 'results'],
  ['processPartition', 'results'],
  ['preprocess', 'results'],
  ['postprocess', 'results'],
  ['merge', 'dest'],
] as const)('%s that returns its result is refused', async ([method, into]) => {
  const given = { merge() {}, ...(/^process/.test(method) && { processFrame: undefined }), [method]: () => 5 };
  await expect(countOf(given)).rejects.toMatchObject({
    tag: 'Argument',
    message: `the UDF counter: ${method} returned 5, which is no result; assign it, as in ${into}.n = …, and return nothing, which takes braces in an arrow function`,
  });
});

test('validateUdf says what merge loses, and which results depend on partitions', async () => {
  const faultsOf = async (udf: object) => {
    const { pass, mergeFaults } = await validateUdf(udf as never, { sigShape });
    expect(pass).toBe(mergeFaults.length === 0);
    return mergeFaults;
  };
  const adding = assigning(({ dest, src }) => first(dest) + first(src));
  expect(await faultsOf(counter({ merge: adding }))).toEqual([]);
  expect(await faultsOf(counter({ merge: assigning(({ src }) => src.n) }))).toEqual([
    'the result n depends on the number of partitions: element 0 is 20 with one and 5 with 4; merge has to combine what ' +
      'dest has with what src has',
  ]);
  const both = defineUdf({
    name: 'both',
    buffers: { n: { kind: 'single', dtype: 'f64' }, value: { kind: 'nav', dtype: 'f64' } },
    processFrame({ frame, results }) {
      results.value[0] = Number(frame[0]) + 1;
      results.n[0] = 1;
    },
    merge({ dest, src }) {
      dest.n[0] = Math.max(Number(dest.n[0]), Number(src.n[0]));
    },
  });
  expect(await faultsOf(both)).toEqual([
    'merge leaves the result value as it was, so that what partitions found is lost; combine it, as in ' +
      'dest.value.set(src.value)',
  ]);
  const byPartition = defineUdf({
    name: 'byPartition',
    buffers: { value: { kind: 'nav', dtype: 'f64' } },
    processPartition: ({ count, results }) => void results.value.fill(count),
  });
  expect(await faultsOf(byPartition)).toEqual([
    'the result value depends on the number of partitions: element 0 is 20 with one and 5 with 4',
  ]);
});

test('all but 0 is true in a result of truths, however it is written', async () => {
  const values = [256, 0.5, 0, Number.NaN, -1, true, '', 84];
  const hits = await ctx.runUdf(
    ctx.fromMemory(
      Float32Array.from(values, (_, i) => i),
      { navShape: [values.length], sigShape: [1, 1] },
    ),
    defineUdf({
      name: 'hits',
      buffers: {
        hit: { kind: 'nav', dtype: 'bool' },
        two: { kind: 'nav', dtype: 'bool', extraShape: [2] },
        byte: { kind: 'nav', dtype: 'bool' },
      },
      processFrame({ frame, results }) {
        const value = [256, 0.5, 0, Number.NaN, -1, true, '', 84][frame[0] as number] as never;
        results.hit = value;
        results.two = [value, 0] as never;
        results.byte[0] = 84;
      },
    }),
  );
  // As NumPy has it: NaN is true.
  const truths = [1, 1, 0, 1, 1, 1, 0, 1];
  expect([...hits.hit.data]).toEqual(truths);
  expect([...hits.two.data]).toEqual(truths.flatMap((truth) => [truth, 0]));
  expect([...hits.byte.data]).toEqual(values.map(() => 1));
});
