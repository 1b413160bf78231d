// @module-tag all: Chromium.
/** The common program of the communicators on Web Workers of an isolated page. */
import { expect, test } from 'vitest';
import { selfComm } from '../../../dist/communicator.browser.js';
import { spmd } from '../../../dist/executors.browser.js';
import { conformance } from './program.mjs';

const module = new URL('./program.mjs', import.meta.url).href;

for (const ranks of [1, 2, 4])
  test(`${ranks} ranks on Web Workers`, { tags: ranks === 2 ? 'all' : 'nightly' }, async () => {
    expect(crossOriginIsolated).toBe(true);
    const results = (await spmd({ module, function: 'onRank' }, { ranks })) as { rank: number; hash: number }[];
    expect(results.map(({ rank }) => rank)).toEqual(Array.from({ length: ranks }, (_, i) => i));
    if (ranks === 1) expect(results[0]).toEqual(await conformance(await selfComm()));
  });

test('a rank that throws ends the others', async () => {
  await expect(spmd({ module, function: 'throwing' }, { ranks: 3 })).rejects.toThrow('rank 1 gave up');
});
