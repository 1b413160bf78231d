// Tests of the compiled libraries, written in TypeScript: a new test needs no recompilation.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import {
  approximatePiTypescript,
  approximations,
  library,
  series,
  seriesOfLibrary,
  withProgress,
} from '../ts/index.js';
import { messageOf } from '../ts/message.js';

const points = [1_000_000, 1_500_000, 2_000_000];
/**
 * The result of 1e6 points has a standard deviation of 1.6e-3: four times the square root of p (1 - p) / n, with p = pi
 * / 4.
 */
const tolerance = 2e-3;

/**
 * The function, or undefined after the test was skipped with a reason: a missing compiler is not a failure, a wrong
 * value is.
 */
async function present<T>(context: TestContext, open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if ((error as { tag?: string }).tag !== 'Load' || process.env.PI_REQUIRE_ALL) throw error;
    context.skip(messageOf(error));
    return undefined;
  }
}

const languages: [string, () => Promise<(n: number) => number>][] = [
  ['TypeScript', async () => approximatePiTypescript],
  ['C', async () => (await library('pi_cpp', 'native')).approximate_pi_c],
  ['C on wasm', async () => (await library('pi_cpp', 'wasm')).approximate_pi_c],
  ['Fortran', async () => (await library('pi_f90', 'native')).approximate_pi_fortran],
];

for (const [language, open] of languages) {
  test(`${language} comes close to pi, and is the same pi as in TypeScript`, async (context) => {
    const approximate = await present(context, open);
    if (!approximate) return;
    for (const n of points) {
      const value = approximate(n);
      assert.ok(Math.abs(value - Math.PI) < tolerance, `${n} points give ${value}`);
      assert.equal(value, approximatePiTypescript(n));
    }
  });
}

test('a list of records comes back, from either side’s memory', async (context) => {
  const estimates = await present(context, () => series(1000, 5));
  if (!estimates) return;
  assert.deepEqual(
    estimates.map(({ num_points }) => num_points),
    [1000, 2000, 4000, 8000, 16000],
  );
  for (const { num_points, value, error } of estimates) {
    assert.equal(value, approximatePiTypescript(num_points));
    assert.ok(Math.abs(error - Math.abs(value - Math.PI)) < 1e-15);
  }
  assert.deepEqual(await seriesOfLibrary(1000, 5), estimates);
});

test('a generator goes on until it is left', async (context) => {
  const values = await present(context, async () => {
    const taken: number[] = [];
    for await (const value of approximations(100_000)) {
      taken.push(value);
      if (taken.length === 10) break;
    }
    return taken;
  });
  if (!values) return;
  assert.equal(values.at(-1), approximatePiTypescript(1_000_000));
});

test('a callback is told, and may stop', async (context) => {
  const told: number[] = [];
  const value = await present(context, () =>
    withProgress(1_000_000, 10, (done) => {
      told.push(done);
      return done < 0.5;
    }),
  );
  if (value === undefined) return;
  assert.deepEqual(told, [0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.equal(value, approximatePiTypescript(500_000));
});

test('a function of the other library is named', async (context) => {
  const fortran = await present(context, () => library('pi_f90', 'native'));
  if (!fortran) return;
  assert.throws(
    () => fortran.approximate_pi_c(1),
    /the header declares approximate_pi_c, but the library pi_f90 does not have it; it has approximate_pi_fortran/,
  );
});
