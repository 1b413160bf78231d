// 10³ create and dispose cycles on each memory leave nothing behind; the soak loop runs 10⁵.
import { expect, test } from 'vitest';
import * as memory from '../../src/entries/memory.js';
import { openKit, targets } from '../ffi/support.js';
import { cycle, leaks } from './cycles.mjs';

test('JavaScript', async () => {
  expect(await leaks(1000, memory.jsMemory, () => cycle(memory, memory.jsMemory))).toBeUndefined();
});

for (const target of targets) {
  test.skipIf(target.absent)(`${target.backend}${target.absent ? ` (absent: ${target.absent})` : ''}`, async () => {
    const kit = await openKit(target);
    expect(await leaks(1000, kit.memory, () => cycle(memory, kit.memory))).toBeUndefined();
    // Arguments are freed too: the module's heap keeps its size.
    const heap = (kit.memory as { buffer?: ArrayBufferLike }).buffer?.byteLength;
    const values = new Float64Array(10_000);
    for (let i = 0; i < 1000; i++) kit.kit_sum(values, 10_000);
    expect((kit.memory as { buffer?: ArrayBufferLike }).buffer?.byteLength).toBe(heap);
    for (let i = 0; i < 1000; i++) {
      const callback = kit.callback('kit_visit', (value: number) => value);
      callback.dispose();
      kit.kit_each(1, (value: number) => value, null);
    }
    expect(kit.kit_live()).toBe(0);
    kit.dispose();
  });
}
