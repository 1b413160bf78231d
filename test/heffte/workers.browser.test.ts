// @module-tag all: Chromium.
/** Distributed transforms on Web Workers of an isolated page, on wasm; and in a page that is not isolated. */
import { expect, test } from 'vitest';
import { workerGroup } from '../../dist/communicator.browser.js';
import { spmd } from '../../dist/executors.browser.js';
import { casesFor } from './cases.mjs';

const module = new URL('./rank.browser.mjs', import.meta.url).href;

for (const [ranks, most] of [
  [1, 10],
  [2, 16],
  [4, 10],
] as const)
  test(`${ranks} ranks on Web Workers`, { tags: ranks === 2 ? 'all' : 'nightly' }, async () => {
    expect(crossOriginIsolated).toBe(true);
    const argument = casesFor(ranks, { most, shared: true, backend: 'wasm' });
    const done = await spmd({ module, function: 'cases', argument }, { ranks });
    expect(done).toEqual(Array(ranks).fill(argument.length));
  });

test('a page that is not isolated reports the missing headers', () => {
  const isolated = Object.getOwnPropertyDescriptor(globalThis, 'crossOriginIsolated');
  Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false, configurable: true });
  try {
    expect(() => workerGroup(2)).toThrow(/Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy/);
  } finally {
    if (isolated) Object.defineProperty(globalThis, 'crossOriginIsolated', isolated);
  }
});
