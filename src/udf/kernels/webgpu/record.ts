/** The kernels of a step: compiled, bound in each slot, and recorded for the frames of a chunk. */
import type { Commands } from '../../../compute/backends/webgpu/commands.js';
import { withConstants } from '../../../compute/backends/webgpu/constants.js';
import type { Binding, GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import { udfStepKinds } from '../../../compute/layout/udf.js';
import { type FrameLayout, frameConstants, shaders } from './shaders.js';
import { bandWordsOf, type DeviceStep, partWords, spanValues, stepShape } from './steps.js';

/** The bindings of a slot: its frames, their uniforms, and the words per frame of each step. */
interface SlotBindings {
  readonly frames: GpuBuffer;
  readonly chunk: Binding;
  readonly out: Binding | undefined;
}

/** The bindings of a step in addition to the frames. */
interface StepBindings {
  /** Marks, weights, indices. */
  readonly tables: readonly Binding[];
  /** Sums of each pixel, band by band; none for steps over frames. The least value of each frame. */
  readonly planes: readonly Binding[];
  readonly least: Binding;
}

/** Records the kernels of a step for `count` frames. */
export type Recorder = (commands: Commands, count: number) => void;

/** A buffer from an offset to its end. */
const from = (whole: GpuBuffer, offset: number): Binding => ({ buffer: whole, offset, bytes: whole.bytes - offset });

/** Workgroups along x and y for `count` of them, since a dimension is limited to 65535. */
function folded(count: number): [number, number] {
  const y = Math.ceil(count / 32768);
  return [Math.ceil(count / y), y];
}

/**
 * Number of invocations along the masks in a workgroup of a matrix product; each invocation has four masks and four
 * frames.
 */
const maskLanesOf = (masks: number): number => (masks > 16 ? 8 : masks > 8 ? 4 : masks > 4 ? 2 : 1);
const denseLanes = 64;
const each = 4;
/**
 * Pixels held at a time by a workgroup of a matrix product. With one mask lane it has 256 frames, for which 16 pixels
 * and those of the masks would need 16 640 bytes; WebGPU guarantees 16 384.
 */
const stepPixelsOf = (maskLanes: number): number => (maskLanes === 1 ? 8 : 16);

/** A recorder for each slot. */
export async function recordersOf(
  device: GpuDevice,
  step: DeviceStep,
  layout: FrameLayout,
  slots: readonly SlotBindings[],
  { tables, planes, least }: StepBindings,
): Promise<Recorder[]> {
  const { kind, count: masks } = step;
  const compile = (name: keyof typeof shaders, entry: string, more: Readonly<Record<string, number>>) =>
    device.pipeline({ source: withConstants(shaders[name], { ...frameConstants(layout), ...more }), entry });
  const ofFrames = (pipeline: GPUComputePipeline, groups: (count: number) => [number, number, number?]): Recorder[] =>
    slots.map(({ frames, chunk, out }) => {
      const bound = device.bind(pipeline, [frames, ...(kind === 'dense' ? [chunk] : []), ...tables, out as Binding]);
      return (commands, count) => commands.dispatch(pipeline, bound, ...groups(count));
    });
  const { parts } = stepShape(step, layout);
  const PART_WORDS = partWords(kind, layout);
  if (kind === 'dense') {
    const maskLanes = maskLanesOf(masks);
    const frameLanes = denseLanes / maskLanes;
    const lanes = { FRAME_LANES: frameLanes, MASK_LANES: maskLanes, STEP_PIXELS: stepPixelsOf(maskLanes) };
    const pipeline = await compile('dense', 'dense', { MASKS: masks, PART_WORDS, ...lanes });
    return ofFrames(pipeline, (count) => [
      parts,
      Math.ceil(count / (each * frameLanes)),
      Math.ceil(masks / (each * maskLanes)),
    ]);
  }
  if (kind === 'sparse')
    return ofFrames(await compile('sparse', 'sparse', { MASKS: masks }), (count) => [masks, count]);
  if (planes.length === 0) {
    const VALUES = spanValues(kind, layout.dtype === 'f32');
    return ofFrames(await compile('spans', 'spans', { STEP: udfStepKinds[kind], VALUES, PART_WORDS }), (count) => [
      parts,
      count,
    ]);
  }
  const bandWords = bandWordsOf(layout, planes.length);
  const add = await compile('planes', 'add_planes', {
    STEP: udfStepKinds[kind],
    BAND_WORDS: bandWords,
    PLANE: bandWords * layout.perWord,
  });
  const find = kind === 'logSum' ? await compile('least', 'find_least', {}) : undefined;
  return slots.map(({ frames, chunk }) => {
    const bands = planes.map((plane, b) => {
      const first = b * bandWords;
      const [x, y] = folded(Math.ceil(Math.min(bandWords, layout.frameWords - first) / 64));
      return { bound: device.bind(add, [from(frames, 4 * first), chunk, plane, least]), x, y };
    });
    const finding = find && device.bind(find, [frames, least]);
    return (commands, count) => {
      if (find && finding) commands.dispatch(find, finding, count);
      for (const { bound, x, y } of bands) commands.dispatch(add, bound, x, y);
    };
  });
}
