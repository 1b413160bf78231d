/**
 * Tests a UDF on random frames: whether it keeps frames beyond its calls, writes into them or past the ends of its
 * results, whether its results depend on partitions, and whether its WGSL and its WebAssembly module give the same
 * results as its JavaScript.
 */

import { allocateFrames, type FrameArray } from '../bytes/dtype.js';
import type { CustomDataset } from '../frames/custom.js';
import type { Dataset } from '../frames/dataset.js';
import { memoryDataset } from '../frames/formats/memory.js';
import { sparseOf } from '../frames/sparse.js';
import { checkedOptions, row } from '../options/call-options.js';
import { auxStride, isAux } from '../udf/functions/aux.js';
import type { ResultBuffer } from '../udf/functions/buffers.js';
import { mergeFaultsOf } from '../udf/functions/merge-faults.js';
import { type AnyDefinition, type AnyUdf, asUdf } from '../udf/functions/udf.js';
import { noWrites, spoiling, watching } from '../udf/functions/watched-methods.js';
import type { PassDtype } from '../udf/pass/pass.js';
import { EwaldError } from '../util/errors.js';
import { product } from '../util/product.js';
import type { UdfContext } from './context.js';

/** The frames on which a UDF is tested. */
export interface ValidateUdfOptions {
  /** Shape of the scan; default [5, 4]. */
  readonly navShape?: readonly number[] | undefined;
  /** Shape of a frame; default [37, 53], which is not a multiple of any workgroup size. */
  readonly sigShape?: readonly number[] | undefined;
  /** Dtype of the frames; default u16. */
  readonly dtype?: PassDtype | undefined;
  /** Upper bound (exclusive) of integers; default 1000, or the type's range if smaller. */
  readonly below?: number | undefined;
  /** Seed of the frames, 0 … 2³² − 1; default 1. */
  readonly seed?: number | undefined;
  /**
   * Largest difference relative to the largest number of a result; default 1e-5, about 80 roundings of float32.
   * Integers must be equal.
   */
  readonly tolerance?: number | undefined;
}

/** How far a result of WGSL, of a WebAssembly module or of `processSparse` deviates from that of the other methods. */
export interface ValidatedResult {
  readonly name: string;
  readonly by: 'wgsl' | 'wasm' | 'sparse';
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
  /**
   * Whether WGSL, the WebAssembly module and `processSparse` agree with JavaScript, no frame is kept or written to, no
   * result is written outside, and all are the same in one partition and in several.
   */
  readonly pass: boolean;
  /** Comparisons with JavaScript; empty for a UDF in JavaScript alone. */
  readonly results: readonly ValidatedResult[];
  /**
   * Results that change if each frame is overwritten as soon as the method that saw it returns: the UDF keeps frames,
   * whose memory the next partition reuses. It must copy what it wants to keep.
   */
  readonly keepsFrames: readonly string[];
  /** Methods that write into their frames, which all functions of a run share: what one writes, the next one sees. */
  readonly writesFrames: readonly string[];
  /**
   * Results that a method writes outside: past an end, or at an index that is no whole number. Typed arrays ignore such
   * writes without an error, so that the values are lost.
   */
  readonly writesOutside: readonly string[];
  /** Results that `merge` loses, or that depend on the number of partitions: a sentence for each. */
  readonly mergeFaults: readonly string[];
}

const rows = {
  ...row.others('navShape', 'sigShape', 'dtype'),
  below: row.integer(1, 2 ** 31),
  seed: row.integer(0, 2 ** 32 - 1, 1),
  tolerance: row.number(0, 1, 1e-5),
} as const;

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

/** Frames in memory that are read as sparse ones, too. */
function sparseDataset(
  frames: FrameArray,
  { sigShape, ...layout }: { navShape: readonly number[]; sigShape: readonly number[]; dtype: PassDtype },
): Dataset {
  const pixels = product(sigShape);
  return Object.assign(memoryDataset(frames, { sigShape, ...layout }), {
    readSparse: async (first: number, count: number) =>
      sparseOf(frames.subarray(first * pixels, (first + count) * pixels) as FrameArray, layout.dtype, pixels),
  });
}

/** Parameters whose nav aux data, which are those of a whole scan, are repeated or cut to a number of positions. */
const fittedAux = (params: AnyUdf['params'], positions: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(params as object).map(([name, value]) => {
      if (!isAux(value) || value.kind !== 'nav' || value.data.length === 0) return [name, value];
      const numbers = positions * auxStride(value);
      const { data } = value as { data: Float64Array };
      const fitted = new (data.constructor as typeof Float64Array)(numbers).map(
        (_, i) => data[i % data.length] as number,
      );
      return [name, { ...value, data: fitted }];
    }),
  );

/**
 * Runs a UDF in JavaScript, with its frames overwritten, by its WebAssembly module if it has one, and in WGSL if it has
 * some and the context has WebGPU; compares the results. `processSparse` is compared with the other methods on frames
 * with few pixels. Throws `Argument` for a UDF without JavaScript.
 */
export async function compareUdf(
  udf: AnyUdf,
  options: ValidateUdfOptions,
  context: UdfContext,
  device: string,
): Promise<UdfReport> {
  const checked = checkedOptions('validateUdf', options, rows);
  const { processFrameWgsl, wasm, ...javascript } = udf.definition as AnyDefinition;
  const { name } = javascript;
  if (!(javascript.processFrame || javascript.processTile || javascript.processPartition))
    throw new EwaldError(
      'Argument',
      `validateUdf: the UDF ${name} has no JavaScript to compare its module with; add processFrame`,
    );
  const { navShape = [5, 4], sigShape = [37, 53], dtype = 'u16', tolerance, seed } = checked;
  const { below = /8/.test(dtype) ? 127 : 1000 } = checked;
  let state = seed;
  const frames = allocateFrames(dtype, product(navShape) * product(sigShape)) as Float64Array;
  for (let i = 0; i < frames.length; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    frames[i] = dtype === 'f32' ? ((state >>> 8) / 2 ** 24) * below : Math.floor((state / 2 ** 32) * below);
  }
  const layout = { navShape, sigShape, dtype };
  const params = fittedAux(udf.params, product(navShape));
  const run = async (
    definition: AnyDefinition,
    scan = context.fromMemory(frames, layout),
    numPartitions?: number,
  ): Promise<Record<string, ResultBuffer>> =>
    context.runUdf(scan, asUdf(definition).withParams(params), { numPartitions }) as never;
  const expected = await run(javascript);
  const keepsFrames = differing(expected, await run(spoiling(javascript)));
  const writes = noWrites();
  // Some functions refuse results that are watched; what they have written until then is known.
  await run(watching(javascript, writes)).catch(() => undefined);
  const [writesFrames, writesOutside] = [[...writes.frames], [...writes.outside]];
  const results: ValidatedResult[] = [];
  if (wasm !== undefined) results.push(...compared('wasm', expected, await run({ ...javascript, wasm }), tolerance));
  if (processFrameWgsl !== undefined)
    results.push(...compared('wgsl', expected, await run({ ...javascript, processFrameWgsl }), tolerance));
  if (javascript.processSparse !== undefined) {
    // Nine of ten pixels are 0.
    const few = frames.map((value, i) => (Math.imul(i, 2654435761) >>> 28 === 0 ? value : 0)) as FrameArray;
    const { processSparse: _, ...dense } = javascript;
    const wanted = await run(dense, context.fromMemory(few, layout));
    const sparse = await context.load(sparseDataset(few, layout) as CustomDataset);
    results.push(...compared('sparse', wanted, await run(javascript, sparse), tolerance));
  }
  const mergeFaults = await mergeFaultsOf(
    javascript,
    (definition, partitions) => run(definition, undefined, partitions),
    (one, several, of) =>
      compared('wasm', { [of]: one[of] as ResultBuffer }, several, tolerance).every((result) => result.pass),
    Math.min(4, product(navShape)),
  );
  const faults = [keepsFrames, writesFrames, writesOutside, mergeFaults];
  const pass = faults.every(({ length }) => length === 0) && results.every((result) => result.pass);
  return { udf: name, device, pass, results, keepsFrames, writesFrames, writesOutside, mergeFaults };
}
