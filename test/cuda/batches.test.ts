/** Finders of one detector on emulated CUDA: frames that wait together are searched together, with the same peaks. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';

const path = fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url));
const present = existsSync(path);

const [width, height] = [96, 80];
const search = { threshold: 50, minSnr: 4, minPixCount: 2, localBgRadius: 3 };

/** A frame of noise with spots whose places depend on the seed. */
function frameOf(seed: number): Uint16Array {
  let state = seed * 2654435761 + 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const frame = Uint16Array.from({ length: width * height }, () => 20 + 8 * next());
  for (let k = 0; k < 6 + seed; k++) {
    const at = (4 + Math.floor(next() * (height - 8))) * width + 4 + Math.floor(next() * (width - 8));
    for (const step of [0, 1, width, width + 1]) frame[at + step] = 400 + 100 * seed + k;
  }
  return frame;
}

const context = (): Promise<Context> => createContext({ backend: 'cuda-emulated' });

test.skipIf(!present).each(['peakfinder8', 'zaef', 'dispersion'] as const)(
  '%s finds the same in frames of several finders at once as in one after the other',
  { tags: 'all' },
  async (finder) => {
    // Two contexts, as two workers of a process have them.
    await using one = await context();
    await using other = await context();
    const options = { width, height, dtype: 'u16', finder } as const;
    const plans = await Promise.all([one, one, other, other, other, one].map((ctx) => ctx.peaks(options)));
    const frames = plans.map((_, i) => frameOf(i));
    const zaef = { threshold: 50, minSquaredGradient: 1000, minSnr: 1 };
    const run = finder === 'peakfinder8' ? search : finder === 'zaef' ? zaef : {};
    const alone: unknown[] = [];
    for (const frame of frames) alone.push(await plans[0]?.run(frame, run));
    expect(new Set(alone.map((list) => JSON.stringify(list))).size).toBe(frames.length);
    for (let turn = 0; turn < 5; turn++)
      expect(await Promise.all(plans.map((plan, i) => plan.run(frames[i] as Uint16Array, run)))).toEqual(alone);
    // Parameters and bad pixels of one call do not reach another that waits with it.
    if (finder !== 'peakfinder8') return;
    const bad = new Uint8Array(width * height).fill(1);
    const calls = plans.map((_, i) => [search, { ...search, threshold: 60_000 }, { ...search, bad }][i % 3] ?? {});
    const mixed = await Promise.all(plans.map((plan, i) => plan.run(frames[i] as Uint16Array, calls[i])));
    mixed.forEach((list, i) => {
      if (i % 3 === 0) expect(list).toEqual(alone[i]);
      else expect(list.count).toBe(0);
    });
  },
);

test.skipIf(!present)(
  'a finder more for a detector adds a frame of memory, up to those of two launches',
  { tags: 'all' },
  async () => {
    await using ctx = await context();
    const options = { width: 512, height: 512, dtype: 'u16' } as const;
    const bytes: number[] = [];
    for (let i = 0; i < 34; i++) bytes.push((await ctx.peaks(options)).bytes);
    expect(new Set(bytes.slice(0, 32)).size).toBe(1);
    const later = new Set(bytes.slice(32));
    expect(later.size).toBe(1);
    expect([...later][0]).toBeLessThan((bytes[0] ?? 0) / 1.5);
  },
);

test.skipIf(!present)('a frame of newFrame is uploaded from where it is, and outlives its context', async () => {
  const given = frameOf(1);
  let frame: Uint16Array;
  {
    await using ctx = await context();
    const plan = await ctx.peaks({ width, height, dtype: 'u16' });
    const bytes = plan.bytes;
    frame = plan.newFrame() as Uint16Array;
    expect(frame.every((value) => value === 0)).toBe(true);
    frame.set(given);
    const found = await plan.run(frame, search);
    expect(found.count).toBeGreaterThan(5);
    expect(plan.bytes).toBe(bytes);
    // A frame of the caller needs page-locked memory of the finder, which stays.
    for (let k = 0; k < 2; k++) {
      const again = await plan.run(given, search);
      expect([...again.fs]).toEqual([...found.fs]);
      expect(plan.bytes).toBe(bytes + given.byteLength);
    }
  }
  expect([...frame]).toEqual([...given]);
});
