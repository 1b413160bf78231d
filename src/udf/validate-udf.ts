/**
 * Tests a UDF on random frames: whether it keeps frames beyond its calls, and whether its WGSL and its WebAssembly
 * module give the same results as its JavaScript.
 */

import { EwaldError } from '../base/errors.js';
import { integer, knownOptions, real } from '../base/options.js';
import { allocateFrames } from '../data/dtype.js';
import type { ResultBuffer } from './buffers.js';
import type { UdfContext } from './context.js';
import { product } from './dtypes.js';
import type { PassDtype } from './pass/pass.js';
import { type AnyDefinition, type AnyUdf, defineUdf } from './udf.js';

/** The frames on which a UDF is tested. */
export interface ValidateUdfOptions {
  /** Shape of the scan; default [5, 4]. */
  readonly navShape?: readonly number[];
  /** Shape of a frame; default [37, 53], which is not a multiple of any workgroup size. */
  readonly sigShape?: readonly number[];
  /** Dtype of the frames; default u16. */
  readonly dtype?: PassDtype;
  /** Upper bound (exclusive) of integers; default 1000, or the type's range if smaller. */
  readonly below?: number;
  /** Seed of the frames, 0 … 2³² − 1; default 1. */
  readonly seed?: number;
  /**
   * Largest difference relative to the largest number of a result; default 1e-5, about 80 roundings of float32.
   * Integers must be equal.
   */
  readonly tolerance?: number;
}

/** How far a result of WGSL or of a WebAssembly module deviates from that of JavaScript. */
export interface ValidatedResult {
  readonly name: string;
  readonly by: 'wgsl' | 'wasm';
  /** Largest difference relative to the largest number. */
  readonly error: number;
  readonly bound: number;
  /** The element with the largest difference, and both values there. */
  readonly element: number;
  readonly found: number;
  readonly javascript: number;
  readonly pass: boolean;
}

/** The result of `validateUdf`. */
export interface UdfReport {
  readonly udf: string;
  /** The device of the WGSL, or `none` for a UDF without it. */
  readonly device: string;
  /** Whether WGSL and the WebAssembly module agree with JavaScript, and no frame is kept. */
  readonly pass: boolean;
  /** Comparisons with JavaScript; empty for a UDF in JavaScript alone. */
  readonly results: readonly ValidatedResult[];
  /**
   * Results that change if each frame is overwritten as soon as the method that saw it returns: the UDF keeps frames,
   * whose memory the next partition reuses. It must copy what it wants to keep.
   */
  readonly keepsFrames: readonly string[];
}

const names = ['navShape', 'sigShape', 'dtype', 'below', 'seed', 'tolerance'];

/** Byte that overwrites frames after a method has seen them: a large number in every dtype. */
const spoilt = 0xa5;

/** The UDF with methods that overwrite their frames when they return. */
function spoiling(definition: AnyDefinition): AnyDefinition {
  const wrapped = (method: keyof AnyDefinition, frames: string) => {
    const userMethod = definition[method] as ((scope: Record<string, ArrayBufferView>) => unknown) | undefined;
    if (userMethod === undefined) return {};
    return {
      [method](scope: Record<string, ArrayBufferView>) {
        const seen = scope[frames] as ArrayBufferView;
        const given = userMethod.call(definition, scope);
        new Uint8Array(seen.buffer, seen.byteOffset, seen.byteLength).fill(spoilt);
        return given;
      },
    };
  };
  return {
    ...definition,
    ...wrapped('processFrame', 'frame'),
    ...wrapped('processTile', 'tile'),
    ...wrapped('processPartition', 'frames'),
  };
}

/** Names of the results that differ in any bit. */
function differing(a: Record<string, ResultBuffer>, b: Record<string, ResultBuffer>): string[] {
  return Object.keys(a).filter((name) => {
    const [one, other] = [a[name]?.data, b[name]?.data] as unknown as [Float64Array, Float64Array];
    return one.some((value, i) => !Object.is(value, other[i]));
  });
}

/** Compares the results of another implementation with those of JavaScript. */
function compared(
  by: ValidatedResult['by'],
  expected: Record<string, ResultBuffer>,
  found: Record<string, ResultBuffer>,
  tolerance: number,
): ValidatedResult[] {
  return Object.entries(expected).map(([name, { data, dtype }]) => {
    const want = data as unknown as ArrayLike<number>;
    const have = found[name]?.data as unknown as ArrayLike<number>;
    let [worst, element, size] = [-1, 0, 0];
    for (let i = 0; i < want.length; i++) {
      const [a, b] = [Number(want[i]), Number(have[i])];
      if (Number.isFinite(a)) size = Math.max(size, Math.abs(a));
      const off = Object.is(a, b) || a === b ? 0 : Math.abs(a - b);
      if (off > worst || Number.isNaN(off)) {
        worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
        element = i;
      }
    }
    const error = worst <= 0 ? 0 : worst / (size || 1);
    const bound = /^[fc]/.test(dtype) ? tolerance : 0;
    const values = { found: Number(have[element]), javascript: Number(want[element]) };
    return { name, by, error, bound, element, ...values, pass: error <= bound };
  });
}

/**
 * Runs a UDF in JavaScript, with its frames overwritten, by its WebAssembly module if it has one, and in WGSL if it has
 * some and the context has WebGPU; compares the results. Throws `Argument` for a UDF without JavaScript.
 */
export async function compareUdf(
  udf: AnyUdf,
  options: ValidateUdfOptions,
  context: UdfContext,
  device: string,
): Promise<UdfReport> {
  knownOptions('validateUdf', options, names);
  const { processFrameWgsl, wasm, ...javascript } = udf.definition as AnyDefinition;
  const { name } = javascript;
  if (!(javascript.processFrame || javascript.processTile || javascript.processPartition))
    throw new EwaldError(
      'Argument',
      `validateUdf: the UDF ${name} has no JavaScript to compare its module with; add processFrame`,
    );
  const { navShape = [5, 4], sigShape = [37, 53], dtype = 'u16' } = options;
  const tolerance = real('validateUdf: tolerance', options.tolerance, 1e-5, 0, 1);
  const below = integer('validateUdf: below', options.below, /8/.test(dtype) ? 127 : 1000, 1, 2 ** 31);
  let state = integer('validateUdf: seed', options.seed, 1, 0, 2 ** 32 - 1);
  const frames = allocateFrames(dtype, product(navShape) * product(sigShape)) as Float64Array;
  for (let i = 0; i < frames.length; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    frames[i] = dtype === 'f32' ? ((state >>> 8) / 2 ** 24) * below : Math.floor((state / 2 ** 32) * below);
  }
  const run = async (definition: AnyDefinition): Promise<Record<string, ResultBuffer>> =>
    context.runUdf(
      context.fromMemory(frames, { navShape, sigShape, dtype }),
      defineUdf(definition).withParams(udf.params),
    ) as never;
  const expected = await run(javascript);
  const keepsFrames = differing(expected, await run(spoiling(javascript)));
  const results: ValidatedResult[] = [];
  if (wasm !== undefined) results.push(...compared('wasm', expected, await run({ ...javascript, wasm }), tolerance));
  if (processFrameWgsl !== undefined)
    results.push(...compared('wgsl', expected, await run({ ...javascript, processFrameWgsl }), tolerance));
  const pass = keepsFrames.length === 0 && results.every((result) => result.pass);
  return { udf: name, device, pass, results, keepsFrames };
}
