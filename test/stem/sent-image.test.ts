/** Images as a server sends them: exact to the bit, or rounded by at most what is said, in as many bytes as are allowed. */
import { constants, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imageOf, sentBytes, sentImage } from '../../src/stem/images/sent-image.js';

const number = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -70_000, max: 2 ** 31 }) },
  fc.double(),
  fc.constantFrom(Number.NaN, -0, 2 ** 53, Number.POSITIVE_INFINITY),
);
const kinds = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
  fc.array(fc.oneof(fc.integer({ min: -5e8, max: 5e8 }), fc.constant(Number.NaN)), { minLength: 1, maxLength: 60 }),
  fc.array(number, { minLength: 1, maxLength: 60 }),
);

test('an image that is not rounded is what was sent, to the bit', () => {
  fc.assert(
    fc.property(kinds, fc.integer({ min: 1, max: 9 }), (given, width) => {
      const numbers = Float64Array.from(given);
      const { head, body } = sentImage(numbers, width);
      expect(head.error).toBe(0);
      const { buffer } = imageOf(JSON.parse(JSON.stringify(head)), body);
      expect(new BigUint64Array(buffer)).toEqual(new BigUint64Array(numbers.slice().buffer));
    }),
    { seed: 92, numRuns: 300 },
  );
});

/** The numbers of each block, by the first of its positions. */
function blocks(numbers: Float64Array, width: number, block: number): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [i, value] of numbers.entries()) {
    const [row, column] = [Math.floor(i / width), i % width];
    const first = (row - (row % block)) * width + column - (column % block);
    found.set(first, [...(found.get(first) ?? []), value]);
  }
  return found;
}

const rooms = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 3 }));
test('a rounded image differs by at most what its head says, from its numbers or the means of its blocks', () => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(kinds, fc.integer({ min: 1, max: 9 }), rooms, (given, width, room) => {
      const numbers = Float64Array.from(given);
      const { head, body } = sentImage(numbers, width, room);
      seen.add(head.block);
      expect(body).toHaveLength(sentBytes(head));
      const image = imageOf(JSON.parse(JSON.stringify(head)), body);
      expect(image).toHaveLength(numbers.length);
      for (const [first, inside] of blocks(numbers, width, head.block)) {
        const got = image[first] as number;
        const known = head.block === 1 ? inside : inside.filter((value) => !Number.isNaN(value));
        const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
        if (!Number.isFinite(mean)) expect(got).toBe(mean);
        else expect(Math.abs(got - mean)).toBeLessThanOrEqual(head.error * (1 + 1e-9) + 1e-12 * Math.abs(mean));
      }
    }),
    { seed: 92, numRuns: 300 },
  );
  expect([...seen].sort()).toEqual([1, 2]);
});

test('a noisy image fits its room, with an error below its noise', () => {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const n = 256;
  const whole = Float64Array.from({ length: n * n }, (_, i) =>
    Math.round(1e5 + 300 * Math.sin(i / 900) + 300 * normal()),
  );
  for (const numbers of [whole, whole.map((value) => value / 7)]) {
    const room = 32_000;
    const { head, body } = sentImage(numbers, n, room);
    expect(deflateSync(body, { level: 1 }).length).toBeLessThan(1.25 * room);
    const noise = numbers === whole ? 300 : 43;
    expect(head.error).toBeLessThan(noise / 2);
    expect(head.block).toBe(1);
  }
  // In less than two bits a number, the means of its blocks, whose noise is less.
  for (const [block, room] of [
    [2, 5000],
    [4, 1200],
    [8, 300],
  ] as const) {
    const { head, body } = sentImage(whole, n, room);
    expect(head.block).toBe(block);
    expect(gzipSync(body, { level: 1, strategy: constants.Z_RLE }).length).toBeLessThan(1.25 * room + 100);
    expect(head.error).toBeLessThan(150);
  }
});

test('what a smooth image shows is sent at all its positions, however few bytes there are', () => {
  const n = 512;
  const smooth = Float64Array.from({ length: n * n }, (_, i) => 1e6 * Math.sin((i % n) / 400) * Math.cos(i / n / 300));
  const { head } = sentImage(smooth, n, 20_000);
  expect(head.block).toBe(1);
  expect(head.error).toBeLessThan(2e6 / 2 ** 8);
});
