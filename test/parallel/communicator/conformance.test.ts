/**
 * Runs the same program on every kind of communicator: on a single rank, on threads, under mpirun. Also tests the loss
 * of a rank.
 */
import { type Communicator, type RankHandle, selfComm, workerGroup, workersComm } from 'ewald/communicator';
import { spmd } from 'ewald/executors';
import { describe, expect, test, vi } from 'vitest';
import { refused } from '../../support/refused.js';
import { someOf, tier, variants } from '../../support/variants.js';
import { conformance } from './program.mjs';
import { expectLost, expectRefusals } from './refusals.js';

const module = new URL('./program.mjs', import.meta.url);
const wrong = new URL('./wrong.mjs', import.meta.url);

test('self is a group of one', async () => {
  const comm = await selfComm();
  expect(await conformance(comm)).toMatchObject({ rank: 0, size: 1 });
  const waiting = comm.recv(new Int8Array(1), 0);
  const told = refused(() => waiting, 'Disposed');
  await comm.free();
  await told;
  await refused(() => comm.barrier(), 'Disposed');
});

test('handles are sent with their ports as the transfer list', async () => {
  const sent = workerGroup(3).handles.map((handle) => structuredClone<RankHandle>(handle, { transfer: handle.ports }));
  const comms = await Promise.all(sent.map(workersComm));
  const heard = comms.map(async (comm) => {
    const from = new Int32Array(3);
    await comm.alltoall(
      Int32Array.of(0, 1, 2).map((to) => 10 * comm.rank + to),
      from,
    );
    return [...from];
  });
  expect(await Promise.all(heard)).toEqual([0, 1, 2].map((rank) => [rank, 10 + rank, 20 + rank]));
  await Promise.all(comms.map((comm) => comm.free()));
});

/** Every wait ends a second after it began at the latest, which hides a bell that nobody rings: here it never does. */
async function withoutTimeouts(run: () => Promise<void>): Promise<void> {
  const atomics = Atomics as unknown as { waitAsync(...of: unknown[]): unknown };
  const { waitAsync } = atomics;
  const patient = vi.spyOn(atomics, 'waitAsync').mockImplementation((a, i, v) => waitAsync.call(Atomics, a, i, v));
  try {
    await run();
  } finally {
    patient.mockRestore();
  }
}

test('no rank waits for the second after which it would look again', async () => {
  await withoutTimeouts(async () => {
    const { handles } = workerGroup(2);
    const [zero, one] = (await Promise.all(handles.map(workersComm))) as [Communicator, Communicator];
    await Promise.all([conformance(zero), conformance(one)]);
    // A message that has arrived while its receiver waits for another one.
    const never = one.recv(new Uint8Array(1), 0, 9);
    await zero.send(Uint8Array.of(7), 1, 5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const into = new Uint8Array(1);
    await one.recv(into, 0, 5);
    expect(into[0]).toBe(7);
    // More messages than a mailbox has slots.
    const many = Array.from({ length: 300 }, (_, i) => zero.send(Uint32Array.of(i), 1, 6));
    for (let i = 0; i < 300; i++) {
      const number = new Uint32Array(1);
      await one.recv(number, 0, 6);
      expect(number[0]).toBe(i);
    }
    await Promise.all(many);
    await zero.send(Uint8Array.of(1), 1, 9);
    await never;
    await Promise.all([zero.free(), one.free()]);
  });
});

describe('threads', () => {
  test.each(variants([1, 2, 4, 7], 3))('%i ranks', { tags: tier }, async (ranks) => {
    const results = await spmd<{ rank: number; hash: number }>({ module, function: 'onRank' }, { ranks });
    expect(results.map(({ rank }) => rank)).toEqual(Array.from({ length: ranks }, (_, i) => i));
    if (ranks === 1) expect(results[0]).toEqual(await conformance(await selfComm()));
  });

  test('a rank that throws ends the others, and its error is reported', async () => {
    const error = await spmd({ module, function: 'throwing' }, { ranks: 3 }).catch((thrown) => thrown);
    expect([error.name, error.message]).toEqual(['RangeError', 'rank 1 gave up']);
  });

  test('a rank that dies ends the others', async () => {
    await refused(() => spmd({ module, function: 'dying' }, { ranks: 3 }), 'Lost', 'rank 2', 'code 5');
  });

  test('ranks whose event loop is blocked are ended', { tags: 'nightly' }, async () => {
    const error = await spmd({ module, function: 'spinning' }, { ranks: 2 }).catch((thrown) => thrown);
    expect(error.message).toBe('rank 1 gave up');
  });

  test.each(someOf([2, 4]))(
    '%i ranks that disagree are all refused with the same message, and can continue',
    async (ranks) => {
      expectRefusals(await spmd({ module: wrong, function: 'wrongTask' }, { ranks }));
    },
  );

  // A regression: the other ranks used to wait forever.
  test.each(['recv', 'send', 'bcast', 'group'])('a call that waits for a lost rank is rejected: %s', async (how) => {
    const heard = await spmd<string>({ module: wrong, function: 'leavingTask', argument: how }, { ranks: 4 });
    expectLost(heard);
  });

  test.each(variants(['computes', 'waits for a timer']))(
    'a rank that %s too long is named, not those that wait for it',
    { tags: tier },
    async (how) => {
      const task = { module: wrong, function: 'hanging', argument: how };
      const error = await spmd(task, { ranks: 4, taskTimeoutS: 0.3 }).catch((thrown) => thrown);
      expect([error.tag, error.detail]).toEqual(['Lost', { ranks: [2] }]);
      expect(error.message).toMatch(/^rank 2 did not finish within 0.3 s: rank \d waits for rank \d, .*taskTimeoutS/);
    },
  );

  test('ranks that wait for each other are reported, with the ranks they wait for', async () => {
    const task = { module: wrong, function: 'deadlocked' };
    await refused(
      () => spmd(task, { ranks: 2, taskTimeoutS: 0.3 }),
      'Lost',
      'the ranks did not finish within 0.3 s: rank 0 waits for rank 1, rank 1 waits for rank 0',
    );
  });

  test('a message of the wrong length is reported with both lengths', async () => {
    await refused(() => spmd({ module, function: 'mismatched' }, { ranks: 2 }), 'Shape', '16 bytes');
  });

  test('invalid options are refused', { tags: 'all' }, async () => {
    await refused(() => spmd({ module }, { ranks: 0 }), 'Argument', 'from 1 to 256');
    await refused(() => spmd({ module, function: 'onRank' }, { ranks: 2, signal: AbortSignal.abort() }), 'Aborted');
    const signal = AbortSignal.timeout(300);
    await refused(() => spmd({ module, function: 'spinning' }, { ranks: 1, signal }), 'Aborted');
  });
});
