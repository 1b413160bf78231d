/** Memory shared by all ranks: that of a large world is requested in huge pages before anybody touches it. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { preferHugePages } from '../../src/compute/backends/native/blocks.js';
import { SharedWorld } from '../../src/heffte/shared-world.js';
import type { Communicator } from '../../src/parallel/communicator/communicator.js';

const addon = `${process.cwd()}/dist/native/${process.platform}-${process.arch}/ewald_native.node`;
const mappings = '/proc/self/smaps';

/** Bytes of this process for which huge pages were requested. */
function requested(): number {
  const parts = readFileSync(mappings, 'utf8').split(/^(?=[\da-f]+-[\da-f]+ )/m);
  return parts
    .filter((part) => /^VmFlags:.* hg\b/m.test(part))
    .reduce((sum, part) => sum + 1024 * Number(/^Size: +(\d+)/m.exec(part)?.[1]), 0);
}

/** A world of one rank, and the memory for which huge pages were requested. */
function worldOfOne() {
  const asked: ArrayBufferLike[] = [];
  const comm = {
    rank: 0,
    size: 1,
    share: async (bytes: number) => ({ buffer: new SharedArrayBuffer(bytes), free: async () => {} }),
  };
  const world = new SharedWorld(comm as unknown as Communicator, (memory) => {
    asked.push(memory);
    preferHugePages(memory, addon);
  });
  return { world, asked };
}

test('a large world is requested in huge pages, a small one is not', async () => {
  const { world, asked } = worldOfOne();
  await world.make({ divisions: 1, precision: 'f32', numbers: 2 ** 18 });
  expect(asked).toEqual([]);
  await world.make({ divisions: 1, precision: 'f32', numbers: 2 ** 21 });
  const [array] = world.arrays({ divisions: 1, precision: 'f32', numbers: 2 ** 21 });
  expect(asked.length).toBe(1);
  expect(asked[0]).toBe(array?.buffer);
  await world.free();
});

test.runIf(existsSync(mappings) && existsSync(addon))('the system knows of the request', async () => {
  const wish = { divisions: 1, precision: 'f64', numbers: 2 ** 21 } as const;
  const kept: unknown[] = [];
  const grown: number[] = [];
  // What tests before have left may be collected meanwhile, and is missing from the difference; not three times.
  for (let i = 0; i < 3; i++) {
    const { world } = worldOfOne();
    const before = requested();
    await world.make(wish);
    grown.push(requested() - before);
    const [array] = world.arrays(wish);
    expect(array?.length).toBe(2 ** 21);
    kept.push(array);
    await world.free();
  }
  // The pages at both ends hold other memory as well.
  expect(Math.max(...grown)).toBeGreaterThanOrEqual(2 ** 25 - 2 ** 22);
  expect(kept.length).toBe(3);
});
