// Memory that was never disposed: the collector frees it in the wasm heap, with one warning.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { IndirectMemory2D } from '../../src/entries/memory.js';
import { openKit, targets } from '../ffi/support.js';

const target = targets[1] as (typeof targets)[number];

test.skipIf(target.absent)(
  `forgotten memory is freed, with one warning${target.absent ? ` (absent: ${target.absent})` : ''}`,
  async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const kit = await openKit(target);
    const forget = (): void => {
      for (let i = 0; i < 50; i++) {
        kit.alloc('double', 100);
        IndirectMemory2D.create(10, 10, 'd', { memory: kit.memory });
      }
    };
    forget();
    expect(kit.liveBytes).toBe(80_000);
    for (let i = 0; i < 50 && kit.liveBytes > 0; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(kit.liveBytes).toBe(0);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toMatch(/was left to the garbage collector; dispose it/);
    warn.mockRestore();
    kit.dispose();
  },
);
