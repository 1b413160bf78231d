/** The barrier in shared memory, between ranks of one thread: a rank that polls in vain waits for a message. */
import { expect, test } from 'vitest';
import { SharedBarrier } from '../../src/heffte/shared-barrier.js';
import type { Communicator } from '../../src/parallel/communicator/communicator.js';
import { EwaldError } from '../../src/util/errors.js';
import { refused } from '../support/refused.js';

/** Barriers of `size` ranks in one memory, and the messages that their ranks have sent, as [from, to]. */
function barriers(size: number) {
  const memory = new SharedArrayBuffer(SharedBarrier.bytes(size));
  const messages: [from: number, to: number][] = [];
  const waiting = new Map<string, { resolve(): void; reject(error: unknown): void }>();
  const ranks = Array.from({ length: size }, (_, rank) => {
    const comm = {
      rank,
      size,
      async send(_: Uint8Array, to: number) {
        messages.push([rank, to]);
        waiting.get(`${rank} ${to}`)?.resolve();
      },
      recv: (_: Uint8Array, from: number) =>
        new Promise<void>((resolve, reject) => waiting.set(`${from} ${rank}`, { resolve, reject })),
    };
    return new SharedBarrier(comm as unknown as Communicator, memory);
  });
  return { ranks, messages, waiting, memory };
}

const settled = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(() => resolve(false)))]);

test('ranks receive the rows of all, and none passes before the last has arrived', async () => {
  const { ranks, messages } = barriers(3);
  // Every turn of the alternating rows, twice.
  for (let turn = 0; turn < 4; turn++) {
    const first = ranks[0]?.arrive([10 * turn]) as Promise<readonly Float64Array[]>;
    const second = ranks[1]?.arrive([10 * turn + 1]) as Promise<readonly Float64Array[]>;
    expect([await settled(first), await settled(second)], `turn ${turn}`).toEqual([false, false]);
    const third = ranks[2]?.arrive([10 * turn + 2]) as Promise<readonly Float64Array[]>;
    const rows = await Promise.all([first, second, third]);
    for (const row of rows) expect(row.map(([value]) => value)).toEqual([10 * turn, 10 * turn + 1, 10 * turn + 2]);
  }
  // Rank 0 waited for rank 1, then both for rank 2; nobody sent a message to a rank that did not wait for one.
  expect(messages.filter(([from]) => from === 0)).toEqual([]);
  expect(messages.filter(([, to]) => to === 2)).toEqual([]);
  expect(messages.filter(([from]) => from === 2)).toHaveLength(8);
});

test('a rank that finds all others present needs no message', async () => {
  const { ranks, messages } = barriers(1);
  expect(await ranks[0]?.arrive([7])).toHaveLength(1);
  expect(messages).toEqual([]);
});

test('a rank that waits for a lost one is informed', async () => {
  const { ranks, waiting } = barriers(2);
  const arriving = ranks[0]?.arrive() as Promise<unknown>;
  expect(await settled(arriving)).toBe(false);
  waiting.get('1 0')?.reject(new EwaldError('Lost', 'rank 1 ended'));
  await refused(() => arriving, 'Lost', 'rank 1 ended');
});

test('a message about the previous arrival, sent late, lets no rank pass', async () => {
  const { ranks, waiting, memory } = barriers(2);
  // Rank 1 has counted its first arrival, and is interrupted before it looks whether rank 0 waits for a message.
  const words = new Int32Array(memory);
  const arrivalsOf1 = 16;
  Atomics.store(words, arrivalsOf1, 1);
  await ranks[0]?.arrive();
  const second = ranks[0]?.arrive() as Promise<unknown>;
  expect(await settled(second)).toBe(false);
  const asks = words.findIndex((word, i) => i > arrivalsOf1 && word === 1);
  expect(Atomics.exchange(words, asks, 0)).toBe(1);
  waiting.get('1 0')?.resolve();
  expect(await settled(second)).toBe(false);
  // Now it arrives again, and is asked for a message again.
  Atomics.store(words, arrivalsOf1, 2);
  expect(Atomics.exchange(words, asks, 0)).toBe(1);
  waiting.get('1 0')?.resolve();
  expect(await settled(second)).toBe(true);
});
