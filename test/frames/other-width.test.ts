/** Numbers that are read by another type than they were written: doubted by their bits, and right ones never. */
import { expect, test } from 'vitest';
import type { DataType } from '../../src/bytes/dtype.js';
import { numberTypes as arrays } from '../../src/compute/arrays/numbers.js';
import { otherWidth } from '../../src/frames/other-width.js';
import { randomOf } from '../support/detector-crystals.mjs';

type Type = keyof typeof arrays;
const side = 64;

/** The first numbers of a frame: a disk on a background, with counts, or values around them. */
function frame(type: Type, seed: number, { dose = 40, noise = Math.sqrt(dose), floor = 1 } = {}): Uint8Array {
  const random = randomOf(seed);
  const radius = 10 + 15 * random.uniform();
  const [y, x] = [side / 2 + 5 * random.normal(), side / 2 + 5 * random.normal()];
  const isWhole = !type.startsWith('f');
  const values = Array.from({ length: side * side }, (_, i) => {
    const isIn = Math.hypot(Math.floor(i / side) - y, (i % side) - x) < radius;
    const value = (isIn ? dose : floor) + (isIn ? noise : Math.sqrt(floor)) * random.normal();
    return isWhole ? Math.round(type.startsWith('u') ? Math.max(0, value) : value) : value;
  });
  return new Uint8Array(arrays[type].from(values as never).buffer);
}

const right = (seeds: readonly number[], types: readonly Type[]): void => {
  for (const seed of seeds)
    for (const type of types)
      for (const [dose, floor] of [
        [0.5, 0.01],
        [3, 0.1],
        [40, 2],
        [120, 20],
        [3000, 0],
        [3000, 200],
        [30000, 5],
        [60000, 3000],
        [1e6, 1e3],
      ] as const) {
        const most = { u8: 200, i8: 100, u16: 60000, i16: 30000 }[type as string] ?? Number.POSITIVE_INFINITY;
        if (dose > most) continue;
        for (const noise of [Math.sqrt(dose), 0.3 * dose])
          expect(otherWidth(frame(type, seed, { dose, noise, floor }), type), `${type} ${dose} ${floor}`).toBe(
            undefined,
          );
      }
};

test('numbers that are read as they were written are not doubted', () => right([0], ['u8', 'u16', 'f32']));

test('nor are further ones', { tags: 'all' }, () => right([1, 2, 3, 4, 5, 6, 7], Object.keys(arrays) as Type[]));

test('dead columns, marks of pixels, whole numbers as reals and noise on both sides of 0 are right as well', () => {
  const striped = new Uint16Array(frame('u16', 1).buffer).map((x, i) => (i % 8 === 7 ? 65535 : x));
  expect(otherWidth(new Uint8Array(striped.buffer), 'u16')).toBe(undefined);
  for (const whole of [Float32Array, Float64Array]) {
    const real = whole.from(new Uint16Array(frame('u16', 2).buffer));
    expect(otherWidth(new Uint8Array(real.buffer), whole === Float32Array ? 'f32' : 'f64')).toBe(undefined);
  }
  for (const noise of [0.4, 2, 50])
    for (const type of ['i16', 'i32', 'f32', 'f64'] as const)
      expect(otherWidth(frame(type, 3, { dose: 0, noise, floor: 0 }), type), `${type} ${noise}`).toBe(undefined);
});

test('numbers of another type are doubted, of most pairs of types', () => {
  const missed: string[] = [];
  const bytes: Record<Type, Uint8Array> = {
    u8: frame('u8', 4, { dose: 60 }),
    i8: frame('i8', 4, { dose: 60 }),
    u16: frame('u16', 4, { dose: 3000, floor: 20 }),
    i16: frame('i16', 4),
    u32: frame('u32', 4, { dose: 4e4, floor: 20 }),
    i32: frame('i32', 4, { dose: 4e4, floor: 20 }),
    f32: frame('f32', 4),
    f64: frame('f64', 4),
  };
  // As after a dark frame was subtracted.
  bytes.i16 = new Uint8Array(new Int16Array(frame('i16', 5, { dose: 60, floor: 20 }).buffer).map((x) => x - 20).buffer);
  for (const written of Object.keys(arrays) as Type[])
    for (const read of Object.keys(arrays) as DataType[])
      if (read !== written && otherWidth(bytes[written], read) === undefined) missed.push(`${written} as ${read}`);
  // Other rules of the file find those as reals; what is left are the same numbers, or bytes with a sign.
  expect(missed).toEqual([
    'u8 as i8',
    'u8 as f64',
    'i8 as u8',
    'i8 as f64',
    'u16 as i16',
    'u32 as i32',
    'u32 as f32',
    'i32 as u32',
    'i32 as f32',
  ]);
});
