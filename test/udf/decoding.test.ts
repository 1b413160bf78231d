/**
 * Packed frames that are decoded on a card and stay there, and what a decoder refuses. The decoded numbers themselves
 * are rows of the case table (udf:decoded:*).
 */
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bitshuffleLz4 } from '../frames/codecs-oracle.js';
import { present, testThatItWasBuilt } from '../support/emulated-card.js';
import { refused } from '../support/refused.js';

testThatItWasBuilt();

const [width, height, frames] = [37, 29, 5] as const;
const pixels = width * height;
const look = { width, height, dtype: 'u16' } as const;
const counts = Uint16Array.from({ length: frames * pixels }, (_, i) => (i % 97 === 0 ? 60000 + i : (i * i) % 5));
const chunks = Array.from({ length: frames }, (_, f) =>
  bitshuffleLz4(new Uint8Array(counts.buffer, 2 * f * pixels, 2 * pixels), 2),
);
const empty = () => new Uint16Array(frames * pixels);

describe.runIf(present)('frames that are decoded on a card', () => {
  let ctx: Context;
  beforeAll(async () => {
    ctx = await createContext({ backend: 'cuda-emulated', strict: true, log: { level: 'error' } });
  });
  afterAll(() => ctx.dispose());

  test('are summed there, with the sums of the frames that were packed', async () => {
    const decoder = await ctx.frameDecoder({ ...look, toArray: true });
    const array = await ctx.array({ shape: [frames, height, width], dtype: 'u16' });
    const pass = await ctx.framePass({ ...look, steps: [{ kind: 'sum' }] });
    expect(await decoder.run(chunks, array)).toBe(array);
    expect((await pass.run(array, frames)).sig).toEqual((await pass.run(counts, frames)).sig);
    for (const each of [pass, decoder, array]) await each.dispose();
  });

  test('keep the numbers of an array behind them', async () => {
    const decoder = await ctx.frameDecoder({ ...look, toArray: true });
    const array = await ctx.array(Uint16Array.from({ length: frames * pixels + 3 }, () => 7));
    await decoder.run(chunks.slice(1), array);
    const read = await array.read();
    expect(read.subarray(0, 4 * pixels)).toEqual(counts.subarray(pixels));
    expect(read.subarray(4 * pixels)).toEqual(new Uint16Array(pixels + 3).fill(7));
    for (const each of [decoder, array]) await each.dispose();
  });

  test('may have smaller blocks than planned, and no larger ones', async () => {
    const decoder = await ctx.frameDecoder({ ...look, block: 512 });
    const small = chunks.map((_, f) => bitshuffleLz4(new Uint8Array(counts.buffer, 2 * f * pixels, 2 * pixels), 2, 32));
    expect(await decoder.run(small, empty())).toEqual(counts);
    await refused(() => decoder.run(chunks, empty()), 'Limit', 'blocks of 8192 bytes', 'at most 512');
    expect(await decoder.run(small, empty())).toEqual(counts);
    await decoder.dispose();
    await refused(() => ctx.frameDecoder({ ...look, block: 65536 }), 'Unsupported', 'blocks of 65536 bytes', '32768');
  });

  test('report damage as the core does, in any of many frames', async () => {
    const decoder = await ctx.frameDecoder(look);
    const cores = await createContext({ backend: 'wasm', strict: true });
    const onCores = await cores.frameDecoder(look);
    const damaged = (chunks[2] as Uint8Array).slice();
    // The first literal length of the first block is larger than the block.
    damaged.fill(255, 16, 60);
    for (const bad of [damaged, damaged.subarray(0, 40), damaged.subarray(0, 3)]) {
      const given = chunks.map((chunk, f) => (f === 2 ? bad : chunk));
      const why = (error: Error) => error.message;
      const [here, there] = await Promise.all(
        [onCores, decoder].map((each) => each.run(given, empty()).then(String, why)),
      );
      expect(there).toContain('do not decode to');
      expect(there).toBe(here);
    }
    expect(await decoder.run(chunks, empty())).toEqual(counts);
    for (const each of [decoder, cores]) await each.dispose();
  });
});

describe('a decoder on cores', () => {
  test('fills an array by way of the host', async () => {
    const ctx = await createContext({ backend: 'wasm', strict: true });
    const decoder = await ctx.frameDecoder({ ...look, toArray: true });
    const array = await ctx.array({ shape: frames * pixels, dtype: 'u16' });
    await decoder.run(chunks, array);
    expect(await array.read()).toEqual(counts);
    await ctx.dispose();
  });

  test('refuses what does not fit', async () => {
    const ctx = await createContext({ backend: 'wasm', strict: true });
    const decoder = await ctx.frameDecoder(look);
    const kept = await ctx.frameDecoder({ ...look, toArray: true });
    const array = await ctx.array({ shape: frames * pixels, dtype: 'u16' });
    await refused(() => decoder.run(chunks, array), 'Argument', 'toArray');
    await refused(() => kept.run(chunks, empty()), 'Argument', 'toArray');
    await refused(() => decoder.run(chunks, new Uint16Array(3)), 'Shape', 'Uint16Array of 3', `${frames * pixels}`);
    await refused(() => decoder.run(chunks, new Float32Array(frames * pixels)), 'Shape', 'Float32Array');
    await refused(() => decoder.run([1] as never, empty()), 'Argument', 'Uint8Arrays');
    await refused(() => ctx.frameDecoder({ ...look, dtype: 'f64' as never }), 'Argument', 'dtype');
    await refused(() => kept.run([...chunks, chunks[0] as Uint8Array], array), 'Shape', 'array');
    expect(await decoder.run([], new Uint16Array(0))).toEqual(new Uint16Array(0));
    await ctx.dispose();
    await refused(() => decoder.run(chunks, empty()), 'Disposed');
  });
});
