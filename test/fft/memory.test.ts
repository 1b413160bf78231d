/** What a plan of a length without small factors takes. */
import type { Context } from 'ewald';
import { describe, expect, it } from 'vitest';
import { openEach } from '../support/contexts.js';

describe.each(['wasm', 'native'] as const)('plans of prime lengths on %s', (backend) => {
  let context: Context;
  openEach(backend, (opened) => {
    context = opened;
  });

  // A convolution of more than twice the length, with its chirp and filter, is 12 times the line, natively, and roots are 2 to 4;
  // in wasm the blocks of a split line take 2 more.
  it.each([
    ['dct1', 15],
    ['dst1', 15],
    ['dct2', 17],
    ['dct3', 17],
    ['dct4', 17],
  ] as const)('take no second line beside the convolution in kind %s', async (r2r, most) => {
    const n = 2 ** 18 - 5;
    await using plan = await context.fft({ kind: 'r2r', r2r, shape: [n], threads: 1 });
    expect(plan.bytes / (4 * n)).toBeLessThan(backend === 'wasm' ? most + 2 : most);
  });
});
