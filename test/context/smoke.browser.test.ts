// @module-tag all: Chromium, for which npm test has one page.
// The tests of smoke.test.ts, with the browser bundle.
import { expect, test } from 'vitest';
import { createContext } from '../../dist/index.browser.js';
import { piHits } from './smoke.js';

test('pi of a million points on wasm, in Chromium', async () => {
  const ctx = await createContext({ backend: 'wasm', strict: true });
  try {
    const plan = await ctx.pi();
    const { hits, backend } = await plan.run({ points: 1e6, seed: 1 });
    expect({ hits, backend }).toEqual({ hits: piHits, backend: 'wasm' });
  } finally {
    await ctx.dispose();
  }
});

test('the page is cross-origin isolated', () => {
  expect(crossOriginIsolated).toBe(true);
});
