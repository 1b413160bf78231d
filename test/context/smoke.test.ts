// The package as loaded in Node: the smallest test that passes through every layer.
import { createContext } from 'ewald';
import { expect, test } from 'vitest';
import { piHits } from './smoke.js';

test('pi of a million points on wasm, in Node', async () => {
  const ctx = await createContext({ backend: 'wasm', strict: true });
  try {
    const plan = await ctx.pi();
    const { hits, backend } = await plan.run({ points: 1e6, seed: 1 });
    expect({ hits, backend }).toEqual({ hits: piHits, backend: 'wasm' });
  } finally {
    await ctx.dispose();
  }
});
