/**
 * If both sides of a comparison in dispersion are equal, every backend decides in the same way: a window with exactly
 * the variance of counting noise does not vary, and a pixel exactly its sigmas above the mean is not strong.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type Context, createContext, type PeaksRunOptions } from '../../dist/index.node.js';
import { present as emulated } from '../support/emulated-card.js';

const side = 48;
const backends = ['wasm', 'native', 'webgpu', ...(emulated ? (['cuda-emulated'] as const) : [])] as const;
const contexts: Context[] = [];
afterAll(async () => {
  for (const context of contexts) await context.dispose();
});

/** Pixels of value `high` in a plane of value `low`, each outside the windows of the others. */
function frameOf(low: number, high: number): Uint16Array {
  const frame = new Uint16Array(side * side).fill(low);
  for (let y = 4; y < side - 4; y += 8) for (let x = 4; x < side - 4; x += 8) frame[y * side + x] = high;
  return frame;
}

// 3 x 3 pixels, 9 Q - S^2 - 8 S = s S sqrt(16): of 15 and one of 30 at s = 1. 9 v - S = s sqrt(9 S): of 2 and one of 20
// at s = 8.
const common = { threshold: 0, minPixCount: 1, kernelSize: 1 } as const;
const cases: readonly (readonly [string, Uint16Array, PeaksRunOptions, number])[] = [
  ['varies by 1 sigma', frameOf(15, 30), { ...common, sigmaBackground: 1, sigmaStrong: 0 }, 0],
  ['varies by more', frameOf(15, 30), { ...common, sigmaBackground: 0.9999, sigmaStrong: 0 }, 25],
  ['stands out by 8 sigmas', frameOf(2, 20), { ...common, sigmaBackground: 1, sigmaStrong: 8 }, 0],
  ['stands out by more', frameOf(2, 20), { ...common, sigmaBackground: 1, sigmaStrong: 7.9999 }, 25],
];

describe.each(backends)('%s', (backend) => {
  test('ties of dispersion are no peaks', { tags: backend === 'webgpu' ? 'nightly' : [] }, async () => {
    const context = await createContext({ backend, strict: true, log: { level: 'error' } });
    contexts.push(context);
    const finder = await context.peaks({ width: side, height: side, dtype: 'u16', finder: 'dispersion' });
    for (const [name, frame, run, count] of cases)
      expect([name, (await finder.run(frame, run)).count]).toEqual([name, count]);
    await finder.dispose();
  });
});
