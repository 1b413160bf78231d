/** Work that is gathered into batches: when a batch starts, and what one piece may do to the others. */
import { describe, expect, test } from 'vitest';
import { Gathered, type PieceOptions } from '../../src/compute/planner/gathered.js';
import { EwaldError } from '../../src/util/errors.js';

const piece = (more: Partial<PieceOptions> = {}): PieceOptions => ({ size: 1, key: '', mayWait: true, ...more });

/** Doubles numbers, records its batches, and waits where a batch contains a number of `slow`. */
function doubling(limits = { pieces: 4, size: 100, waitMs: 2 }) {
  const batches: (readonly number[])[] = [];
  const slow = new Map<number, Promise<unknown>>();
  const faults = new Map<number, unknown>();
  const gathered = new Gathered<number, number>(limits, async (numbers) => {
    batches.push(numbers);
    await Promise.all(numbers.map((n) => slow.get(n)));
    for (const n of numbers) if (faults.has(n)) throw faults.get(n);
    return numbers.map((n) => 2 * n);
  });
  return { gathered, batches, slow, faults };
}
const never = 2 ** 30;

describe('a batch', () => {
  test('starts when it is full, and its results come in the order of its pieces', async () => {
    const { gathered, batches } = doubling({ pieces: 4, size: 100, waitMs: never });
    const results = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => gathered.add(n, piece()));
    expect(await Promise.all(results)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(batches).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
  });

  test('starts incomplete once its first piece has waited', async () => {
    const { gathered, batches } = doubling();
    expect(await Promise.all([1, 2].map((n) => gathered.add(n, piece())))).toEqual([2, 4]);
    expect(batches).toEqual([[1, 2]]);
  });

  test('starts at once for a piece that may not wait, or beside one that does not fit or match', async () => {
    const { gathered, batches } = doubling({ pieces: 4, size: 10, waitMs: never });
    const results = [
      gathered.add(1, piece({ size: 6 })),
      gathered.add(2, piece({ size: 6 })),
      gathered.add(3, piece({ key: 'other' })),
      gathered.add(4, piece({ key: 'other', mayWait: false })),
    ];
    expect(await Promise.all(results)).toEqual([2, 4, 6, 8]);
    expect(batches).toEqual([[1], [2], [3, 4]]);
  });
});

describe('one piece', () => {
  test('that never ends delays its own batch only', async () => {
    const { gathered, batches, slow } = doubling({ pieces: 2, size: 100, waitMs: never });
    let end = (): void => undefined;
    slow.set(1, new Promise<void>((resolve) => (end = resolve)));
    const late = [1, 2].map((n) => gathered.add(n, piece()));
    expect(await Promise.all([3, 4, 5, 6].map((n) => gathered.add(n, piece())))).toEqual([6, 8, 10, 12]);
    expect(batches).toHaveLength(3);
    end();
    expect(await Promise.all(late)).toEqual([2, 4]);
  });

  test('that is wrong fails alone', async () => {
    const { gathered, faults } = doubling();
    faults.set(2, new EwaldError('Argument', 'two is odd'));
    const found = await Promise.allSettled([1, 2, 3].map((n) => gathered.add(n, piece())));
    expect(found.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.tag))).toEqual([2, 'Argument', 6]);
  });

  test('whose signal fires is left out if it waits, and is no longer waited for if it runs', async () => {
    const { gathered, batches, slow } = doubling({ pieces: 3, size: 100, waitMs: never });
    const abort = new AbortController();
    const left = gathered.add(1, piece({ signal: abort.signal }));
    abort.abort();
    await expect(left).rejects.toMatchObject({ tag: 'Aborted' });
    const others = [2, 3].map((n) => gathered.add(n, piece()));
    expect(await Promise.all(others)).toEqual([4, 6]);
    expect(batches).toEqual([[2, 3]]);
    const running = new AbortController();
    slow.set(4, new Promise(() => undefined));
    const waited = gathered.add(4, piece({ signal: running.signal, mayWait: false }));
    running.abort();
    await expect(waited).rejects.toMatchObject({ tag: 'Aborted' });
  });
});

test('a lost device ends every piece of the batch, and the batch is not tried again', async () => {
  const { gathered, batches, faults } = doubling();
  faults.set(2, new EwaldError('DeviceLost', 'the card is gone'));
  const found = await Promise.allSettled([1, 2, 3].map((n) => gathered.add(n, piece())));
  expect(found.map((one) => (one as PromiseRejectedResult).reason.tag)).toEqual(Array(3).fill('DeviceLost'));
  expect(batches).toHaveLength(1);
});

test('disposal finishes what waits and refuses what comes later', async () => {
  const { gathered, batches } = doubling({ pieces: 4, size: 100, waitMs: never });
  const result = gathered.add(1, piece());
  await gathered.dispose();
  expect(await result).toBe(2);
  expect(batches).toEqual([[1]]);
  await expect(gathered.add(2, piece())).rejects.toMatchObject({ tag: 'Disposed' });
});
