/**
 * One pass of the core over frames: sums of each frame (disks, rings, centres of mass, masks) and sums over all frames
 * (sum, moments, logarithms), several of them while a frame is in the cache. cpp/udf says how.
 */
import { type ArrayParts, type DeviceArray, partsOf } from '../arrays/array.js';
import { numberTypes } from '../arrays/numbers.js';
import type { BackendName } from '../backends/names.js';
import { asItIs, assertIntact, lengthOf } from '../buffers.js';
import { allocateFrames, type FrameArray } from '../data/dtype.js';
import { EwaldError } from '../errors.js';
import { pack } from '../layout/struct.js';
import { udfDescriptor, udfNumbers, udfStep, udfStepKinds } from '../layout/udf.js';
import { choice, integer, knownOptions } from '../options.js';
import type { Planner } from '../planner.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../resource.js';
import type { PassDtype, UdfKernel } from './contract.js';
import { udfFeature } from './kernels.js';

export type { PassDtype };

/** Pixels of a frame as runs, rising: [first, end) pairs of flat pixel numbers, each run within one row. */
export type Spans = Uint32Array;

/** Masks with few pixels, as rows of CSR: mask k has entries `starts[k]` … `starts[k + 1] - 1`. */
export interface SparseMasks {
  readonly starts: Uint32Array;
  readonly pixels: Uint32Array;
  readonly weights: Float32Array;
}

/** One piece of work of a pass. */
export type PassStep =
  /** Σ over the spans: a column. */
  | { readonly kind: 'sumOf'; readonly spans: Spans }
  /** Σ and Σ² over the spans: two columns. */
  | { readonly kind: 'squaresOf'; readonly spans: Spans }
  /** Σ, Σ y·v and Σ x·v over the spans: three columns. */
  | { readonly kind: 'com'; readonly spans: Spans }
  /** Σ weight·v for each of `masks`, [masks, pixels]: a column each. */
  | { readonly kind: 'dense'; readonly weights: Float32Array; readonly masks: number }
  /** The same with masks of few pixels. */
  | { readonly kind: 'sparse'; readonly masks: SparseMasks }
  /** Σ of each pixel: a plane. */
  | { readonly kind: 'sum' }
  /** Σ and Σ² of each pixel for integers up to 16 bits, Σ and Σ (v − mean)² for the others: two planes. */
  | { readonly kind: 'moments' }
  /** Σ log(v − least value of the frame + 1) of each pixel: a plane. */
  | { readonly kind: 'logSum' };

/** Sizes of a pass. */
export interface FramePassOptions {
  /** Pixels of a row, and rows of a frame. */
  readonly width: number;
  readonly height: number;
  readonly dtype: PassDtype;
  readonly steps: readonly PassStep[];
  /** Threads of the CPU, 0 (default): one a core. The answer does not depend on it. */
  readonly threads?: number;
  /**
   * Backend; default: the one that the context was opened with by name, else the first that does it in no more time
   * than frames take to get there: GPUs have dense masks, sums stay on the CPU.
   */
  readonly backend?: BackendName;
}

/** Sums of a run. */
export interface FrameSums {
  /** [frames, columns], in the order of the steps; exact for integers of up to 32 bits while below 2^53. */
  readonly nav: Float64Array;
  /** [planes, pixels], in the order of the steps. */
  readonly sig: Float64Array;
}

export interface FramePassMethods extends Disposable {
  readonly backend: BackendName;
  readonly bytes: number;
  readonly columns: number;
  readonly planes: number;
  /**
   * Sums over `count` frames, [count, height, width] of the pass's dtype, or that many at the beginning of a device
   * array of the pass's backend (CUDA; other backends say `Unsupported`), which they need not leave. Throws `Shape`,
   * `Argument`, `OutOfMemory`, `Disposed`.
   */
  run(frames: FrameArray | DeviceArray, count: number): Promise<FrameSums>;
}
/** A planned pass. */
export type FramePass = FramePassMethods & MaybeAsyncDisposable;

/** Columns and planes of a step. */
export function shapeOfStep(step: PassStep): { columns: number; planes: number } {
  switch (step.kind) {
    case 'sumOf':
      return { columns: 1, planes: 0 };
    case 'squaresOf':
      return { columns: 2, planes: 0 };
    case 'com':
      return { columns: 3, planes: 0 };
    case 'dense':
      return { columns: step.masks, planes: 0 };
    case 'sparse':
      return { columns: step.masks.starts.length - 1, planes: 0 };
    case 'moments':
      return { columns: 0, planes: 2 };
    default:
      return { columns: 0, planes: 1 };
  }
}

function checkSpans(spans: Spans, pixels: number, width: number): void {
  let before = 0;
  if (!(spans instanceof Uint32Array) || spans.length % 2 !== 0)
    throw new EwaldError('Shape', 'framePass: spans are pairs of [first, end) in a Uint32Array');
  for (let i = 0; i < spans.length; i += 2) {
    const [first, end] = [spans[i] as number, spans[i + 1] as number];
    if (first < before || end <= first || end > pixels || Math.floor(first / width) !== Math.floor((end - 1) / width))
      throw new EwaldError(
        'Argument',
        `framePass: the span ${first} … ${end} is empty, beyond the ${pixels} pixels, over two rows, or before the one before`,
      );
    before = end;
  }
}

interface Packed {
  readonly steps: Uint8Array;
  readonly indices: Uint32Array;
  readonly weights: Float32Array;
  readonly columns: number;
  readonly planes: number;
  readonly seen: { readonly first: number; readonly end: number };
}

/** Pixels that a step looks at: [first, end). */
function seenBy(step: PassStep, pixels: number): readonly [number, number] {
  if ('spans' in step) return [step.spans[0] ?? pixels, step.spans.at(-1) ?? 0];
  if (step.kind !== 'sparse') return [0, pixels];
  let [first, end] = [pixels, 0];
  for (const place of step.masks.pixels) {
    first = Math.min(first, place);
    end = Math.max(end, place + 1);
  }
  return [first, end];
}

function packSteps(steps: readonly PassStep[], pixels: number, width: number): Packed {
  const parts: Uint8Array[] = [];
  const indices: Uint32Array[] = [];
  const weights: Float32Array[] = [];
  let [index, weight, columns, planes] = [0, 0, 0, 0];
  let [first, end] = [pixels, 0];
  const add = (
    kind: keyof typeof udfStepKinds,
    more: { firstIndex?: number; firstWeight?: number; count?: number },
  ): void => {
    parts.push(
      pack(udfStep, {
        kind: udfStepKinds[kind],
        firstIndex: 0,
        firstWeight: 0,
        count: 0,
        column: columns,
        plane: planes,
        ...more,
      }),
    );
  };
  for (const step of steps) {
    if (step.kind === 'sumOf' || step.kind === 'squaresOf' || step.kind === 'com') {
      checkSpans(step.spans, pixels, width);
      add(step.kind, { firstIndex: index, count: step.spans.length / 2 });
      indices.push(step.spans);
      index += step.spans.length;
    } else if (step.kind === 'dense') {
      if (step.weights.length !== step.masks * pixels)
        throw new EwaldError(
          'Shape',
          `framePass: ${step.masks} masks of ${pixels} pixels have ${step.weights.length} weights`,
        );
      add('dense', { firstWeight: weight, count: step.masks });
      weights.push(step.weights);
      weight += step.weights.length;
    } else if (step.kind === 'sparse') {
      const { starts, pixels: places, weights: values } = step.masks;
      if (starts[0] !== 0 || starts.at(-1) !== places.length || places.length !== values.length)
        throw new EwaldError('Shape', 'framePass: the starts of sparse masks do not fit their pixels and weights');
      if (
        starts.some((start, i) => i > 0 && start < (starts[i - 1] as number)) ||
        places.some((place) => place >= pixels)
      )
        throw new EwaldError('Argument', `framePass: sparse masks have pixels beyond ${pixels}, or falling starts`);
      add('sparse', { firstIndex: index, firstWeight: weight, count: starts.length - 1 });
      indices.push(starts, places);
      index += starts.length + places.length;
      weights.push(values);
      weight += values.length;
    } else add(step.kind, {});
    const shape = shapeOfStep(step);
    columns += shape.columns;
    planes += shape.planes;
    const [low, high] = seenBy(step, pixels);
    first = Math.min(first, low);
    end = Math.max(end, high);
  }
  return {
    seen: { first: Math.min(first, end), end },
    steps: join(Uint8Array, parts),
    indices: join(Uint32Array, indices),
    weights: join(Float32Array, weights),
    columns,
    planes,
  };
}

function join<A extends Uint8Array | Uint32Array | Float32Array>(
  make: new (length: number) => A,
  parts: readonly A[],
): A {
  const all = new make(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part as never, at);
    at += part.length;
  }
  return all;
}

interface Wanted {
  readonly planner: Planner;
  readonly pass: FramePassMethods;
  readonly kernel: UdfKernel;
  readonly dtype: PassDtype;
  readonly numbers: number;
}

/** Throws where frames on a device are not those of a pass. */
function checkThere(
  { backend, dtype: found, length }: DeviceArray,
  { planner: owner, resource }: ArrayParts,
  { planner, pass, kernel, dtype, numbers }: Wanted,
): void {
  const what = 'framePass.run: the frames are an array';
  resource.assertAlive();
  if (owner !== planner) throw new EwaldError('Argument', `${what} of another context; make it with ctx.array()`);
  if (backend !== pass.backend)
    throw new EwaldError(
      'Argument',
      `${what} on ${backend}; this pass is on ${pass.backend}: make it with { backend: '${pass.backend}' }`,
    );
  if (!kernel.takesArrays)
    throw new EwaldError('Unsupported', `${what} on ${backend}; its passes take typed arrays: await array.read()`);
  if (found !== dtype || length < numbers)
    throw new EwaldError('Shape', `${what} of ${length} ${found}; needed are ${numbers} ${dtype}`);
}

/** Plans a pass on a context. */
export async function planFramePass(planner: Planner, options: FramePassOptions): Promise<FramePass> {
  if (typeof options !== 'object' || options === null)
    throw new EwaldError('Argument', 'framePass needs options: width, height, dtype and steps');
  knownOptions('framePass', options, ['width', 'height', 'dtype', 'steps', 'threads', 'backend']);
  const width = integer('framePass: width', options.width ?? Number.NaN, 0, 1, 65536);
  const height = integer('framePass: height', options.height ?? Number.NaN, 0, 1, 2 ** 24);
  const dtype = choice(
    'framePass: dtype',
    options.dtype ?? ('' as PassDtype),
    'u16',
    Object.keys(udfNumbers) as PassDtype[],
  );
  const threads = integer('framePass: threads', options.threads, 0, 0, 1024);
  const pixels = width * height;
  if (!Array.isArray(options.steps) || options.steps.length === 0)
    throw new EwaldError('Argument', 'framePass: steps is empty; needed is at least one, such as { kind: "sum" }');
  const packed = packSteps(options.steps, pixels, width);
  const { backend, kernel } = await planner.plan(
    udfFeature,
    {
      fields: pack(udfDescriptor, {
        width,
        height,
        dtype: udfNumbers[dtype],
        threads,
        steps: options.steps.length,
        indices: packed.indices.length,
        weights: packed.weights.length,
      }),
      ...packed,
      kinds: options.steps.map(({ kind }) => kind),
      dtype,
      width,
      height,
      pixels,
      whereItPays: options.backend === undefined && planner.named === undefined,
      bytesOfNumber: numberTypes[dtype].BYTES_PER_ELEMENT,
    },
    options.backend,
  );
  const resource = new Resource('frame pass', planner.resource, kernel);
  const sums = (count: number): FrameSums => ({
    nav: allocateFrames('f64', count * packed.columns) as Float64Array,
    sig: allocateFrames('f64', packed.planes * pixels) as Float64Array,
  });
  const pass: FramePassMethods = {
    backend: backend.name,
    bytes: kernel.bytes,
    columns: packed.columns,
    planes: packed.planes,
    async run(frames, count) {
      resource.assertAlive();
      integer('framePass.run: count', count ?? Number.NaN, 0, 0, 2 ** 31);
      const there = partsOf(frames);
      if (there) {
        checkThere(frames as DeviceArray, there, { planner, pass, kernel, dtype, numbers: count * pixels });
        const { nav, sig } = sums(count);
        return resource.enqueueWith([there.resource], async () => {
          if (count > 0) await kernel.run({ frames: there.memory, count, nav, sig });
          return { nav, sig };
        });
      }
      const own = frames as FrameArray;
      if (!(own instanceof numberTypes[dtype]) || own.length < count * pixels)
        throw new EwaldError(
          'Shape',
          `framePass.run: the frames are ${ArrayBuffer.isView(own) ? `${own.constructor.name} of ${own.length}` : typeof own}; needed is a ${numberTypes[dtype].name} of ${count * pixels}`,
        );
      const { nav, sig } = sums(count);
      const taken = asItIs(own);
      const length = lengthOf(taken);
      return resource.enqueue(async () => {
        assertIntact('framePass.run: frames', taken, length, 'before its turn');
        if (count > 0) await kernel.run({ frames: taken, count, nav, sig });
        return { nav, sig };
      });
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(pass, asyncDispose, { value: () => resource.dispose() });
  return pass as FramePass;
}
