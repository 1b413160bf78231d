/**
 * Planned Fourier transforms: 1 to 8 dimensions; complex, real, sines and cosines; any length.
 *
 * Forward has the exponent −2πi jk/N and no factor unless `scale` asks for one. Complex arrays are interleaved: re, im, re, im. It is
 * not a distributed transform: see `distributed` for that.
 */
import type { BackendName } from '../backends/backend.js';
import { EwaldError } from '../errors.js';
import { choice, knownOptions } from '../options.js';
import type { Planner } from '../planner.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../resource.js';
import { describeFft, type FftKind, type FftOptions, type FftPrecision, type FftScale, otherSide } from './parameters.js';

export type { FftKind, FftOptions, FftPrecision, FftScale, R2rKind } from './parameters.js';

/** Numbers of a transform: single or double as the plan's precision says; complex ones interleaved. */
export type FftArray = Float32Array | Float64Array;

/** What a run may be told. */
export interface FftRunOptions {
  /** Factor on the result; default `none`. */
  readonly scale?: FftScale;
  /** At least `sizeWorkspace` complex numbers of the plan's precision; needed when the plan was made with `userWorkspace`. */
  readonly workspace?: FftArray;
}

export interface FftPlanMethods extends Disposable {
  readonly backend: BackendName;
  readonly shape: readonly number[];
  readonly kind: FftKind;
  readonly precision: FftPrecision;
  /** Elements of the forward input, output and workspace: complex numbers where that side is complex, real ones where it is real. */
  readonly sizeInput: number;
  readonly sizeOutput: number;
  readonly sizeWorkspace: number;
  /** Numbers (array length) of the forward input and output: twice the elements where they are complex. */
  readonly inputLength: number;
  readonly outputLength: number;
  /** Bytes the plan holds on its backend. */
  readonly bytes: number;
  /**
   * Transforms forward: reads `input`, writes `output` and resolves with it; without `output` a new array, in place `input`.
   *
   * Neither array may be changed or transferred until the promise settles; runs of one plan are done in order. Throws `Shape`,
   * `Argument`, `Disposed`.
   */
  forward(input: FftArray, output?: FftArray, options?: FftRunOptions): Promise<FftArray>;
  /** Transforms backward: reads what forward writes, writes what forward reads. */
  backward(input: FftArray, output?: FftArray, options?: FftRunOptions): Promise<FftArray>;
}
/** A planned transform. */
export type FftPlan = FftPlanMethods & MaybeAsyncDisposable;

const scales: readonly FftScale[] = ['none', 'symmetric', 'full'];

/** Plans a transform on a context. */
export async function planFft(planner: Planner, options: FftOptions): Promise<FftPlan> {
  // Checked as it was given, so that messages name the user's own sides.
  const given = describeFft(options);
  const swapped = given.kind === 'c2r';
  const descriptor = swapped ? describeFft(otherSide(options)) : given;
  const { backend, kernel } = await planner.plan('fft', descriptor);
  const resource = new Resource('fft plan', planner.resource, () => kernel.dispose());
  const [inputLength, outputLength] = [given.inputElements * (given.inputComplex ? 2 : 1), given.outputElements * (given.outputComplex ? 2 : 1)];
  const ArrayType = descriptor.precision === 'f32' ? Float32Array : Float64Array;

  const run = async (direction: 'forward' | 'backward', input: FftArray, output: FftArray | undefined, runOptions: FftRunOptions): Promise<FftArray> => {
    resource.assertAlive();
    knownOptions(`fft.${direction}`, runOptions, ['scale', 'workspace']);
    const scale = choice(`fft.${direction}: scale`, runOptions.scale, 'none', scales);
    const [from, to] = direction === 'forward' ? [inputLength, outputLength] : [outputLength, inputLength];
    // In place both sides are one array, as long as the longer side.
    const whole = Math.max(from, to);
    check(`fft.${direction}: input`, input, descriptor.inPlace ? whole : from);
    let target: FftArray;
    if (descriptor.inPlace) {
      if (output !== undefined && output !== input)
        throw new EwaldError('Argument', `fft.${direction}: the plan is in place; leave output out, or pass the input again`);
      target = input;
    } else {
      target = output ?? new ArrayType(to);
      check(`fft.${direction}: output`, target, to);
      if (overlap(input, target))
        throw new EwaldError('Argument', `fft.${direction}: input and output overlap in memory; use two arrays, or a plan with inPlace: true`);
    }
    const { workspace } = runOptions;
    if (workspace !== undefined) {
      check(`fft.${direction}: workspace`, workspace, kernel.workspaceElements * 2);
      if (overlap(workspace, input) || overlap(workspace, target)) throw new EwaldError('Argument', `fft.${direction}: the workspace overlaps input or output`);
    } else if (descriptor.userWorkspace && kernel.workspaceElements > 0) {
      throw new EwaldError(
        'Argument',
        `fft.${direction}: the plan was made with userWorkspace; pass a workspace of ${kernel.workspaceElements} complex numbers`,
      );
    }
    return resource.enqueue(async () => {
      const bytes = input.byteLength;
      if (bytes === 0 && from > 0)
        throw new EwaldError('Shape', `fft.${direction}: the input was detached before the run began; keep it until it has resolved`);
      await kernel.execute(swapped === (direction === 'forward') ? 'backward' : 'forward', input, target, scale, workspace);
      return target;
    });
  };

  function check(what: string, array: FftArray, length: number): void {
    if (!(array instanceof ArrayType)) {
      const found = (array as object | undefined)?.constructor?.name ?? typeof array;
      throw new EwaldError('Shape', `${what} is a ${found}; a plan of precision ${descriptor.precision} needs a ${ArrayType.name}`);
    }
    if (array.length < length)
      throw new EwaldError(
        'Shape',
        `${what} has ${array.length} numbers; needed are ${length} (shape ${descriptor.shape.join(' × ')}, kind ${given.kind}, batch ${descriptor.batch})`,
      );
  }

  const plan: FftPlanMethods = {
    backend: backend.name,
    shape: descriptor.shape,
    kind: given.kind,
    precision: descriptor.precision,
    sizeInput: given.inputElements,
    sizeOutput: given.outputElements,
    sizeWorkspace: kernel.workspaceElements,
    inputLength: descriptor.inPlace ? Math.max(inputLength, outputLength) : inputLength,
    outputLength: descriptor.inPlace ? Math.max(inputLength, outputLength) : outputLength,
    bytes: kernel.bytes,
    forward: (input, output, runOptions = {}) => run('forward', input, output, runOptions),
    backward: (input, output, runOptions = {}) => run('backward', input, output, runOptions),
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  return plan as FftPlan;
}

function overlap(a: FftArray, b: FftArray): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}
