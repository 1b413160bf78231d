/** What a run of a transform is given, checked before any work. */

import { checkedOptions, row } from '../options/call-options.js';
import { asItIs } from '../util/buffers.js';
import { type Observer, type Progress, progressOf } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import type { Resource } from '../util/resource.js';
import type { FftKernel } from './contract.js';
import type { FftPrecision, FftScale } from './options.js';
import {
  assertWhole,
  type CheckedSide,
  checkNumbers,
  checkSide,
  type FftArray,
  type FftData,
  overlap,
  type SideRules,
} from './sides.js';

/** Options of a run. */
export interface FftRunOptions<P extends FftPrecision = FftPrecision> {
  /** Factor on the result; default `none`. */
  readonly scale?: FftScale | undefined;
  /**
   * At least `sizeWorkspace` complex numbers of the plan's precision; needed when the plan was made with
   * `userWorkspace`.
   */
  readonly workspace?: FftArray<P> | undefined;
  /**
   * Whether the run waits for its result; default true. With false, device arrays on both sides and the backend cuda
   * the promise resolves on submission, so that the card proceeds from one transform of a chain to the next without the
   * host: later requests of the context are ordered after it and report errors that occur on the card. Other backends
   * ignore it.
   */
  readonly wait?: boolean | undefined;
  /**
   * Aborts the run with `Aborted`: before it starts, and on native also while it runs, between two blocks of lines (the
   * output is then half written). On other backends a run that has started continues to its end: wasm occupies this
   * thread, a GPU has received all of the work, and an external engine cannot be interrupted. A large batch in several
   * runs can be aborted between them.
   */
  readonly signal?: PlatformSignal | undefined;
  /** Receives the completed fraction, 0 … 1: about ten times per second on native, otherwise at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export type Direction = 'forward' | 'backward';

/** Lengths (in array elements) of the sides of a plan, for the forward direction. */
export interface SideNumbers {
  readonly input: { readonly length: number; readonly complex: boolean };
  readonly output: { readonly length: number; readonly complex: boolean };
  readonly workspace: number;
  /** The plan was made with `userWorkspace`, and needs one. */
  readonly workspaceNeeded: boolean;
}

/** What the runs of a plan share. */
export interface PlannedFft {
  readonly resource: Resource;
  readonly kernel: FftKernel;
  /** A c2r plan has the kernel of r2c, whose backward is its forward. */
  readonly swapped: boolean;
  readonly rules: SideRules;
  readonly numbers: SideNumbers;
}

/** The direction of the kernel. */
export const senseOf = ({ swapped }: PlannedFft, direction: Direction): Direction =>
  swapped === (direction === 'forward') ? 'backward' : 'forward';

/** A run that fits its plan. */
export interface CheckedRun {
  readonly source: CheckedSide;
  readonly target: CheckedSide;
  /** What the run resolves with. */
  readonly result: FftData;
  readonly scale: FftScale;
  readonly workspace: FftArray | undefined;
  readonly report: Observer<[done: number]> | undefined;
}

/** The rows of a run's options. */
export const runRows = {
  scale: row.choice<FftScale, 'none'>(['none', 'symmetric', 'full'], 'none'),
  workspace: row.any,
  wait: row.on,
  signal: row.signal,
  onProgress: row.any,
} as const;
// Written once: a run of a short line has no time to put words together.
const words = {
  forward: { name: 'fft.forward', input: 'fft.forward: input', output: 'fft.forward: output' },
  backward: { name: 'fft.backward', input: 'fft.backward: input', output: 'fft.backward: output' },
};

/** Checks a run. Throws `Shape`, `Argument`, `Disposed`, `Unsupported`. */
export function checkRun(
  rules: SideRules,
  numbers: SideNumbers,
  direction: Direction,
  input: FftData,
  output: FftData | undefined,
  options: FftRunOptions | undefined,
): CheckedRun {
  const { name, input: inputWords, output: outputWords } = words[direction];
  const wanted = options && checkedOptions(name, options, runRows);
  checkSignal(wanted?.signal);
  const scale = wanted?.scale ?? 'none';
  const forward = direction === 'forward';
  const from = forward ? numbers.input : numbers.output;
  const to = forward ? numbers.output : numbers.input;
  // In place both sides are one array, as long as the longer side.
  const length = rules.inPlace ? Math.max(from.length, to.length) : from.length;
  const source = checkSide(inputWords, input, length, from.complex, rules);
  let result: FftData;
  let target: CheckedSide;
  if (rules.inPlace) {
    if (output !== undefined && output !== input)
      throw new EwaldError('Argument', `${name}: the plan is in place; omit output, or pass the input again`);
    [result, target] = [input, source];
  } else {
    if (output === undefined && source.array)
      throw new EwaldError(
        'Argument',
        `${name}: a device array as input needs an output: an array made by the plan's array(), or a typed array ` +
          'to download into',
      );
    result = output ?? new (rules.precision === 'f32' ? Float32Array : Float64Array)(to.length);
    target = checkSide(outputWords, result, to.length, to.complex, rules);
    if (overlap(input, result))
      throw new EwaldError(
        'Argument',
        `${name}: input and output overlap in memory; use two arrays, or a plan with inPlace: true`,
      );
  }
  let workspace = wanted?.workspace;
  if (workspace !== undefined) {
    checkNumbers(`${name}: workspace`, workspace, numbers.workspace, rules);
    if (overlap(workspace, input) || overlap(workspace, result))
      throw new EwaldError('Argument', `${name}: the workspace overlaps input or output`);
    workspace = asItIs(workspace);
  } else if (numbers.workspaceNeeded) {
    throw new EwaldError(
      'Argument',
      `${name}: the plan was made with userWorkspace; pass a workspace of ${numbers.workspace / 2} complex numbers`,
    );
  }
  const report = options?.onProgress === undefined ? undefined : progressOf(name, options);
  return { source, target, result, scale, workspace, report };
}

/** Checks a run and queues it: after earlier ones of the plan, and after those that use its device arrays. */
export async function runPlanned(
  planned: PlannedFft,
  direction: Direction,
  input: FftData,
  output: FftData | undefined,
  options: FftRunOptions | undefined,
): Promise<FftData> {
  const { resource, rules, numbers } = planned;
  resource.assertAlive();
  const checked = checkRun(rules, numbers, direction, input, output, options);
  const [source, target] = [checked.source.array, checked.target.array];
  const arrays =
    source || target ? [...new Set([source, target])].flatMap((array) => (array ? [array.resource] : [])) : [];
  return resource.enqueueWith(arrays, () => carryOut(planned, direction, checked, options), options?.signal);
}

async function carryOut(
  planned: PlannedFft,
  direction: Direction,
  checked: CheckedRun,
  options: FftRunOptions | undefined,
): Promise<FftData> {
  const { kernel } = planned;
  const { source, target, result, scale, workspace, report } = checked;
  checkSignal(options?.signal);
  assertSides(direction, checked);
  const sense = senseOf(planned, direction);
  const work = (): Promise<void> =>
    kernel.executeOn
      ? kernel.executeOn(sense, source.side, target.side, scale, workspace, options?.wait)
      : kernel.execute(sense, source.side as FftArray, target.side as FftArray, scale, workspace);
  try {
    await (options?.signal || report ? runWatched(kernel.watch, options?.signal, report, work) : work());
  } finally {
    // Failures caused by a detached array are reported as such.
    assertWritten(direction, checked);
  }
  return result;
}

/** Throws `Shape` where a side was taken away between the call and its turn. */
function assertSides(direction: Direction, { source, target }: CheckedRun): void {
  const when = 'before the run began';
  assertWhole(words[direction].input, source, when);
  assertWhole(words[direction].output, target, when);
}

/** Throws `Shape` where the output was taken away while it was written. */
function assertWritten(direction: Direction, { target }: CheckedRun): void {
  assertWhole(words[direction].output, target, 'during the run');
}

/** Executes a run that can be aborted and reports its progress. */
async function runWatched(
  watch: FftKernel['watch'],
  signal: FftRunOptions['signal'],
  report: Observer<[done: number]> | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const stop = (): void => watch?.stop(true);
  signal?.addEventListener('abort', stop);
  // Nothing catches what a timer throws: the run is stopped, and ends with it.
  const reportShare = (): void => {
    try {
      report?.(watch?.done() ?? 0);
    } catch {
      stop();
    }
  };
  const timer = watch && report ? setInterval(reportShare, 100) : undefined;
  try {
    await work();
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
    if (signal?.aborted || report?.failure) watch?.stop(false);
  }
  if (watch) checkSignal(signal);
  if (report?.failure) throw report.failure;
  report?.(1);
}
