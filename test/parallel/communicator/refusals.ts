/** The errors that every rank must receive for the calls of wrong.mjs, on every kind of communicator. */
import { expect } from 'vitest';

const typed = 'all ranks need the same type and length';
const expected = {
  'bcast of two types': `Shape: bcast: rank 0 has a Float32Array of 4 elements and rank 1 has a Float64Array of 4 elements; ${typed}`,
  'bcast of two types of the same size': `Shape: bcast: rank 0 has a Float32Array of 4 elements and rank 1 has an Int32Array of 4 elements; ${typed}`,
  'bcast of two lengths': `Shape: bcast: rank 0 has a Float32Array of 4 elements and rank 1 has a Float32Array of 5 elements; ${typed}`,
  'bcast from two roots': 'Argument: bcast: rank 0 gave root 0 and rank 1 gave root 1; all ranks need the same root',
  'gather of two lengths': `Shape: gather: rank 0 has an Int8Array of 1 element and rank 1 has an Int8Array of 2 elements; ${typed}`,
  'gather of two types': `Shape: gather: rank 0 has an Int8Array of 1 element and rank 1 has a Uint8Array of 1 element; ${typed}`,
  'allreduce of two lengths':
    'Shape: allreduce: rank 0 has a Float64Array of 2 elements and rank 1 has a Float64Array of 3 elements; ' +
    `${typed}`,
  'allreduce with two ops':
    'Argument: allreduce: rank 0 gave op "sum" and rank 1 gave op "max"; all ranks need the same op',
  'alltoallv of two types':
    'Shape: alltoallv: rank 0 has a Float32Array and rank 1 has a Float64Array; all ranks need the same type',
  'alltoallv with two counts':
    'Shape: alltoallv: rank 0 sends 4 elements to rank 1, which expects 5; both must pass the same count',
  'two calls':
    'Argument: rank 0 called bcast and rank 1 called barrier; all ranks of a communicator make the same ' +
    'collective calls in the same order',
};
const message = 'Shape: rank 0 sent a Float32Array of 16 bytes to rank 1, which expected a Float64Array of 16';

/** Compares the errors that the ranks received: [rank] call → expected words. */
export function expectRefusals(heard: readonly unknown[]): void {
  expect(heard.length).toBeGreaterThan(1);
  for (const [rank, told] of heard.entries())
    expect(told).toEqual(rank === 1 ? { ...expected, 'message of another type': message } : expected);
}

/**
 * The errors of the other ranks after rank 1 has left: the lost rank is rank 1 itself or, in a collective call, a rank
 * that has lost it. No rank waits forever.
 */
export function expectLost(heard: readonly string[]): void {
  expect(heard[1]).toBe('left');
  for (const told of heard.filter((_, rank) => rank !== 1))
    expect(told).toMatch(/^Lost: rank [0-3] ended, freed its communicator or lost a rank itself, and this rank still/);
  expect(heard.join()).toContain('Lost: rank 1 ended');
}
