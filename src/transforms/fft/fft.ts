/**
 * Planned Fourier transforms: 1 to 8 dimensions; complex, real, sines and cosines; any length.
 *
 * Forward has the exponent −2πi jk/N and no factor unless `scale` asks for one. Complex arrays are interleaved: re, im,
 * re, im. It is not a distributed transform: see `distributed` for that.
 */

import { row, valid } from '../../base/call-options.js';
import { observer } from '../../base/callbacks.js';
import { EwaldError } from '../../base/errors.js';
import { checkSignal } from '../../base/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../../base/resource.js';
import { type DeviceArray, makeArray } from '../../core/arrays/array.js';
import type { BackendName } from '../../core/backends/names.js';
import type { Planner } from '../../core/planner/planner.js';
import type { FftNowArrays } from './contract.js';
import type { FftEngine, FftKind, FftOptions, FftPrecision } from './options.js';
import { describeFft, otherSide } from './parameters.js';
import {
  assertSides,
  assertWritten,
  checkRun,
  type Direction,
  type FftRunOptions,
  type SideNumbers,
  watched,
} from './run.js';
import type { FftArray, FftData, FftDtype, SideRules } from './sides.js';
import { planTuned } from './tune.js';
import type { WisdomStore } from './wisdom.js';

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
  /** What was chosen otherwise than by rule, in words: radices, threads, numbers of a workgroup. See `tune`. */
  readonly choices: readonly string[];
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
export async function planFft<P extends FftPrecision>(
  planner: Planner,
  wisdom: WisdomStore,
  options: FftOptions<P>,
): Promise<FftPlan<P>> {
  // Checked as it was given, so that messages name the user's own sides.
  const given = describeFft(options);
  const swapped = given.kind === 'c2r';
  const descriptor = swapped ? otherSide(given) : given;
  const watch = { ...options, onProgress: observer('fft', options, 'onProgress') };
  const { backend, kernel, choices } = await planTuned(planner, wisdom, descriptor, watch);
  if (descriptor.pruned && !kernel.prunes) {
    await kernel.dispose();
    throw new EwaldError(
      'Unsupported',
      `fft: ${descriptor.engine === 'ewald' ? backend.name : `the engine ${descriptor.engine}`} does not support ` +
        'inputShape or keep; pad and crop the arrays, or use another backend',
    );
  }
  const resource = new Resource('fft plan', planner.resource, kernel);
  const [inputLength, outputLength] = [
    given.inputElements * (given.inputComplex ? 2 : 1),
    given.outputElements * (given.outputComplex ? 2 : 1),
  ];
  const rules: SideRules = {
    planner,
    backend: backend.name,
    about: `shape ${descriptor.shape.join(' × ')}, kind ${given.kind}, batch ${descriptor.batch}`,
    precision: descriptor.precision,
    exact: !descriptor.strided,
    inPlace: descriptor.inPlace,
    takesArrays: kernel.executeOn !== undefined,
  };
  const numbers: SideNumbers = {
    input: { length: inputLength, complex: given.inputComplex },
    output: { length: outputLength, complex: given.outputComplex },
    workspace: kernel.workspaceElements * 2,
    workspaceNeeded: descriptor.userWorkspace && kernel.workspaceElements > 0,
  };

  const check = (direction: Direction, input: FftData, output: FftData | undefined, options?: FftRunOptions) =>
    checkRun(rules, numbers, direction, input, output, options);
  const run = async (
    direction: Direction,
    input: FftData,
    output: FftData | undefined,
    options: FftRunOptions | undefined,
  ): Promise<FftData> => {
    resource.assertAlive();
    const checked = check(direction, input, output, options);
    const { source, target, result, scale, workspace, told } = checked;
    const arrays =
      source.array || target.array
        ? [...new Set([source.array, target.array])].flatMap((array) => (array ? [array.resource] : []))
        : [];
    const carryOut = async (): Promise<FftData> => {
      checkSignal(options?.signal);
      assertSides(direction, checked);
      const sense = swapped === (direction === 'forward') ? 'backward' : 'forward';
      const work = (): Promise<void> =>
        kernel.executeOn
          ? kernel.executeOn(sense, source.side, target.side, scale, workspace, options?.wait)
          : kernel.execute(sense, source.side as FftArray, target.side as FftArray, scale, workspace);
      try {
        await (options?.signal || told ? watched(kernel.watch, options?.signal, told, work) : work());
      } finally {
        // Failures caused by a detached array are reported as such.
        assertWritten(direction, checked);
      }
      return result;
    };
    return resource.enqueueWith(arrays, carryOut, options?.signal);
  };
  const { executeNow, nowArrays } = kernel;
  // Of two plain arrays it is clear at a glance that they are right; everything else is checked at length.
  const NumbersOf = descriptor.precision === 'f32' ? Float32Array : Float64Array;
  const glance = !descriptor.inPlace && !numbers.workspaceNeeded;
  const { exact } = rules;
  const fits = (direction: Direction, input: FftData, output: FftData | undefined): output is FftArray => {
    const [read, written] = direction === 'forward' ? [inputLength, outputLength] : [outputLength, inputLength];
    return (
      glance &&
      input instanceof NumbersOf &&
      output instanceof NumbersOf &&
      (exact ? input.length === read && output.length === written : input.length >= read && output.length >= written) &&
      input.buffer !== output.buffer
    );
  };
  // The arrays of `now` that were handed out last, with the transforms between them.
  let made: FftNowArrays | undefined;
  let handed: FftNowArrays | undefined;
  const handOut = (): FftNowArrays => {
    resource.assertAlive();
    const arrays = nowArrays?.();
    if (!arrays) throw new EwaldError('Internal', `fft.now: ${backend.name} has no arrays`);
    if (handed === undefined || made !== arrays) {
      const { input, output, forward, backward } = arrays;
      made = arrays;
      handed = swapped ? { input: output, output: input, forward: backward, backward: forward } : arrays;
    }
    return handed;
  };
  /** Runs between the arrays of `now`; false where others are given, or these are detached. */
  const runHanded = (direction: Direction, from: FftData, to: FftData | undefined): boolean => {
    if (handed === undefined || resource.disposed || resource.busy || numbers.workspaceNeeded) return false;
    const { input, output } = handed;
    if (input.length === 0 || output.length === 0) return false;
    if (direction === 'forward') {
      if (from !== input || to !== output) return false;
      handed.forward();
    } else {
      if (from !== output || to !== input) return false;
      handed.backward();
    }
    return true;
  };
  const runNow = (
    direction: Direction,
    input: FftData,
    output: FftData | undefined,
    options: FftRunOptions | undefined,
  ): FftData => {
    if (options === undefined) {
      if (runHanded(direction, input, descriptor.inPlace ? (output ?? input) : output)) return output ?? input;
      if (fits(direction, input, output) && !resource.disposed && !resource.busy) {
        executeNow?.(
          swapped === (direction === 'forward') ? 'backward' : 'forward',
          input as FftArray,
          output,
          'none',
          undefined,
        );
        return output;
      }
    }
    resource.assertAlive();
    const { source, target, result, scale, workspace } = check(direction, input, output, options);
    for (const busy of [resource, source.array?.resource, target.array?.resource])
      if (busy?.busy)
        throw new EwaldError(
          'Argument',
          `fft.now.${direction}: an earlier run, read or write has not finished; await it first`,
        );
    const sense = swapped === (direction === 'forward') ? 'backward' : 'forward';
    executeNow?.(sense, source.side, target.side, scale, workspace);
    return result;
  };

  const plan: FftPlanMethods = {
    backend: backend.name,
    shape: descriptor.shape,
    inputShape: Object.freeze([...given.inputShape]),
    outputShape: Object.freeze([...given.outputShape]),
    kind: given.kind,
    precision: descriptor.precision,
    engine: descriptor.engine,
    sizeInput: given.inputElements,
    sizeOutput: given.outputElements,
    sizeWorkspace: kernel.workspaceElements,
    inputLength: descriptor.inPlace ? Math.max(inputLength, outputLength) : inputLength,
    outputLength: descriptor.inPlace ? Math.max(inputLength, outputLength) : outputLength,
    choices,
    get bytes() {
      return kernel.bytes;
    },
    array: (side) => {
      const name = valid('fft.array: side', side, row.choice(['input', 'output'], 'input'));
      const [length, complex] =
        name === 'input' ? [plan.inputLength, given.inputComplex] : [plan.outputLength, given.outputComplex];
      const dtype = descriptor.precision === 'f32' ? (complex ? 'c64' : 'f32') : complex ? 'c128' : 'f64';
      return makeArray(planner, { shape: complex ? length / 2 : length, dtype, backend: backend.name });
    },
    forward: ((input: FftData, output?: FftData, options?: FftRunOptions) =>
      run('forward', input, output, options)) as FftRun,
    backward: ((input: FftData, output?: FftData, options?: FftRunOptions) =>
      run('backward', input, output, options)) as FftRun,
    now: executeNow && {
      forward: ((input, output, options) => runNow('forward', input, output, options)) as FftRunNow,
      backward: ((input, output, options) => runNow('backward', input, output, options)) as FftRunNow,
      get input() {
        return handOut().input;
      },
      get output() {
        return handOut().output;
      },
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  return plan as FftPlan as FftPlan<P>;
}
