/** Byte swapping by the addon's kernel, by Node and by plain code, for every length and alignment. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { type Swapper, swapBytes, swapCopy, type Turning } from '../../src/bytes/byte-order.js';

const path = `${process.cwd()}/dist/native/${process.platform}-${process.arch}/ewald_native.node`;
const native = existsSync(path) ? (createRequire(import.meta.url)(path) as Turning) : undefined;

const ways: [string, Swapper][] = [
  ['Node alone', {}],
  ...(native ? ([['the addon', native]] as [string, Swapper][]) : []),
];
describe.each(ways)('%s', (_, source) => {
  test.each([1, 2, 4, 8])('%i bytes per number', (width) => {
    for (const numbers of [0, 1, 3, 15, 16, 17, 1000, 5000, 40_001])
      for (const offset of [0, 1, 8]) {
        const length = numbers * width;
        const bytes = Uint8Array.from({ length: length + offset }, (_, i) => (i * 167 + (i >> 8)) & 255).subarray(
          offset,
        );
        const wanted = new Uint8Array(length);
        for (let i = 0; i < length; i++) wanted[i] = bytes[i - (i % width) + width - 1 - (i % width)] as number;
        const memory = new Uint8Array(length + 32).fill(0xa5);
        const into = memory.subarray(16, 16 + length);
        swapCopy(bytes, into, width, source);
        expect(Buffer.compare(into, wanted)).toBe(0);
        expect([...memory.subarray(0, 16), ...memory.subarray(16 + length)].every((byte) => byte === 0xa5)).toBe(true);
        const same = bytes.slice();
        swapBytes(same, width, source);
        expect(Buffer.compare(same, wanted)).toBe(0);
      }
  });
});

test.skipIf(!native)('the addon refuses lengths that are not a whole count of numbers', () => {
  const swap = native?.swapBytes as Turning['swapBytes'];
  expect(() => swap(new Uint8Array(7), new Uint8Array(7), 2)).toThrow(/7 bytes is not a multiple of 2 bytes/);
  expect(() => swap(new Uint8Array(6), new Uint8Array(6), 3)).toThrow(/not a multiple of 3/);
  expect(() => swap(new Uint8Array(8), new Uint8Array(4), 2)).toThrow();
});
