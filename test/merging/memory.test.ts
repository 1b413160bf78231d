/** Memory of a merge: what the heap of wasm cannot hold is refused before anything is allocated. */
import { expect, test } from 'vitest';
import type { WasmHost } from '../../src/compute/backends/wasm/host.js';
import { mergingOp } from '../../src/merging/kernels/wasm.js';

test('a merge that the heap of wasm cannot hold is refused with its size and what to do', () => {
  const { supports } = mergingOp({ core: undefined } as unknown as WasmHost);
  // A million crystals are merged 1024 at a time.
  expect(supports({ unique: 200_000, crystals: 1024, observations: 300_000 })).toBe(true);
  expect(supports({ unique: 70_000_000, crystals: 1024, observations: 300_000 })).toEqual({
    why: expect.stringMatching(
      /^merging 70000000 unique reflections .* 3\.7 GiB .* at most 4 GiB; merge on native .*pushRes$/,
    ),
  });
  expect(supports({ unique: 200_000, crystals: 1024, observations: 150_000_000 })).not.toBe(true);
});
