/** What a plan of a length without small factors takes. */
import type { Context } from 'ewald';
import { describe, expect, it } from 'vitest';
import { openEach } from '../support/contexts.js';

describe.each(['wasm', 'native'] as const)('plans of prime lengths on %s', (backend) => {
  let context: Context;
  openEach(backend, (opened) => {
    context = opened;
  });

  // A convolution in place of twice the length is 4 numbers a point, half of its filter 2, half of its chirp 1, and roots of
  // kinds are 1 to 2; in wasm input and output are part of the plan.
  it.each([
    ['c2c', 4, 7.7],
    ['r2c', 2, 7.7],
    ['dct1', 2, 9.7],
    ['dst1', 2, 9.7],
    ['dct2', 2, 8.7],
    ['dct3', 2, 8.7],
    ['dct4', 2, 9.7],
  ] as const)('take no second line beside the convolution in kind %s', async (kind, sides, most) => {
    const n = 2 ** 18 - 5;
    const how = kind === 'c2c' || kind === 'r2c' ? { kind } : { kind: 'r2r' as const, r2r: kind };
    await using plan = await context.fft({ ...how, shape: [n], threads: 1 });
    expect(plan.bytes / (4 * n)).toBeLessThan(backend === 'wasm' ? most + sides : most);
  });
});
