/** Transforms that are recorded into a command encoder of the caller's. */
import type { DeviceArray } from '../compute/arrays/array.js';
import { checkedOptions, row } from '../options/call-options.js';
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import type { FftScale } from './options.js';
import { checkRun, type PlannedFft, runRows, senseOf } from './run.js';

/** A `GPUCommandEncoder`, by what it has; a project without WebGPU's types can name it as well. */
export interface GpuEncoderLike {
  finish(): unknown;
  beginComputePass(): unknown;
}

/** What `FftPlan.encode` records. */
export interface FftEncodeOptions {
  /** What the transform reads. */
  readonly input: DeviceArray;
  /** What it writes; in place the input. */
  readonly output?: DeviceArray | undefined;
  /** Default forward. */
  readonly direction?: 'forward' | 'backward' | undefined;
  /** Factor on the result; default `none`. */
  readonly scale?: FftScale | undefined;
}

const rows = {
  ...row.others('input', 'output'),
  direction: row.choice(['forward', 'backward'], 'forward'),
  scale: runRows.scale,
} as const;

/** Checks a run and records it. Throws `Shape`, `Argument`, `Disposed`, `DeviceLost`. */
export function encodePlanned(planned: PlannedFft, encoder: GpuEncoderLike, run: FftEncodeOptions): void {
  const { resource, rules, numbers, kernel } = planned;
  resource.assertAlive();
  const isEncoder = typeof (encoder as Partial<GpuEncoderLike> | undefined)?.beginComputePass === 'function';
  expects(isEncoder, 'fft.encode: encoder', encoder, 'a GPUCommandEncoder');
  const { input, output, direction, scale } = checkedOptions('fft.encode', run, rows);
  const { source, target } = checkRun(rules, numbers, direction, input, output, { scale });
  if (!source.array || !target.array)
    throw new EwaldError(
      'Argument',
      'fft.encode: input and output are device arrays; make them by ctx.array({ buffer }) or by the array() of the plan',
    );
  kernel.encode?.(encoder, senseOf(planned, direction), source.side, target.side, scale);
}
