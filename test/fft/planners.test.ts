/**
 * The planners of WebGPU and of CUDA are separate (one generates kernels, the other parameters for existing kernels),
 * but divide a transform in the same way: the same passes over the same lines, pieces, windows and factors.
 *
 * Intended differences are excluded: WebGPU sums primes from 17 to 61 directly and convolves inside a workgroup up to
 * 2048 points (CUDA 4096); for `real` it transforms the first axis, CUDA the fastest one; in place CUDA also changes
 * the order of axes; and CUDA has larger radices where a kernel is made for the length (cuda/fft/fixed.h), and convolves
 * complex lines inside a block by the power of two that has one.
 */
import { describe, expect, test } from 'vitest';
import { fftDescriptor } from '../../src/compute/layout/fft.js';
import { pack } from '../../src/compute/layout/struct.js';
import { otherSide } from '../../src/fft/fft.js';
import { primesOf, radicesOf } from '../../src/fft/kernels/webgpu/lengths.js';
import { type Pass, programOf, type Window } from '../../src/fft/kernels/webgpu/program.js';
import type { FftOptions } from '../../src/fft/options.js';
import { describeFft } from '../../src/fft/parameters.js';
import { type EmulatedCard, loadAddon, present } from '../support/emulated-card.js';

interface Addon extends EmulatedCard {
  fftProgram(descriptor: Uint8Array, backward: boolean): Record<string, unknown>[];
}
const capacity = 4096;
const sources = ['complex', 'real', 'packed', 'hermitian', 'hermitian_packed', 'dct1', 'dct1_packed'].concat(
  ...['dct2', 'dct3', 'dct4', 'dct4_odd'],
);
const sinks = ['complex', 'half', 'real', 'unpacked', 'dct1', 'dct2', 'dct3', 'dct4', 'dct4_odd'];
const places = ['input', 'output', 'middle', 'long'];

/** A pass of WebGPU in the terms of CUDA's. */
function plain(pass: Pass): Record<string, unknown> {
  const window = ({ start, count, whole }: Window = { start: 0, count: 0, whole: 0 }) => ({ start, count, whole });
  const { source, sink, core } = pass;
  return {
    from: places.indexOf(pass.from),
    to: places.indexOf(pass.to),
    axis: pass.axis,
    points: core.points,
    length: core.length,
    source: sources.indexOf(source.file),
    sink: sinks.indexOf(sink.file),
    sine: Number(('sine' in source && source.sine) || ('sine' in sink && sink.sine)),
    pairs: Number(pass.pairs),
    swapIn: Number(pass.swapIn),
    swapOut: Number(pass.swapOut),
    last: Number(pass.last),
    inStride: pass.inStride,
    outStride: pass.outStride,
    inIndex: pass.inIndex,
    outIndex: pass.outIndex,
    turnStep: pass.twiddle?.step ?? 0,
    chirpIn: pass.chirpIn ?? 0,
    chirpOut: pass.chirpOut ?? 0,
    middleStep: pass.spectrum?.step ?? 0,
    inWindow: window(pass.inWindow),
    outWindow: window(pass.outWindow),
    radices: core.length === 1 ? [] : radicesOf(core.length),
    loops: pass.loops.map(({ count, from, to, inIndex, outIndex, a, b, frequency }) => ({
      count,
      ...{ from: from ?? 0, to: to ?? 0, inIndex: inIndex ?? 0, outIndex: outIndex ?? 0 },
      ...{ a: a ?? 0, b: b ?? 0, frequency: frequency ?? 0 },
    })),
  };
}

/**
 * The radices of a CUDA pass as WebGPU would choose them. A kernel made for the length has other ones, which give the
 * same length in fewer stages.
 */
function radicesOfBoth({ radices, length }: { readonly radices?: unknown; readonly length?: unknown }): unknown {
  const own = radices as readonly number[];
  if (own.every((radix) => [2, 3, 4, 5, 7, 8, 11, 13].includes(radix))) return own;
  expect(own.reduce((product, radix) => product * radix)).toBe(length);
  const both = radicesOf(length as number);
  expect(own.length).toBeLessThan(both.length);
  return both;
}

/** The pass with the length of WebGPU's where CUDA's is the power of two from there on. */
function lengthOfBoth(pass: Record<string, unknown>, theirs: number): Record<string, unknown> {
  if (pass.length === pass.points || pass.source !== 0 || pass.sink !== 0 || pass.length === theirs) return pass;
  expect(pass.length).toBe(2 ** Math.ceil(Math.log2(theirs)));
  const own = pass.radices as readonly number[];
  expect(own.reduce((product, radix) => product * radix)).toBe(pass.length);
  return { ...pass, length: theirs, radices: radicesOf(theirs) };
}

const lengths = [2, 3, 5, 8, 12, 16, 35, 64, 77, 105, 128, 343, 1000, 1024, 2187, 4096].concat(
  ...[4116, 5000, 8192, 12288, 16384, 65536, 100000, 2 ** 20, 2 ** 21, 67, 131, 1009, 2053, 10007, 1000003],
);
const kinds = ['c2c', 'r2c', 'c2r', 'real', 'r2r'] as const;
const trigs = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const;
// Primes for which both have butterflies; larger primes only if the whole line is convolved in one workgroup, or if no
// piece can hold them.
const alike = (n: number): boolean => primesOf(n).every((p) => p <= 13 || (p > 61 && (n <= 1000 || p > capacity / 2)));
/** The lengths of the complex lines to which an axis of n can lead. */
const linesOf = (n: number, kind: FftOptions['kind'], trig?: string): number[] =>
  kind === 'r2r'
    ? trig === 'dct1'
      ? [n - 1, 2 * (n - 1)]
      : trig === 'dst1'
        ? [n + 1, 2 * (n + 1)]
        : [n, n / 2, 2 * n].filter(Number.isInteger)
    : [n, ...(n % 2 === 0 ? [n / 2] : [])];

const wide: FftOptions[] = [
  ...lengths.flatMap((n) =>
    kinds.flatMap((kind): FftOptions[] =>
      kind === 'r2r'
        ? trigs.filter((r2r) => n > 1 && linesOf(n, kind, r2r).every(alike)).map((r2r) => ({ shape: [n], kind, r2r }))
        : linesOf(n, kind).every(alike)
          ? [{ shape: [n], kind }, ...(n < 5000 ? [{ shape: [n], kind, batch: 7 }] : [])]
          : [],
    ),
  ),
  ...kinds
    .filter((kind) => kind !== 'real')
    .flatMap((kind): FftOptions[] => {
      const of = kind === 'r2r' ? { kind, r2r: 'dct2' as const } : { kind };
      return [
        { shape: [6, 20], ...of },
        { shape: [4, 6, 10], ...of, batch: 3 },
        { shape: [4, 1, 10, 3, 8], ...of },
        { shape: [12, 10, 14], ...of, axes: [0, 2] },
        { shape: [12, 10, 14], ...of, axes: [1] },
        { shape: [8, 8192], ...of },
        { shape: [8192, 6], ...of },
        { shape: [8, 10, 12], ...of, order: [2, 0, 1] },
        // Parts of axes.
        { shape: [16, 24], ...of, ...(kind === 'c2c' ? { inputShape: [5, 7] } : {}) },
        ...(kind === 'c2c'
          ? [
              { shape: [16, 24, 20], inputShape: [16, 7, 3], keep: [4, 24, 6] },
              { shape: [16, 8192], inputShape: [3, 100], keep: [16, 33] },
              { shape: [20, 2053 * 2], inputShape: [20, 50], keep: [7, 100] },
            ]
          : []),
        ...(kind === 'r2c' ? [{ shape: [16, 24], kind, inputShape: [5, 9] }] : []),
      ];
    }),
];

describe.runIf(present)('the planner of CUDA and that of WebGPU', () => {
  const addon = present ? loadAddon<Addon>() : (undefined as never);
  test('are tested on many lengths', () => expect(wide.length).toBeGreaterThan(300));
  test.each(wide)('make the same passes of %j', (options) => {
    const given = describeFft(options);
    const descriptor = given.kind === 'c2r' ? otherSide(given) : given;
    for (const backward of [false, true]) {
      const cuda = addon.fftProgram(pack(fftDescriptor, descriptor.fields), backward);
      const webgpu = programOf(descriptor, backward, capacity).passes.map(plain);
      // For passes between two pieces it makes no difference whether a sum is of sines.
      const bare = cuda
        .map((pass, i) => lengthOfBoth(pass, webgpu[i]?.length as number))
        .map((pass) => ({
          ...pass,
          sine: pass.source || pass.sink ? pass.sine : 0,
          radices: radicesOfBoth(pass),
        }));
      expect(bare, backward ? 'backward' : 'forward').toEqual(webgpu);
    }
  });
});
