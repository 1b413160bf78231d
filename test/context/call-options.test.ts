/** The door of options: what follows from the rows of a call, at run time and for the compiler. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { checkedOptions, checkedValue, row } from '../../src/options/call-options.js';

interface Options {
  readonly ranks: number;
  readonly window?: number | undefined;
  readonly seconds?: number | undefined;
  readonly threads?: number | undefined;
  readonly mode?: 'fast' | 'exact' | undefined;
  readonly name?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly context?: { readonly backend: string } | undefined;
}
const rows = {
  ranks: row.required(row.integer(1, 256)),
  window: row.integer(1, 65536),
  seconds: row.number(1e-3, Number.POSITIVE_INFINITY, 600),
  threads: row.threads,
  mode: row.choice(['fast', 'exact'], 'fast'),
  name: row.text,
  wait: row.flag,
  signal: row.signal,
  context: row.any,
} as const;
const of = (given: object) => checkedOptions<Options, typeof rows>('call', given as Options, rows);

test('options that are absent or undefined have the defaults of their rows', () => {
  const defaults = { seconds: 600, threads: 0, mode: 'fast', wait: false };
  expect(of({ ranks: 2 })).toEqual({ ranks: 2, ...defaults });
  const absent = Object.fromEntries(Object.keys(rows).map((name) => [name, undefined]));
  expect(of({ ...absent, ranks: 2 })).toEqual({ ranks: 2, ...defaults });
  const given = { seconds: Number.POSITIVE_INFINITY, threads: 3, mode: 'exact', wait: true, window: 7, name: 'a' };
  expect(of({ ranks: 1, ...given })).toEqual({ ranks: 1, ...given });
});

describe('a value that its row does not allow is refused by call and name', () => {
  test.each([
    [{}, 'call: ranks is undefined; expected an integer from 1 to 256'],
    [{ ranks: 1.5 }, 'call: ranks is 1.5; expected an integer from 1 to 256'],
    [{ window: 0 }, 'call: window is 0; expected an integer from 1 to 65536'],
    [{ window: null }, 'call: window is null; expected an integer from 1 to 65536'],
    [{ seconds: 0 }, 'call: seconds is 0; expected a number, 0.001 or more'],
    [{ mode: 'exakt' }, 'call: mode is "exakt"; expected one of fast, exact (did you mean "exact"?)'],
    [{ name: 7 }, 'call: name is 7; expected text'],
    [{ wait: 1 }, 'call: wait is 1; expected true or false'],
    [{ signal: {} }, 'call: signal is {}; expected an AbortSignal'],
    [{ thread: 1 }, 'call has no option "thread"; did you mean "threads"?'],
  ])('%j', (given, message) => {
    expect(() => of(Object.keys(given).length === 0 ? {} : { ranks: 1, ...given })).toThrow(message);
  });
  test('options that are no object', () => {
    for (const given of [null, 7, 'a', [], Promise.resolve({})])
      expect(() => of(given as object)).toThrow('expected an object with some of ranks, window, seconds');
  });
});

test('one value is checked as in options, or is its default', () => {
  expect(checkedValue('call: bins', undefined, row.integer(1, 8, 4))).toBe(4);
  expect(checkedValue('call: bins', 8, row.integer(1, 8, 4))).toBe(8);
  expect(() => checkedValue('call: bins', 9, row.integer(1, 8, 4))).toThrow(
    'call: bins is 9; expected an integer from 1 to 8',
  );
  expect(() => checkedValue('call: axis', undefined, row.required(row.integer(0, 2)))).toThrow(
    'call: axis is undefined',
  );
  expectTypeOf(
    checkedValue('call: mode', undefined as 'fast' | undefined, row.choice(['fast'], 'fast')),
  ).toEqualTypeOf<'fast'>();
});

test('the compiler knows which options have a value', () => {
  const values = of({ ranks: 2 });
  expectTypeOf(values.ranks).toEqualTypeOf<number>();
  expectTypeOf(values.threads).toEqualTypeOf<number>();
  expectTypeOf(values.mode).toEqualTypeOf<'fast' | 'exact'>();
  expectTypeOf(values.wait).toEqualTypeOf<boolean>();
  expectTypeOf(values.window).toEqualTypeOf<number | undefined>();
  expectTypeOf(values.name).toEqualTypeOf<string | undefined>();
  expectTypeOf(values.context).toEqualTypeOf<{ readonly backend: string } | undefined>();
  // @ts-expect-error: an option of the declaration without a row
  expect(() => checkedOptions<Options, typeof rows>('call', { ranks: 1 }, {})).toThrow('no option "ranks"');
});
