/** Sums of rings, none of whose pixels are clipped, against plain code: with a search, and alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import { sumRings } from '../../src/peaks/ring-sums.js';
import { ringsAround } from '../../src/peaks/rings.js';
import { refused } from '../support/refused.js';

const [width, height] = [131, 107];
const centre = [60.3, 50.1] as const;
const validRange = [-1000, 110] as const;
const types = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
};

describe.each(['wasm', 'native'] as const)('%s', (backend) => {
  let context: Context | undefined;
  beforeAll(async () => {
    context = await createContext({ backend }).catch(() => undefined);
  });
  afterAll(() => context?.dispose());

  test.each(Object.keys(types) as (keyof typeof types)[])('sums of %s are those of plain code', async (dtype) => {
    if (!context) return;
    const random = new Random(7, 0);
    const some = (share: number): Uint8Array =>
      Uint8Array.from({ length: width * height }, () => (random.uniform() < share ? 1 : 0));
    const [bad, here] = [some(0.02), some(0.01)];
    const value = (x: number): number =>
      x < 0.004 ? 100 : x < 0.008 ? 120 : Math.floor(8 * random.uniform()) - (dtype.startsWith('i') ? 3 : 0);
    const frame = new types[dtype](width * height).map(() => value(random.uniform()));
    if (dtype === 'u32') frame[7777] = 4e9;
    const { bins, rings } = ringsAround(width, height, centre, { minRadius: 0, maxRadius: 0 }, bad);
    const usable = (i: number, v: number): boolean => v >= validRange[0] && v <= validRange[1] && here[i] === 0;
    const plain = sumRings(frame, bins, rings, usable);
    expect(plain.lost?.length).toBeGreaterThan(100);
    const given = { threshold: 0, sums: true, bad: here, validRange };
    const finder = await context.peaks({ width, height, dtype, centre, bad });
    // Limits within the noise make more outliers than there is room for; the others are judged ring by ring.
    for (const run of [{ minSnr: 4.5 }, { minSnr: 0.2 }, { minSnr: 4.5, plain: true }])
      expect((await finder.run(frame, { ...given, ...run })).sums).toEqual(plain);
    expect((await finder.run(frame, { threshold: 0 })).sums).toBeUndefined();
    const alone = await context.peaks({ width, height, dtype, centre, bad, sumsOnly: true });
    const found = await alone.run(frame, given);
    expect(found.sums).toEqual(plain);
    expect(found.count).toBe(0);
    await refused(() => alone.run(frame, { ...given, rings: true }), 'Argument', 'sumsOnly');
    await Promise.all([finder.dispose(), alone.dispose()]);
  });

  test('a frame that has lost more pixels than are listed says so', async () => {
    if (!context) return;
    const finder = await context.peaks({ width, height, dtype: 'u16', centre });
    const frame = new Uint16Array(width * height).fill(3);
    frame.fill(65535, 0, 1500);
    const { sums } = await finder.run(frame, { threshold: 0, sums: true, validRange: [0, 65534] });
    expect(sums?.lost).toBeUndefined();
    expect(sums?.pixels.reduce((all, n) => all + n, 0)).toBe(width * height - 1500);
    await finder.dispose();
  });
});
