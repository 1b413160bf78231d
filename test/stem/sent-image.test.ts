/** Images as a server sends them: exact to the bit, or rounded by at most what is said, in as many bytes as are allowed. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imageOf, sentImage } from '../../src/stem/images/sent-image.js';

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

test('a rounded image differs by at most what its head says', () => {
  fc.assert(
    fc.property(kinds, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200 }), (given, width, room) => {
      const numbers = Float64Array.from(given);
      const { head, body } = sentImage(numbers, width, room);
      const image = imageOf(JSON.parse(JSON.stringify(head)), body);
      for (const [i, value] of numbers.entries()) {
        const got = image[i] as number;
        if (!Number.isFinite(value)) expect(got).toBe(value);
        else expect(Math.abs(got - value)).toBeLessThanOrEqual(head.error * (1 + 1e-9) + 1e-12 * Math.abs(value));
      }
    }),
    { seed: 92, numRuns: 300 },
  );
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
  }
});
