/** Memory of partitions that is used again: only where nobody can see it any more. */
import { Context, defineUdf, sumUdf } from 'ewald/udf';
import { expect, test } from 'vitest';
import { SpareFrames } from '../../src/udf/spare-frames.js';

test('memory is given again where it is large enough, and never twice at once', () => {
  const spare = new SpareFrames();
  const first = spare.take('u16', 100);
  expect(first).toBeInstanceOf(Uint16Array);
  spare.give(first);
  const smaller = spare.take('u16', 60);
  expect([smaller.length, smaller.buffer === first.buffer]).toEqual([60, true]);
  expect(spare.take('u16', 60).buffer).not.toBe(first.buffer);
  spare.give(smaller);
  expect(spare.take('u16', 101).buffer).not.toBe(first.buffer);
  expect(spare.take('u16', 100).buffer).toBe(first.buffer);
  const pairs = spare.take('c64', 5);
  expect(pairs).toHaveLength(10);
});

test('frames that a user’s function keeps stay as they are, beside functions of the core', async () => {
  // Three megabytes: three partitions.
  const [frames, side] = [96, 128];
  const pixels = side * side;
  const data = Uint16Array.from({ length: frames * pixels }, (_, i) => i % 65521);
  const kept: Uint16Array[] = [];
  const keeping = defineUdf({
    name: 'keeping',
    buffers: () => ({ first: { kind: 'nav', dtype: 'f32' } }),
    processFrame({ frame, results }) {
      kept.push(frame as Uint16Array);
      results.first[0] = frame[0] as number;
    },
  });
  const ctx = new Context();
  try {
    const bytes = new Uint8Array(data.buffer);
    const scan = await ctx.load(bytes, { format: 'raw', dtype: 'u16', navShape: [frames], sigShape: [side, side] });
    await ctx.runUdf(scan, sumUdf);
    const [{ first }, { intensity }] = await ctx.runUdf(scan, [keeping, sumUdf]);
    await ctx.runUdf(scan, sumUdf);
    expect(kept).toHaveLength(frames);
    for (const [i, frame] of kept.entries())
      expect(
        [...frame].every((value, k) => value === data[i * pixels + k]),
        `frame ${i}`,
      ).toBe(true);
    expect([...first.data]).toEqual(Array.from({ length: frames }, (_, i) => data[i * pixels]));
    let sum = 0;
    for (let i = 0; i < frames; i++) sum += data[i * pixels + 7] as number;
    expect(intensity.data[7]).toBe(sum);
  } finally {
    await ctx.close();
  }
});
