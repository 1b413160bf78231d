/**
 * Planned Fourier transforms: 1 to 8 dimensions; complex, real, sines and cosines; any length.
 *
 * Forward has the exponent −2πi jk/N and no factor unless `scale` asks for one. Complex arrays are interleaved: re, im,
 * re, im. It is not a distributed transform: see `distributed` for that.
 */
import { type DeviceArray, makeArray } from '../arrays/array.js';
import type { BackendName } from '../backends/backend.js';
import { asItIs } from '../buffers.js';
import { EwaldError } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import { checkSignal, choice, knownOptions } from '../options.js';
import type { Planner } from '../planner.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../resource.js';
import type { FftEngine, FftKind, FftOptions, FftPrecision, FftScale } from './options.js';
import { describeFft, otherSide } from './parameters.js';
import {
  assertWhole,
  type CheckedSide,
  checkNumbers,
  checkSide,
  type FftArray,
  type FftData,
  type FftDtype,
  overlap,
  type SideRules,
} from './sides.js';
import { planTuned } from './tune.js';
import type { WisdomStore } from './wisdom.js';

export type { FftEngine, FftKind, FftOptions, FftPrecision, FftScale, R2rKind } from './options.js';
export type { FftArray, FftData, FftDtype } from './sides.js';
export type { KeptAxis } from './windows.js';

/** What a run may be told. */
export interface FftRunOptions {
  /** Factor on the result; default `none`. */
  readonly scale?: FftScale;
  /**
   * At least `sizeWorkspace` complex numbers of the plan's precision; needed when the plan was made with
   * `userWorkspace`.
   */
  readonly workspace?: FftArray;
  /** Refuses the run with `Aborted` when it has fired before the run's turn comes. */
  readonly signal?: PlatformSignal;
}

export interface FftPlanMethods extends Disposable {
  readonly backend: BackendName;
  readonly shape: readonly number[];
  readonly kind: FftKind;
  readonly precision: FftPrecision;
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
  array(side?: 'input' | 'output'): Promise<DeviceArray<FftDtype>>;
  /** Transforms forward. */
  readonly forward: FftRun;
  /** Transforms backward: reads what forward writes, writes what forward reads. */
  readonly backward: FftRun;
}

/**
 * Reads `input`, writes `output` and resolves with it; without `output` a new typed array, in place `input`.
 *
 * Either side may be a device array of the plan's backend (see `FftPlan.array`): it stays there, and only a typed array
 * on the other side is moved. A device array as input needs an output. Typed arrays may not be changed or transferred
 * until the promise settles; runs of one plan, and runs that share a device array, are done in order. Throws `Shape`,
 * `Argument`, `Disposed`, `Unsupported`.
 */
export interface FftRun {
  <Out extends FftData>(input: FftData, output: Out, options?: FftRunOptions): Promise<Out>;
  <Side extends FftData>(input: Side, output?: undefined, options?: FftRunOptions): Promise<Side>;
  (input: FftArray, output?: FftArray, options?: FftRunOptions): Promise<FftArray>;
}

/** A planned transform. */
export type FftPlan = FftPlanMethods & MaybeAsyncDisposable;

const scales: readonly FftScale[] = ['none', 'symmetric', 'full'];

/** Plans a transform on a context. */
export async function planFft(planner: Planner, wisdom: WisdomStore, options: FftOptions): Promise<FftPlan> {
  // Checked as it was given, so that messages name the user's own sides.
  const given = describeFft(options);
  const swapped = given.kind === 'c2r';
  const descriptor = swapped ? otherSide(given) : given;
  const { backend, kernel, choices } = await planTuned(planner, wisdom, descriptor, options);
  if (descriptor.pruned && !kernel.prunes) {
    await kernel.dispose();
    throw new EwaldError(
      'Unsupported',
      `fft: ${descriptor.engine === 'ewald' ? backend.name : `the engine ${descriptor.engine}`} takes no inputShape or keep; pad and cut the arrays, or use another backend`,
    );
  }
  const resource = new Resource('fft plan', planner.resource, kernel);
  const [inputLength, outputLength] = [
    given.inputElements * (given.inputComplex ? 2 : 1),
    given.outputElements * (given.outputComplex ? 2 : 1),
  ];
  const ArrayType = descriptor.precision === 'f32' ? Float32Array : Float64Array;
  const rules: SideRules = {
    planner,
    backend: backend.name,
    about: `shape ${descriptor.shape.join(' × ')}, kind ${given.kind}, batch ${descriptor.batch}`,
    precision: descriptor.precision,
    inPlace: descriptor.inPlace,
    takesArrays: kernel.executeOn !== undefined,
  };

  const run = async (
    direction: 'forward' | 'backward',
    input: FftData,
    output: FftData | undefined,
    runOptions: FftRunOptions,
  ): Promise<FftData> => {
    resource.assertAlive();
    const name = `fft.${direction}`;
    knownOptions(name, runOptions, ['scale', 'workspace', 'signal']);
    checkSignal(runOptions.signal);
    const scale = choice(`${name}: scale`, runOptions.scale, 'none', scales);
    const forward = direction === 'forward';
    const [from, to] = forward ? [inputLength, outputLength] : [outputLength, inputLength];
    const [complexFrom, complexTo] = forward
      ? [given.inputComplex, given.outputComplex]
      : [given.outputComplex, given.inputComplex];
    // In place both sides are one array, as long as the longer side.
    const source = checkSide(
      `${name}: input`,
      input,
      descriptor.inPlace ? Math.max(from, to) : from,
      complexFrom,
      rules,
    );
    let wanted: FftData;
    let target: CheckedSide;
    if (descriptor.inPlace) {
      if (output !== undefined && output !== input)
        throw new EwaldError('Argument', `${name}: the plan is in place; leave output out, or pass the input again`);
      [wanted, target] = [input, source];
    } else {
      if (output === undefined && source.array)
        throw new EwaldError(
          'Argument',
          `${name}: a device array as input needs an output: an array made by the plan's array(), or a typed array to download into`,
        );
      wanted = output ?? new ArrayType(to);
      target = checkSide(`${name}: output`, wanted, to, complexTo, rules);
      if (overlap(input, wanted))
        throw new EwaldError(
          'Argument',
          `${name}: input and output overlap in memory; use two arrays, or a plan with inPlace: true`,
        );
    }
    const { signal } = runOptions;
    let { workspace } = runOptions;
    if (workspace !== undefined) {
      checkNumbers(`${name}: workspace`, workspace, kernel.workspaceElements * 2, rules);
      if (overlap(workspace, input) || overlap(workspace, wanted))
        throw new EwaldError('Argument', `${name}: the workspace overlaps input or output`);
      workspace = asItIs(workspace);
    } else if (descriptor.userWorkspace && kernel.workspaceElements > 0) {
      throw new EwaldError(
        'Argument',
        `${name}: the plan was made with userWorkspace; pass a workspace of ${kernel.workspaceElements} complex numbers`,
      );
    }
    const arrays =
      source.array || target.array
        ? [...new Set([source.array, target.array])].flatMap((array) => (array ? [array.resource] : []))
        : [];
    return resource.enqueueWith(arrays, async () => {
      checkSignal(signal);
      const before = 'before the run began';
      assertWhole(`${name}: input`, source, before);
      assertWhole(`${name}: output`, target, before);
      const sense = swapped === forward ? 'backward' : 'forward';
      try {
        if (kernel.executeOn) await kernel.executeOn(sense, source.side, target.side, scale, workspace);
        else await kernel.execute(sense, source.side as FftArray, target.side as FftArray, scale, workspace);
      } finally {
        // What failed because an array was taken away says so.
        assertWhole(`${name}: output`, target, 'while the run was on');
      }
      return wanted;
    });
  };

  const plan: FftPlanMethods = {
    backend: backend.name,
    shape: descriptor.shape,
    kind: given.kind,
    precision: descriptor.precision,
    engine: descriptor.engine,
    sizeInput: given.inputElements,
    sizeOutput: given.outputElements,
    sizeWorkspace: kernel.workspaceElements,
    inputLength: descriptor.inPlace ? Math.max(inputLength, outputLength) : inputLength,
    outputLength: descriptor.inPlace ? Math.max(inputLength, outputLength) : outputLength,
    choices,
    bytes: kernel.bytes,
    array: (side) => {
      const name = choice('fft.array: side', side, 'input', ['input', 'output']);
      const [length, complex] =
        name === 'input' ? [plan.inputLength, given.inputComplex] : [plan.outputLength, given.outputComplex];
      const dtype = descriptor.precision === 'f32' ? (complex ? 'c64' : 'f32') : complex ? 'c128' : 'f64';
      return makeArray(planner, { shape: complex ? length / 2 : length, dtype, backend: backend.name });
    },
    forward: ((input: FftData, output?: FftData, runOptions = {}) =>
      run('forward', input, output, runOptions)) as FftRun,
    backward: ((input: FftData, output?: FftData, runOptions = {}) =>
      run('backward', input, output, runOptions)) as FftRun,
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  return plan as FftPlan;
}
