/** The memory of a process after garbage collection, and how much of it may remain after many cycles. */
import koffi from 'koffi';
import { heapSpace } from './heap-space.mjs';

/** A function of glibc that returns unused memory of its allocator, so that the resident set shows what is in use. */
const trim = (() => {
  try {
    return koffi.load('libc.so.6').func('int malloc_trim(size_t pad)');
  } catch {
    return () => 0;
  }
})();

/** Measures this process; requires node --expose-gc. */
export async function measure() {
  if (!globalThis.gc) throw new Error('needs node --expose-gc');
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    // Finalizers and the release of wasm memories run in separate tasks.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Measured before the trim, which returns free pages and so hides space that the allocator cannot reuse.
  const heap = heapSpace?.() ?? { used: 0, free: 0 };
  trim(0);
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, heapUsed, external, arrayBuffers, nativeUsed: heap.used, nativeFree: heap.free };
}

/**
 * Runs `cycle` the given number of times and throws if each of four quarters left more behind than noise: 20 bytes per
 * cycle on the JavaScript heap, half a kilobyte of the resident set and of the C heap, a kilobyte of free space between
 * its blocks. Compilers and allocators take memory occasionally; a leak takes it in every quarter. Returns a
 * description of the changes. `engineBytes` is the amount that the JavaScript engine itself is known to retain for each
 * cycle.
 */
export async function assertNothingStays(who, cycles, cycle, engineBytes = 0) {
  const quarter = Math.ceil(cycles / 4);
  const started = performance.now();
  const stages = [await measure()];
  for (let done = 0; done < cycles; ) {
    for (const end = Math.min(cycles, done + quarter); done < end; done++) await cycle(done);
    stages.push(await measure());
  }
  const took = (performance.now() - started) / 1000;
  // Short runs end before the compilers do.
  const settling = Math.max(5e5, 3e6 - 1000 * quarter);
  const limits = {
    heapUsed: 3e5 + 20 * quarter,
    arrayBuffers: 1e5,
    rss: settling + (500 + engineBytes) * quarter,
    nativeUsed: settling + (500 + engineBytes) * quarter,
    nativeFree: settling + 1000 * quarter,
  };
  for (const [what, limit] of Object.entries(limits)) {
    const grown = stages.slice(1).map((stage, i) => stage[what] - stages[i][what]);
    const least = Math.min(...grown);
    if (least > limit)
      throw new Error(
        `${who}: ${what} grew by at least ${least} bytes in each ${quarter} cycles ` +
          `(${(least / quarter).toFixed(0)} a cycle; quarters: ${grown.join(', ')})`,
      );
  }
  const words = Object.keys(stages[0]).map(
    (what) => `${what} ${((stages.at(-1)[what] - stages[0][what]) / 1e6).toFixed(2)} MB`,
  );
  return `${who}: ${cycles} cycles in ${took.toFixed(1)} s, memory changed by ${words.join(', ')}`;
}
