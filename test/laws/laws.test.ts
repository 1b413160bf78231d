/** Laws of the whole product, drawn by fast-check: a fixed seed here, that of the day in `npm run nightly`. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { bits, check, type Row, seedOfDay, within } from './law.mjs';
import { closeLaws, openLaws } from './laws.mjs';

const laws = await openLaws();
afterAll(closeLaws);

describe('the law that', () => {
  for (const law of laws.filter(({ isOfNight }) => !isOfNight))
    test(law.law, async () => expect(await check(law)).toBeGreaterThanOrEqual(law.draws));
});

describe('by the seed of the day, the law that', () => {
  for (const law of laws)
    test(law.law, { tags: 'nightly' }, async () =>
      expect(await check(law, { seed: seedOfDay(), ...(!law.isOfNight && { seconds: 10 }) })).toBeGreaterThan(0),
    );
});

describe('a law', () => {
  const row = (answers: Row<{ n: number }>['answers'], agree = bits): Row<{ n: number }> => ({
    law: 'numbers stay',
    drawn: fc.record({ n: fc.integer({ min: 0, max: 1000 }) }),
    answers,
    agree,
    draws: 100,
  });

  test('that fails says the shrunken input, where the answers differ, and the command that repeats it', async () => {
    const wrong = row(({ n }) => [{ list: [1, n] }, { list: [1, n > 499 ? n + 1 : n] }]);
    const said: string = await check(wrong).then(
      () => 'held',
      (error) => error.message,
    );
    expect(said).toMatch(/^numbers stay: the answer\.list\[1\] is 500 and 501; they agree to the last bit\n/);
    expect(said).toContain('input: {"n":500}');
    const [, seed, path] =
      /again: node test\/laws\/run\.mjs 'numbers stay' --seed (\d+) --path ([\d:]+)$/.exec(said) ?? [];
    await expect(check(wrong, { seed: Number(seed), path })).rejects.toThrow('input: {"n":500}');
  });

  test('compares numbers by its bound, and lists of other lengths, absent members and NaN as they are', async () => {
    const near = within(1e-3, 'a test');
    await expect(
      check(
        row(
          ({ n }) => [
            [n, Number.NaN],
            [n * 1.0005, Number.NaN],
          ],
          near,
        ),
      ),
    ).resolves.toBe(100);
    await expect(check(row(({ n }) => [[n], [n * 1.002 + 1e-9]], near))).rejects.toThrow('within 0.001: a test');
    await expect(check(row(() => [[1, 2], [1]], near))).rejects.toThrow('2 values and 1 values');
    await expect(check(row(() => [{ a: 1 }, {}], near))).rejects.toThrow('answer.a is 1 and undefined');
    await expect(check(row(() => [Number.NaN, 0], near))).rejects.toThrow('is NaN and 0');
  });
});
