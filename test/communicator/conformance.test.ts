/** One program on every kind of communicator: alone, on threads, under mpirun; and what happens when a rank is lost. */
import { selfComm } from 'ewald/communicator';
import { spmd } from 'ewald/executors';
import { describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { conformance } from './program.mjs';

const module = new URL('./program.mjs', import.meta.url);

test('self is a group of one', async () => {
  const comm = await selfComm();
  expect(await conformance(comm)).toMatchObject({ rank: 0, size: 1 });
  const waiting = comm.recv(new Int8Array(1), 0);
  const told = refused(() => waiting, 'Disposed');
  await comm.free();
  await told;
  await refused(() => comm.barrier(), 'Disposed');
});

describe('threads', () => {
  test.each([1, 2, 4, 7])('%i ranks', async (ranks) => {
    const results = await spmd<{ rank: number; hash: number }>({ module, function: 'onRank' }, { ranks });
    expect(results.map(({ rank }) => rank)).toEqual(Array.from({ length: ranks }, (_, i) => i));
    if (ranks === 1) expect(results[0]).toEqual(await conformance(await selfComm()));
  });

  test('a rank that throws ends the others, and its error is told', async () => {
    const began = performance.now();
    const error = await spmd({ module, function: 'throwing' }, { ranks: 3 }).catch((thrown) => thrown);
    expect([error.name, error.message]).toEqual(['RangeError', 'rank 1 gave up']);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('a rank that dies ends the others within seconds', async () => {
    const began = performance.now();
    await refused(() => spmd({ module, function: 'dying' }, { ranks: 3 }), 'Lost', 'rank 2', 'code 5');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('ranks that hear of nothing are ended a little later', async () => {
    const began = performance.now();
    const error = await spmd({ module, function: 'spinning' }, { ranks: 2 }).catch((thrown) => thrown);
    expect(error.message).toBe('rank 1 gave up');
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('a message of another length is told with both', async () => {
    await refused(() => spmd({ module, function: 'mismatched' }, { ranks: 2 }), 'Shape', '16 bytes');
  });

  test('bad options are refused', async () => {
    await refused(() => spmd({ module }, { ranks: 0 }), 'Argument', 'from 1 to 256');
    await refused(() => spmd({ module, function: 'onRank' }, { ranks: 2, signal: AbortSignal.abort() }), 'Aborted');
    const signal = AbortSignal.timeout(300);
    await refused(() => spmd({ module, function: 'spinning' }, { ranks: 1, signal }), 'Aborted');
  });
});
