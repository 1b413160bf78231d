/**
 * Planned Fourier transforms: 1 to 8 dimensions; complex, real, sines and cosines; any length.
 *
 * Forward has the exponent −2πi jk/N and no factor unless `scale` asks for one. Complex arrays are interleaved: re, im,
 * re, im. It is not a distributed transform: see `distributed` for that.
 */

import { type DeviceArray, openArray } from '../compute/arrays/array.js';
import type { BackendName } from '../compute/backends/names.js';
import { fftEnums } from '../compute/layout/fft.js';
import type { Planned, Planner } from '../compute/planner/planner.js';
import { checkedValue, row } from '../options/call-options.js';
import { EwaldError } from '../util/errors.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../util/resource.js';
import type { FftDescriptor, FftKernel, FftOp } from './contract.js';
import { encodePlanned, type FftEncodeOptions, type GpuEncoderLike } from './encode.js';
import { fftEngineFeature, fftFeature } from './kernels.js';
import { RunsNow } from './now.js';
import type { FftEngine, FftKind, FftOptions, FftPrecision } from './options.js';
import { describeFft } from './parameters.js';
import { type FftRunOptions, type PlannedFft, runPlanned, type SideNumbers } from './run.js';
import type { FftArray, FftData, FftDtype, SideRules } from './sides.js';

export type { FftEncodeOptions, GpuEncoderLike } from './encode.js';
export type { FftEngine, FftKind, FftOptions, FftPrecision, FftScale, R2rKind } from './options.js';
export type { FftRunOptions } from './run.js';
export type { FftArray, FftData, FftDtype } from './sides.js';
export type { KeptAxis } from './windows.js';

export interface FftPlanMethods<P extends FftPrecision = FftPrecision> extends Disposable {
  readonly backend: BackendName;
  readonly shape: readonly number[];
  /**
   * Lengths of what forward reads and writes, slowest axis first, of one transform of the batch: `shape`, but for the
   * halved axis of r2c and c2r and the parts of `inputShape` and `keep`. In place rows of the real side are stored
   * longer.
   */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly kind: FftKind;
  readonly precision: P;
  readonly engine: FftEngine;
  /**
   * Elements of the forward input, output and workspace: complex numbers where that side is complex, real ones where it
   * is real.
   */
  readonly sizeInput: number;
  readonly sizeOutput: number;
  readonly sizeWorkspace: number;
  /** Numbers (array length) of the forward input and output: twice the elements where they are complex. */
  readonly inputLength: number;
  readonly outputLength: number;
  /** Bytes the plan holds on its backend. */
  readonly bytes: number;
  /**
   * Makes a device array for a side of the plan (`input` is what forward reads, default), zeroed, on the plan's
   * backend; its shape is one axis with everything the side touches, strides and batch included. The caller disposes
   * it; it may outlive the plan.
   */
  array(side?: 'input' | 'output'): Promise<DeviceArray<FftDtype<P>>>;
  /** Transforms forward. */
  readonly forward: FftRun<P>;
  /** Transforms backward: reads what forward writes, writes what forward reads. */
  readonly backward: FftRun<P>;
  /**
   * Records a transform into a `GPUCommandEncoder` of the caller's, between other work of the frame: nothing is
   * submitted, and no promise is made. Both sides are device arrays of this plan's context, mostly over buffers of the
   * caller's (`ctx.array({ buffer })`); in place `output` is omitted. The plan and the arrays must live until the
   * commands are submitted. Undefined without `createContext({ webgpu: { device } })`, and on other backends. Throws
   * `Shape`, `Argument`, `Disposed`, `DeviceLost`.
   */
  readonly encode: ((encoder: GpuEncoderLike, run: FftEncodeOptions) => void) | undefined;
  /**
   * The same without promises, for lines so short that a promise is what takes the time: they return when the transform
   * is done, on this thread. Undefined where the backend cannot (GPUs, external engines). Throws what the others reject
   * with, and `Argument` while a run of this plan is under way.
   *
   * `input` and `output` are arrays of the plan (in place the same one) from one to the other of which it transforms in
   * the least time: wasm does not copy them, and native does not look them up. Take them from the plan for every line:
   * in wasm an array taken earlier is detached, and refused, once the heap has grown or a plan was disposed. Elements
   * as `FftPlan.array`; zeroed at first. Throw `Disposed`, `OutOfMemory`.
   */
  readonly now:
    | {
        readonly forward: FftRunNow<P>;
        readonly backward: FftRunNow<P>;
        readonly input: FftArray<P>;
        readonly output: FftArray<P>;
      }
    | undefined;
}

/**
 * Reads `input`, writes `output` and resolves with it; without `output` a new typed array, in place `input`.
 *
 * Typed arrays and device arrays have exactly the numbers of the plan (`inputLength`, `outputLength`): what lies beyond
 * would be ignored. Only those of a plan with strides, an order or longer data may be longer.
 *
 * Either side may be a device array of the plan's backend (see `FftPlan.array`): it stays there, and only a typed array
 * on the other side is moved. A device array as input needs an output. Typed arrays may not be changed or transferred
 * until the promise settles; runs of one plan, and runs that share a device array, are done in order. Throws `Shape`,
 * `Argument`, `Disposed`, `Unsupported`.
 */
export type FftRun<P extends FftPrecision = FftPrecision> = Runs<P>['run'];

/** As `FftRun`, done when it returns; see `FftPlan.now`. */
export type FftRunNow<P extends FftPrecision = FftPrecision> = Runs<P>['runNow'];

/** Parameters of methods are compared bivariantly, so that a plan of one precision is also an `FftPlan` of either. */
interface Runs<P extends FftPrecision> {
  run<Out extends FftData<P>>(input: FftData<P>, output: Out, options?: FftRunOptions<P>): Promise<Out>;
  run<Side extends FftData<P>>(input: Side, output?: undefined, options?: FftRunOptions<P>): Promise<Side>;
  run(input: FftArray<P>, output?: FftArray<P>, options?: FftRunOptions<P>): Promise<FftArray<P>>;
  runNow<Out extends FftData<P>>(input: FftData<P>, output: Out, options?: FftRunOptions<P>): Out;
  runNow<Side extends FftData<P>>(input: Side, output?: undefined, options?: FftRunOptions<P>): Side;
}

/** A planned transform; of one precision, it takes only arrays of that precision. */
export type FftPlan<P extends FftPrecision = FftPrecision> = FftPlanMethods<P> & MaybeAsyncDisposable;

/** Plans a transform on a context. */
export async function planFft<P extends FftPrecision>(planner: Planner, options: FftOptions<P>): Promise<FftPlan<P>> {
  // Checked as it was given, so that messages name the user's own sides.
  const descriptor = describeFft(options);
  const swapped = descriptor.kind === 'c2r';
  const feature = descriptor.engine === 'ewald' ? fftFeature : fftEngineFeature;
  const made = await planner.plan(feature, swapped ? otherSide(descriptor) : descriptor);
  await refuseUnpruned(descriptor, made);
  const { kernel } = made;
  const resource = new Resource('fft plan', planner.resource, kernel);
  const rules = rulesOf(descriptor, planner, made);
  const planned = { resource, kernel, swapped, rules, numbers: numbersOf(descriptor, kernel) };
  return planOver(planned, descriptor) as FftPlan as FftPlan<P>;
}

/** The same plan seen from its other side: `c2r` forward is `r2c` backward, so kernels know only the latter. */
export function otherSide(descriptor: FftDescriptor): FftDescriptor {
  const { fields } = descriptor;
  const exchanged = Object.entries(fields).map(([name, value]) => [
    name,
    fields[name.replace(/^(in|out)(?=[A-Z])/, (side) => (side === 'in' ? 'out' : 'in'))] ?? value,
  ]);
  return {
    ...descriptor,
    kind: 'r2c',
    inputShape: descriptor.outputShape,
    outputShape: descriptor.inputShape,
    inputComplex: descriptor.outputComplex,
    outputComplex: descriptor.inputComplex,
    inputElements: descriptor.outputElements,
    outputElements: descriptor.inputElements,
    fields: { ...Object.fromEntries(exchanged), kind: fftEnums.FftKind.r2c },
  };
}

/** Disposes of a kernel that would ignore `inputShape` and `keep`, and throws `Unsupported`. */
async function refuseUnpruned({ pruned, engine }: FftDescriptor, { backend, kernel }: Planned<FftOp>): Promise<void> {
  if (!pruned || kernel.prunes) return;
  await kernel.dispose();
  throw new EwaldError(
    'Unsupported',
    `fft: ${engine === 'ewald' ? backend.name : `the engine ${engine}`} does not support ` +
      'inputShape or keep; pad and crop the arrays, or use another backend',
  );
}

const rulesOf = (descriptor: FftDescriptor, planner: Planner, { backend, kernel }: Planned<FftOp>): SideRules => ({
  planner,
  backend: backend.name,
  about: `shape ${descriptor.shape.join(' × ')}, kind ${descriptor.kind}, batch ${descriptor.batch}`,
  precision: descriptor.precision,
  exact: !descriptor.strided,
  inPlace: descriptor.inPlace,
  takesArrays: kernel.executeOn !== undefined,
});

const numbersOf = (descriptor: FftDescriptor, { workspaceElements }: FftKernel): SideNumbers => ({
  input: { length: descriptor.inputElements * (descriptor.inputComplex ? 2 : 1), complex: descriptor.inputComplex },
  output: { length: descriptor.outputElements * (descriptor.outputComplex ? 2 : 1), complex: descriptor.outputComplex },
  workspace: workspaceElements * 2,
  workspaceNeeded: descriptor.userWorkspace && workspaceElements > 0,
});

/** The plan that users receive. */
function planOver(planned: PlannedFft, descriptor: FftDescriptor): FftPlanMethods {
  const { resource, kernel, rules, numbers } = planned;
  const [input, output] = [numbers.input.length, numbers.output.length];
  const longer = Math.max(input, output);
  const plan: FftPlanMethods = {
    backend: rules.backend,
    shape: descriptor.shape,
    inputShape: Object.freeze([...descriptor.inputShape]),
    outputShape: Object.freeze([...descriptor.outputShape]),
    kind: descriptor.kind,
    precision: descriptor.precision,
    engine: descriptor.engine,
    sizeInput: descriptor.inputElements,
    sizeOutput: descriptor.outputElements,
    sizeWorkspace: kernel.workspaceElements,
    inputLength: descriptor.inPlace ? longer : input,
    outputLength: descriptor.inPlace ? longer : output,
    get bytes() {
      return kernel.bytes;
    },
    array: (side) => {
      const name = checkedValue('fft.array: side', side, row.choice(['input', 'output'], 'input'));
      const { complex } = numbers[name];
      const length = plan[`${name}Length`];
      const dtype = descriptor.precision === 'f32' ? (complex ? 'c64' : 'f32') : complex ? 'c128' : 'f64';
      return openArray(rules.planner, dtype, [complex ? length / 2 : length], rules.backend);
    },
    forward: ((input: FftData, output?: FftData, options?: FftRunOptions) =>
      runPlanned(planned, 'forward', input, output, options)) as FftRun,
    backward: ((input: FftData, output?: FftData, options?: FftRunOptions) =>
      runPlanned(planned, 'backward', input, output, options)) as FftRun,
    encode: kernel.encode && ((encoder, run) => encodePlanned(planned, encoder, run)),
    now: kernel.executeNow && nowOf(new RunsNow(planned)),
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  return plan;
}

const nowOf = (runs: RunsNow): FftPlanMethods['now'] => ({
  forward: ((input, output, options) => runs.run('forward', input, output, options)) as FftRunNow,
  backward: ((input, output, options) => runs.run('backward', input, output, options)) as FftRunNow,
  get input() {
    return runs.arrays().input;
  },
  get output() {
    return runs.arrays().output;
  },
});
