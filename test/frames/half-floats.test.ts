/** Half floats as the engine's Float16Array, whose bytes are the words that this package computes on. */
import { memoryDataset } from 'ewald/data';
import { expect, test } from 'vitest';
import { wordsOf } from '../../src/bytes/dtype.js';

/** What engines without Float16Array have in its place here: the same memory and tag. */
class StandIn extends Uint16Array {
  override get [Symbol.toStringTag](): 'Uint16Array' {
    return 'Float16Array' as never;
  }
}
const Halves = ((globalThis as { Float16Array?: unknown }).Float16Array ?? StandIn) as typeof StandIn;
/** 1, −2, the smallest number, infinity, not a number, 65504. */
const words = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e01, 0x7bff);

test('frames of half floats are read into a Float16Array and made of one, to the bit', async () => {
  const given = new Halves(words.slice().buffer);
  const dataset = memoryDataset(given, { sigShape: [3] });
  expect(dataset.dtype).toBe('f16');
  expect(await dataset.read(0, 2)).toEqual(words);
  const into = new Halves(6);
  const read = await dataset.read(0, 2, into);
  expect(Object.prototype.toString.call(read)).toBe('[object Float16Array]');
  expect(new Uint16Array(into.buffer)).toEqual(words);
  expect(wordsOf(into)).toEqual(words);
  await expect(dataset.read(0, 2, new Float32Array(6))).rejects.toThrow(
    /must be read into a Uint16Array or a Float16Array, not/,
  );
  const wide = memoryDataset(new Uint16Array(6), { sigShape: [3] });
  await expect(wide.read(0, 2, into)).rejects.toThrow(/frames of u16 must be read into a Uint16Array, not/);
  expect(() => memoryDataset(given, { sigShape: [3], dtype: 'u16' })).toThrow(/u16 must be in a Uint16Array, not in/);
});
