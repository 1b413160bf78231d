/** One pass of the core compared with plain float64 loops: every frame type, every step, one thread and two. */
import { type Context, createContext, devices } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';

const arrays = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
} as const;
// Not a multiple of any vector, block or group.
const [width, height, frames] = [53, 37, 19];
const pixels = width * height;

/** Frames with the full range of their type; floats are far from zero. */
function made(dtype: keyof typeof arrays): InstanceType<(typeof arrays)[keyof typeof arrays]> {
  const out = new arrays[dtype](pixels * frames);
  for (let i = 0, state = 7; i < out.length; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    out[i] = dtype === 'f32' ? 1000 + (state >>> 8) / 65536 : state;
  }
  return out;
}

const spans = Uint32Array.from(
  Array.from({ length: 27 }, (_, y) => [(y + 3) * width + 5 + (y % 3), (y + 3) * width + 41 - (y % 5)]).flat(),
);
const dense = Float32Array.from({ length: 6 * pixels }, (_, i) => Math.sin(i));
const sparse = {
  starts: Uint32Array.from([0, 3, 5]),
  pixels: Uint32Array.from([1, pixels - 1, 77, 5, 6]),
  weights: Float32Array.from([1, 2, -3, 0.5, 4]),
};
const steps = [
  { kind: 'sumOf', spans },
  { kind: 'squaresOf', spans },
  { kind: 'com', spans },
  { kind: 'dense', weights: dense, masks: 6 },
  { kind: 'sparse', masks: sparse },
  { kind: 'sum' },
  { kind: 'moments' },
  { kind: 'logSum' },
] as const;

/** Columns and planes by plain loops, and the magnitude of the terms of each column. */
function oracle(data: ArrayLike<number>, integers: boolean): { nav: number[][]; scale: number[][]; sig: number[][] } {
  const at = (f: number, p: number): number => data[f * pixels + p] as number;
  const nav: number[][] = [];
  const scale: number[][] = [];
  for (let f = 0; f < frames; f++) {
    let [s, q, y, x] = [0, 0, 0, 0];
    for (let k = 0; k < spans.length; k += 2)
      for (let p = spans[k] as number; p < (spans[k + 1] as number); p++) {
        s += at(f, p);
        q += at(f, p) ** 2;
        y += at(f, p) * Math.floor(p / width);
        x += at(f, p) * (p % width);
      }
    const products = Array.from({ length: 6 }, (_, k) => {
      let [sum, size] = [0, 0];
      for (let p = 0; p < pixels; p++) {
        sum += at(f, p) * (dense[k * pixels + p] as number);
        size += Math.abs(at(f, p) * (dense[k * pixels + p] as number));
      }
      return [sum, size] as const;
    });
    const few = [at(f, 1) + 2 * at(f, pixels - 1) - 3 * at(f, 77), 0.5 * at(f, 5) + 4 * at(f, 6)];
    nav.push([s, s, q, s, y, x, ...products.map(([sum]) => sum), ...few]);
    scale.push([s, s, q, s, y, x, ...products.map(([, size]) => size), ...few]);
  }
  const sig: number[][] = [[], [], [], []];
  const least = Array.from({ length: frames }, (_, f) => {
    let low = Number.POSITIVE_INFINITY;
    for (let p = 0; p < pixels; p++) low = Math.min(low, at(f, p));
    return low;
  });
  for (let p = 0; p < pixels; p++) {
    let [s, q, m, l] = [0, 0, 0, 0];
    for (let f = 0; f < frames; f++) {
      s += at(f, p);
      q += at(f, p) ** 2;
      l += Math.log(at(f, p) - (least[f] as number) + 1);
    }
    for (let f = 0; f < frames; f++) m += (at(f, p) - s / frames) ** 2;
    for (const [k, value] of [s, s, integers ? q : m, l].entries()) (sig[k] as number[]).push(value);
  }
  return { nav, scale, sig };
}

describe.each(['wasm', 'native'] as const)('a pass on %s', (backend) => {
  let ctx: Context;
  beforeAll(async () => {
    ctx = await createContext({ backend, strict: true });
  });
  afterAll(async () => {
    expect(ctx.liveBytes).toBe(0);
    await ctx.dispose();
  });

  test.each(Object.keys(arrays) as (keyof typeof arrays)[])('%s', { tags: 'all' }, async (dtype) => {
    const data = made(dtype);
    const exact = dtype !== 'f32';
    // Σ² of 32-bit numbers exceeds what a double can hold.
    const narrow = /8|16/.test(dtype);
    const { nav, scale, sig } = oracle(data, narrow);
    const bytes: string[] = [];
    for (const threads of [1, 2]) {
      const pass = await ctx.framePass({ width, height, dtype, steps, threads });
      const found = await pass.run(data, frames);
      await pass.dispose();
      bytes.push(Buffer.from(found.nav.buffer).toString('base64') + Buffer.from(found.sig.buffer).toString('base64'));
      for (const [f, row] of nav.entries())
        for (const [k, want] of row.entries()) {
          const have = found.nav[f * pass.columns + k] as number;
          const integer = exact && (k < 6 ? k !== 2 || narrow : false);
          if (integer) expect(have, `frame ${f}, column ${k}`).toBe(want);
          // Columns 6 … 11 are products in float32: some 40 roundings of 2⁻²⁴ of their terms at most.
          else expect(Math.abs(have - want)).toBeLessThanOrEqual(2e-6 * Math.abs(scale[f]?.[k] ?? 0) + 1e-3);
        }
      for (const [k, plane] of sig.entries())
        for (const [p, want] of plane.entries()) {
          const have = found.sig[k * pixels + p] as number;
          if (exact && (k === 0 || (k < 3 && narrow))) expect(have, `pixel ${p}, plane ${k}`).toBe(want);
          else expect(Math.abs(have - want)).toBeLessThanOrEqual(1e-9 * Math.abs(want) + 1e-9);
        }
    }
    // Threads divide pixels and frames, never a sum.
    expect(bytes[1]).toBe(bytes[0]);
  });

  test.each(Object.keys(arrays) as (keyof typeof arrays)[])(
    '%s in pieces: the same sums',
    { tags: 'all' },
    async (dtype) => {
      const data = made(dtype);
      const pass = await ctx.framePass({ width, height, dtype, steps });
      const whole = await pass.run(data, frames);
      const nav: number[] = [];
      let sig = new Float64Array();
      // The second time, sums of a sequence that was not finished are dropped.
      for (const ends of [[5], [8, 8, 11, frames]])
        for (const [i, end] of ends.entries()) {
          const first = i === 0 ? 0 : (ends[i - 1] as number);
          if (i === 0) nav.length = 0;
          const place = { continues: i > 0, more: end < frames };
          const found = await pass.run(data.subarray(first * pixels, end * pixels), end - first, place);
          nav.push(...found.nav);
          expect(found.sig.length).toBe(end < frames ? 0 : whole.sig.length);
          sig = found.sig as typeof sig;
        }
      expect(Float64Array.from(nav)).toEqual(whole.nav);
      for (const [i, want] of whole.sig.entries()) {
        // Sums of integers are exact; others are added in another order.
        const exact =
          dtype !== 'f32' && Math.floor(i / pixels) !== 3 && (Math.floor(i / pixels) < 2 || /8|16/.test(dtype));
        if (exact) expect(sig[i]).toBe(want);
        else expect(Math.abs((sig[i] as number) - want)).toBeLessThanOrEqual(1e-12 * Math.abs(want) + 1e-9);
      }
      await refused(() => pass.run(data, frames, { continues: true }), 'Argument', 'no sums to continue', 'more: true');
      await refused(() => pass.run(data, frames, { more: 1 } as never), 'Argument', 'framePass.run: more');
      await refused(() => pass.run(data, frames, { last: true } as never), 'Argument', 'last');
      await pass.run(data, 0, { more: true });
      expect((await pass.run(data, frames, { continues: true })).sig.subarray(0, pixels)).toEqual(
        whole.sig.subarray(0, pixels),
      );
      await pass.dispose();
    },
  );

  test('floats beside a pixel of 10⁹ lose no digit in the sum of their frame', async () => {
    const data = made('f32') as Float32Array;
    for (let f = 0; f < frames; f++) data[f * pixels + (spans[2 * (f % 27)] as number) + f] = 1e9;
    const pass = await ctx.framePass({ width, height, dtype: 'f32', steps: [{ kind: 'sumOf', spans }] });
    const { nav } = await pass.run(data, frames);
    await pass.dispose();
    const { nav: want } = oracle(data, false);
    // Some thousand roundings of 2⁻⁵³ of the sum; in single precision each would be 64.
    for (let f = 0; f < frames; f++) expect(Math.abs((nav[f] as number) - (want[f]?.[0] as number))).toBeLessThan(1e-3);
  });

  test.each(['u16', 'f32'] as const)('sums of %s in memory of the caller', async (dtype) => {
    const data = made(dtype);
    const pass = await ctx.framePass({ width, height, dtype, steps });
    const whole = await pass.run(data, frames);
    const into = new Float64Array(pass.planes * pixels).fill(Number.NaN);
    const found = await pass.run(data, frames, { into });
    expect(found.sig).toBe(into);
    expect(found.sig).toEqual(whole.sig);
    expect((await pass.run(data, 0, { into })).sig).toEqual(new Float64Array(into.length));
    await refused(() => pass.run(data, frames, { into: into.subarray(1) }), 'Shape', 'into', `${into.length}`);
    await refused(() => pass.run(data, frames, { into: [] as never }), 'Shape', 'into');
    expect((await pass.run(data, frames)).sig).toEqual(whole.sig);
    await pass.dispose();
  });

  // Running sums are words that are flushed every 2^15 frames; nothing is lost at either end of a type.
  test.each([
    ['u8', 0, 255],
    ['i8', -128, 127],
    ['u16', 0, 65535],
    ['i16', -32768, 32767],
  ] as const)('more %s frames than running sums hold', async (dtype, least, most) => {
    const [wide, high, count] = [11, 3, 40_000];
    const values = [most, least, most, most];
    const data = new arrays[dtype](wide * high * count);
    for (let i = 0; i < data.length; i++) data[i] = values[(i % 33) % 4] ?? 0;
    const pass = await ctx.framePass({
      width: wide,
      height: high,
      dtype,
      steps: [{ kind: 'moments' }, { kind: 'sum' }],
      threads: 2,
    });
    // A second run starts from zero.
    for (let again = 0; again < 2; again++) {
      const { sig } = await pass.run(data, count);
      for (let p = 0; p < 33; p++) {
        const v = values[p % 4] ?? 0;
        expect([sig[p], sig[33 + p], sig[66 + p]], `pixel ${p}`).toEqual([count * v, count * v * v, count * v]);
      }
    }
    await pass.dispose();
  });

  test.each(['u8', 'i16', 'u16', 'u32', 'f32'] as const)(
    'centres of mass over runs of every shape, %s',
    async (dtype) => {
      const [wide, high] = [75, 60];
      const runs: number[] = [];
      const add = (y: number, first: number, end: number): unknown => runs.push(y * wide + first, y * wide + end);
      // A ring (two runs per row), whole rows, separate single pixels, empty rows, and runs without a common column.
      for (let y = 1; y < 20; y++) {
        add(y, 3 + (y % 4), 30);
        add(y, 41, 70 - (y % 3));
      }
      for (let y = 20; y < 37; y++) add(y, 0, wide);
      for (let y = 40; y < 48; y++) {
        add(y, 5, 60);
        if (y === 47) add(y, 61, 62);
      }
      for (let y = 50; y < 58; y++) add(y, (y - 50) * 9, (y - 50) * 9 + 8);
      const data = new arrays[dtype](wide * high * 2);
      for (let i = 0, state = 5; i < data.length; i++) {
        state = (Math.imul(1664525, state) + 1013904223) >>> 0;
        data[i] = dtype === 'f32' ? state / 2 ** 20 : state;
      }
      const spans = Uint32Array.from(runs);
      const pass = await ctx.framePass({
        width: wide,
        height: high,
        dtype,
        steps: [{ kind: 'com', spans }],
        threads: 1,
      });
      const { nav } = await pass.run(data, 2);
      await pass.dispose();
      for (let f = 0; f < 2; f++) {
        const want = [0, 0, 0];
        for (let k = 0; k < runs.length; k += 2)
          for (let p = runs[k] as number; p < (runs[k + 1] as number); p++) {
            const v = data[f * wide * high + p] as number;
            for (const [i, weight] of [1, Math.floor(p / wide), p % wide].entries())
              want[i] = (want[i] as number) + weight * v;
          }
        const found = [...nav.subarray(3 * f, 3 * f + 3)];
        if (dtype === 'f32')
          for (const [i, value] of want.entries()) expect(found[i]).toBeCloseTo(value, -Math.log10(value * 2e-6));
        else expect(found).toEqual(want);
      }
    },
  );

  test('bad input is refused before anything is allocated', async () => {
    const plan = (more: object) => () =>
      ctx.framePass({ width, height, dtype: 'u16', steps: [{ kind: 'sum' }], ...more });
    await refused(plan({ steps: [] }), 'Argument', 'steps is empty');
    await refused(plan({ dtype: 'f64' }), 'Argument', 'u16');
    await refused(plan({ steps: [{ kind: 'sumOf', spans: Uint32Array.of(50, 60) }] }), 'Argument', 'on two rows');
    await refused(plan({ steps: [{ kind: 'sumOf', spans: Uint32Array.of(5, pixels + 1) }] }), 'Argument', 'beyond');
    await refused(plan({ steps: [{ kind: 'dense', weights: new Float32Array(3), masks: 1 }] }), 'Shape', '3 weights');
    const pass = await ctx.framePass({ width, height, dtype: 'u16', steps: [{ kind: 'sum' }] });
    await refused(() => pass.run(new Uint16Array(5), 1), 'Shape', 'Uint16Array of 5', String(pixels));
    const data = new Uint16Array(pixels);
    const first = pass.run(data, 1);
    const second = refused(() => pass.run(data, 1), 'Shape', 'detached');
    structuredClone(data.buffer, { transfer: [data.buffer] });
    await refused(() => first, 'Shape', 'detached');
    await second;
    await pass.dispose();
    await refused(() => pass.run(new Uint16Array(pixels), 1), 'Disposed');
  });
});

const emulated = (await devices({ backend: 'cuda-emulated' }).catch(() => [])).some(({ available }) => available);
const onGpu = (await devices({ backend: 'webgpu' }).catch(() => [])).some(({ available }) => available);

describe('frames that are in device memory', () => {
  test.skipIf(!emulated)('give the same results as frames of the host, launch by launch', { tags: 'all' }, async () => {
    const ctx = await createContext({ backend: 'cuda-emulated', strict: true });
    // Three launches, because one has at most 32768 frames.
    const [wide, many] = [2, 70_000];
    const data = Float32Array.from({ length: wide * wide * many }, (_, i) => ((i * 7919) % 65521) - 1000);
    const steps = [{ kind: 'sumOf', spans: Uint32Array.of(0, 2, 3, 4) }, { kind: 'moments' }] as const;
    const pass = await ctx.framePass({ width: wide, height: wide, dtype: 'f32', steps });
    const there = await ctx.array(data, { backend: 'cuda-emulated' });
    const [here, found] = [await pass.run(data, many), await pass.run(there, many)];
    const wanted = Float64Array.from({ length: many }, (_, f) => {
      const [a, b, , d] = data.subarray(4 * f, 4 * f + 4) as unknown as [number, number, number, number];
      return a + b + d;
    });
    expect(here.nav).toEqual(wanted);
    expect(found).toEqual(here);
    await refused(() => pass.run(there, many + 1), 'Shape', `expected ${wide * wide * (many + 1)} f32`);
    await refused(() => pass.run(data, many, { more: true }), 'Unsupported', 'all frames at once');
    const other = await createContext({ backend: 'cuda-emulated', strict: true });
    const foreign = await other.array(data, { backend: 'cuda-emulated' });
    await refused(() => pass.run(foreign, many), 'Argument', 'another context');
    const bytes = await ctx.array(new Uint8Array(12), { backend: 'cuda-emulated' });
    await refused(() => pass.run(bytes, 1), 'Shape', '12 u8');
    await other.dispose();
    for (const held of [pass, there, bytes]) await held.dispose();
    expect(ctx.liveBytes).toBeLessThan(100);
    await refused(() => pass.run(there, many), 'Disposed');
    await ctx.dispose();
  });

  test.skipIf(!onGpu)('give the same results on WebGPU as frames of the host', { tags: 'all' }, async () => {
    const ctx = await createContext({ backend: 'webgpu', strict: true, log: { level: 'error' } });
    const count = 300;
    const steps = [{ kind: 'sumOf', spans: Uint32Array.of(1, 4, 6, 7) }, { kind: 'moments' }] as const;
    // Frames of 5 × 5 pixels of 16 bits do not consist of whole words.
    for (const side of [8, 5]) {
      const data = Uint16Array.from({ length: side * side * count }, (_, i) => (i * 7919) % 65521);
      const pass = await ctx.framePass({ width: side, height: side, dtype: 'u16', steps });
      const there = await ctx.array(data);
      const [here, found, some] = [await pass.run(data, count), await pass.run(there, count), await pass.run(there, 7)];
      expect(found).toEqual(here);
      expect([...some.nav]).toEqual([...here.nav.subarray(0, 7)]);
      expect(here.nav[0]).toBe([1, 2, 3, 6].reduce((sum, p) => sum + (data[p] as number), 0));
      for (const held of [pass, there]) await held.dispose();
    }
    expect(ctx.liveBytes).toBe(0);
    await ctx.dispose();
  });

  test('are refused by backends that accept typed arrays', async () => {
    const ctx = await createContext({ backend: 'wasm', strict: true });
    const pass = await ctx.framePass({ width, height, dtype: 'u16', steps: [{ kind: 'sum' }] });
    const there = await ctx.array(new Uint16Array(pixels));
    await refused(() => pass.run(there, 1), 'Unsupported', 'typed arrays', 'array.read()');
    for (const held of [pass, there]) await held.dispose();
    await ctx.dispose();
  });
});
