// One life cycle of a memory, and the check that many cycles leave nothing behind: shared by the leak test and the soak
// loop.

/** Creates, views, reinterprets, stages, copies and disposes a memory. */
export function cycle({ IndirectMemory2D }, space) {
  const memory = IndirectMemory2D.create(4, 8, 'd', { memory: space });
  memory.set(3, 7, 1);
  const view = memory.view();
  if (view.at(3, 7) !== 1) throw new Error('the memory forgot');
  view.dispose();
  if (space.kind !== 'js') void memory.pointer;
  const other = IndirectMemory2D.create(4, 8, 'd', { memory: space });
  other.copyFrom(memory);
  memory.reinterpret('B').withRow(0, (row) => row.length);
  if (space.kind !== 'js') {
    const outside = IndirectMemory2D.create(2, 2, 'f');
    outside.stage(space).dispose();
    outside.dispose();
  }
  other.dispose();
  memory.dispose();
}

/** Runs a cycle many times; returns a description of what is left, or undefined. */
export async function leaks(count, space, once) {
  const settle = async () => {
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  for (let i = 0; i < Math.min(200, count); i++) once();
  await settle();
  const live = space.liveBytes;
  const before = process.memoryUsage();
  for (let i = 0; i < count; i++) {
    once();
    if (i % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
  }
  await settle();
  const after = process.memoryUsage();
  if (space.liveBytes !== live)
    return `${space.liveBytes - live} bytes are still counted as live after ${count} cycles`;
  // With gc() exposed only noise may remain; 4 MiB over 10⁵ cycles would be 40 bytes per cycle.
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  if (globalThis.gc && grown > 4 * 2 ** 20)
    return `the process holds ${(grown / 2 ** 20).toFixed(1)} MiB more after ${count} cycles`;
  return undefined;
}
