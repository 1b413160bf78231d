/**
 * The helpers of the transforms, compared with closed forms, direct sums in double precision and NumPy's conventions.
 */
import { execFileSync } from 'node:child_process';
import {
  type Context,
  convolve,
  correlate,
  createContext,
  type EwaldErrorTag,
  type FoldMode,
  fftfreq,
  fftshift,
  goodLength,
  ifftshift,
  isEwaldError,
  rfftfreq,
} from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/compute/random/random.js';

async function refused(work: () => unknown, tag: EwaldErrorTag, word: string): Promise<void> {
  const error = await (async () => work())().then(
    () => expect.unreachable(`nothing was thrown; expected ${tag}`),
    (thrown) => thrown,
  );
  expect(isEwaldError(error, tag), `${error}`).toBe(true);
  expect(error.message).toContain(word);
}

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
/** The position of an element along each axis of a C-ordered array, and back. */
const unravel = (i: number, shape: readonly number[]): number[] => {
  const out: number[] = [];
  for (const n of [...shape].reverse()) {
    out.unshift(i % n);
    i = Math.floor(i / n);
  }
  return out;
};
const ravel = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((sum, k, axis) => sum * (shape[axis] ?? 1) + k, 0);
const mod = (k: number, n: number): number => ((k % n) + n) % n;

describe('frequencies', () => {
  it('are those of the bins, from −1/2 up to below 1/2', () => {
    for (const spacing of [1, 0.1, 3]) {
      for (let n = 1; n <= 64; n++) {
        const [f, half] = [fftfreq(n, spacing), rfftfreq(n, spacing)];
        expect([f.length, half.length]).toEqual([n, Math.floor(n / 2) + 1]);
        f.forEach((value, k) => {
          const turns = value * n * spacing;
          expect(mod(Math.round(turns), n)).toBe(k);
          expect(turns).toBeCloseTo(Math.round(turns), 9);
          expect(turns >= -n / 2 - 1e-9 && turns < n / 2 - 1e-9).toBe(true);
        });
        half.forEach((value, k) => {
          expect(value).toBe(Math.abs(f[k] ?? Number.NaN));
        });
      }
    }
  });

  it('refuse invalid lengths and spacings', async () => {
    for (const frequencies of [fftfreq, rfftfreq]) {
      for (const n of [0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, undefined as never])
        await refused(() => frequencies(n), 'Argument', 'n is');
      for (const d of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
        await refused(() => frequencies(4, d), 'Argument', 'spacing is');
    }
  });

  it('and shifts agree with NumPy if it is installed (absent otherwise)', ({ skip }) => {
    const script = `
import json, numpy as n
a = n.arange(2*3*4*5.).reshape(2,3,4,5)
print(json.dumps([[n.fft.fftfreq(k,.3).tolist() for k in range(1,12)], [n.fft.rfftfreq(k,.3).tolist() for k in range(1,12)],
  n.fft.fftshift(a).ravel().tolist(), n.fft.ifftshift(a).ravel().tolist(), n.fft.ifftshift(a,axes=(1,-1)).ravel().tolist()]))`;
    let answer: [number[][], number[][], number[], number[], number[]];
    try {
      answer = JSON.parse(
        execFileSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      );
    } catch {
      return skip('absent: NumPy');
    }
    const [full, half, shifted, back, some] = answer;
    const close = (found: Float64Array, expected: number[] | undefined): void => {
      expect(found).toHaveLength(expected?.length ?? -1);
      found.forEach((value, k) => {
        expect(value).toBeCloseTo(expected?.[k] ?? Number.NaN, 12);
      });
    };
    for (let n = 1; n < 12; n++) {
      close(fftfreq(n, 0.3), full[n - 1]);
      close(rfftfreq(n, 0.3), half[n - 1]);
    }
    const [array, shape] = [Float64Array.from({ length: 120 }, (_, i) => i), [2, 3, 4, 5]];
    expect([...fftshift(array, shape)]).toEqual(shifted);
    expect([...ifftshift(array, shape)]).toEqual(back);
    expect([...ifftshift(array, shape, { axes: [1, -1] })]).toEqual(some);
  });
});

describe('shifts', () => {
  it('rotate each axis by half its length, and back', () => {
    for (const shape of [[1], [2], [7], [8], [3, 4], [5, 1, 6], [2, 3, 4, 5]]) {
      for (const complex of [false, true]) {
        for (const axes of [undefined, [0], [-1], shape.map((_, axis) => axis).reverse()]) {
          const width = complex ? 2 : 1;
          const array = Float32Array.from({ length: width * size(shape) }, (_, i) => i);
          const options = { complex, ...(axes ? { axes } : {}) };
          const turned = new Set((axes ?? shape.map((_, axis) => axis)).map((axis) => mod(axis, shape.length)));
          const shifted = fftshift(array, shape, options);
          array.forEach((value, i) => {
            const from = unravel(Math.floor(i / width), shape);
            const to = from.map((k, axis) =>
              turned.has(axis) ? (k + Math.floor((shape[axis] ?? 1) / 2)) % (shape[axis] ?? 1) : k,
            );
            expect(shifted[ravel(to, shape) * width + (i % width)]).toBe(value);
          });
          expect(ifftshift(shifted, shape, options)).toEqual(array);
          expect(shifted.buffer).not.toBe(array.buffer);
        }
      }
    }
  });

  it('put frequencies in ascending order', () => {
    for (const n of [1, 2, 9, 10]) {
      const f = fftshift(fftfreq(n), n);
      expect([...f]).toEqual([...f].sort((a, b) => a - b));
      expect(f[n >> 1]).toBe(0);
    }
  });

  it('name the function and the error in messages', async () => {
    const six = new Float64Array(6);
    await refused(() => fftshift(six, [2, 4]), 'Shape', 'fftshift: the array has 6 numbers; the shape 2 × 4 needs 8');
    await refused(
      () => ifftshift(six, [2, 3], { complex: true }),
      'Shape',
      'ifftshift: the array has 6 numbers; the shape 2 × 3 needs 12 (complex)',
    );
    await refused(() => fftshift(six, [2, 3], { axes: [2] }), 'Argument', 'axes is 2');
    await refused(() => fftshift(six, [2, 3], { axes: [1, -1] }), 'Argument', 'each axis once');
    await refused(() => fftshift(six, [-2, -3]), 'Shape', '[-2,-3]');
    await refused(() => fftshift(six, [1.5, 4]), 'Shape', 'lengths of 1 and more');
    await refused(() => fftshift([1, 2] as never, [2]), 'Shape', 'Array');
    await refused(() => fftshift(six, [6], { axis: [0] } as never), 'Argument', 'did you mean "axes"');
  });
});

describe('good lengths', () => {
  it('are the next ones with only small factors', () => {
    const smooth: number[] = [];
    for (let a = 1; a <= 4096; a *= 2)
      for (let b = a; b <= 4096; b *= 3)
        for (let c = b; c <= 4096; c *= 5) for (let d = c; d <= 4096; d *= 7) smooth.push(d);
    smooth.sort((x, y) => x - y);
    for (let n = 1; n <= 4096; n++) expect(goodLength(n)).toBe(smooth.find((m) => m >= n));
  });

  it('terminate for every argument', async () => {
    for (const n of [0, -3, 1.5, Number.NaN, Number.POSITIVE_INFINITY, undefined as never])
      await refused(() => goodLength(n), 'Argument', 'n is');
  });
});

describe('convolve and correlate', () => {
  let context: Context;
  const fft = (options: Parameters<Context['fft']>[0]) => context.fft(options);
  beforeAll(async () => {
    context = await createContext({ backend: 'wasm', strict: true });
  });
  afterAll(async () => {
    expect(context.liveBytes).toBe(0);
    await context.dispose();
  });
  const random = new Random(17, 1);
  const make = (shape: readonly number[], ArrayType: typeof Float32Array | typeof Float64Array) => ({
    data: new ArrayType(Array.from({ length: size(shape) }, () => random.normal())),
    shape,
  });
  type Real = ReturnType<typeof make>;

  /** Σ a[k] b[j − k] or Σ a[k + j] b[k] for one j, with both arrays zero outside, or periodic. */
  function direct(name: 'convolve' | 'correlate', a: Real, b: Real, j: readonly number[], periodic: boolean): number {
    let sum = 0;
    for (let i = 0; i < b.data.length; i++) {
      const k = unravel(i, b.shape);
      const at = j.map((shift, axis) => (name === 'convolve' ? shift - (k[axis] ?? 0) : shift + (k[axis] ?? 0)));
      const place = periodic ? at.map((x, axis) => mod(x, a.shape[axis] ?? 1)) : at;
      if (place.every((x, axis) => x >= 0 && x < (a.shape[axis] ?? 0)))
        sum += (a.data[ravel(place, a.shape)] ?? 0) * (b.data[i] ?? 0);
    }
    return sum;
  }

  const pairs = [
    [[1], [1]],
    [[9], [4]],
    [[4], [9]],
    [[11], [11]],
    [
      [7, 5],
      [3, 4],
    ],
    [
      [3, 8],
      [5, 2],
    ],
    [
      [6, 6],
      [6, 6],
    ],
    [
      [4, 3, 5],
      [2, 3, 2],
    ],
  ] as const;

  it.each(['convolve', 'correlate'] as const)('%s equals the direct sums, in every mode', async (name) => {
    const work = { convolve, correlate }[name];
    for (const [first, second] of pairs) {
      for (const ArrayType of [Float32Array, Float64Array]) {
        const [a, b] = [make(first, ArrayType), make(second, ArrayType)];
        const m = b.shape;
        // The first shift and the number of shifts, as in SciPy's modes.
        const ranges: Partial<Record<FoldMode, { from: number[]; shape: number[] }>> = {
          full: {
            from: m.map((n) => (name === 'convolve' ? 0 : 1 - n)),
            shape: a.shape.map((n, axis) => n + (m[axis] ?? 1) - 1),
          },
          same: {
            from: m.map((n) => Math.floor((n - 1) / 2) - (name === 'convolve' ? 0 : n - 1)),
            shape: [...a.shape],
          },
        };
        if (a.shape.every((n, axis) => n >= (m[axis] ?? 1)))
          ranges.valid = {
            from: m.map((n) => (name === 'convolve' ? n - 1 : 0)),
            shape: a.shape.map((n, axis) => n - (m[axis] ?? 1) + 1),
          };
        if (a.shape.join() === m.join()) ranges.wrap = { from: m.map(() => 0), shape: [...a.shape] };
        for (const [mode, range] of Object.entries(ranges)) {
          if (!range) continue;
          const { from, shape } = range;
          const what = `${name} ${first} with ${second}, ${mode}, ${ArrayType.name}`;
          const found = await work(fft, a, b, mode as FoldMode);
          expect(found.shape, what).toEqual(shape);
          expect(found.data, what).toBeInstanceOf(ArrayType);
          expect(found.data, what).toHaveLength(size(shape));
          found.data.forEach((value, i) => {
            const shift = unravel(i, shape).map((k, axis) => k + (from[axis] ?? 0));
            // Sums of at most 60 products of order 1.
            expect(value, `${what} at ${shift}`).toBeCloseTo(
              direct(name, a, b, shift, mode === 'wrap'),
              ArrayType === Float64Array ? 12 : 4,
            );
          });
        }
      }
    }
  });

  it('multiplies polynomials: (1 + x)²⁰ (1 + x)¹⁷ has the binomials of 37', async () => {
    const row = (n: number): number[] =>
      Array.from({ length: n }).reduce<number[]>((r) => [1, ...r.slice(1).map((x, i) => x + (r[i] ?? 0)), 1], [1]);
    const side = (n: number) => ({ data: Float64Array.from(row(n)), shape: [n + 1] });
    const { data } = await convolve(fft, side(20), side(17));
    const expected = row(37);
    // Transforms are accurate to some 1e-16 of the largest value.
    const scale = Math.max(...expected);
    data.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? Number.NaN)) / scale).toBeLessThan(1e-14);
    });
  });

  it('finds the shift of an image', async () => {
    const shape = [17, 23];
    const image = make(shape, Float32Array);
    const moved = {
      shape,
      data: image.data.map(
        (_, i) =>
          image.data[
            ravel(
              unravel(i, shape).map((k, axis) => mod(k - ([5, -4][axis] ?? 0), shape[axis] ?? 1)),
              shape,
            )
          ] ?? 0,
      ),
    };
    const { data } = await correlate(fft, moved, image, 'wrap');
    const best = data.indexOf(Math.max(...data));
    expect(unravel(best, shape)).toEqual([5, 23 - 4]);
  });

  it('uses double precision if either array has it', async () => {
    const { data } = await convolve(fft, make([3], Float32Array), make([3], Float64Array));
    expect(data).toBeInstanceOf(Float64Array);
  });

  it('names itself in its refusals', async () => {
    const [a, b] = [make([4, 3], Float32Array), make([2, 5], Float32Array)];
    await refused(
      () => correlate(fft, a, b, 'wrap'),
      'Shape',
      'correlate: wrap requires equal shapes, not 4 × 3 and 2 × 5',
    );
    await refused(() => convolve(fft, a, b, 'valid'), 'Shape', 'not longer than the first');
    await refused(() => convolve(fft, a, b, 'sane' as never), 'Argument', 'did you mean "same"');
    await refused(() => correlate(fft, a, { ...b, shape: [10] }), 'Shape', 'same rank');
    await refused(
      () => correlate(fft, { ...a, shape: [4, 4] }, b),
      'Shape',
      'correlate: the array has 12 numbers; the shape 4 × 4 needs 16',
    );
    await refused(() => convolve(fft, { ...a, shape: [] }, { ...b, shape: [] }), 'Shape', 'lengths of 1 and more');
    await refused(() => convolve(fft, { data: [1, 2] as never, shape: [2] }, { ...b, shape: [10] }), 'Shape', 'Array');
  });
});
