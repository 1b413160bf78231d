/**
 * Passes over frames on a GPU. Frames are sent in chunks, two of them in flight: while one is processed, the next is
 * written and the previous one is read back. Sums over the frames stay on the device until the end of a run.
 */

import type { FrameArray } from '../../../bytes/dtype.js';
import { GpuArray } from '../../../compute/arrays/kernels/webgpu.js';
import { numberTypes } from '../../../compute/arrays/numbers.js';
import type { Commands } from '../../../compute/backends/webgpu/commands.js';
import { maxBytes } from '../../../compute/backends/webgpu/constants.js';
import type { Binding, GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer, Usage } from '../../../compute/backends/webgpu/pool.js';
import type { UdfDescriptor, UdfKernel, UdfOp, UdfRun } from '../../contract.js';
import { chunkOf, packAsWords } from './chunks.js';
import { addColumns, writePlanes } from './collect.js';
import { type Recorder, recordersOf } from './record.js';
import { type FrameLayout, layoutOf } from './shaders.js';
import { bandsOf, bandWordsOf, type DeviceStep, stepShape, stepsOf, tablesOf } from './steps.js';

/** Chunks in flight. */
const slotCount = 2;

/** The passes of a device. */
export const udfOp = (device: GpuDevice): UdfOp => ({
  supports: (descriptor) => refusal(device, descriptor) ?? true,
  plan: (descriptor) => planPass(device, descriptor),
});

function refusal(device: GpuDevice, descriptor: UdfDescriptor): { why: string } | undefined {
  if (descriptor.kinds.some((kind) => kind === 'denseDouble' || kind === 'sparseDouble'))
    return {
      why:
        'masks of float64, or over 32-bit integers, need float64 products, which WebGPU lacks; ' +
        'pass Float32Array masks or use another backend',
    };
  const layout = layoutFor(descriptor);
  const most = maxBytes(device);
  const needed: [string, number][] = [['a frame', 4 * layout.frameWords]];
  let words = 0;
  for (const step of stepsOf(descriptor, most)) {
    const shape = stepShape(step, layout);
    words += alignedWords(device, shape.words);
    for (const table of tablesOf(step, descriptor)) needed.push([`what ${step.kind} reads`, table.byteLength]);
    if (step.kind === 'sparse' && step.count > 65535) return { why: `${step.count} sparse masks; the limit is 65535` };
  }
  needed.push(['the result of a frame', 4 * words]);
  const large = needed.find(([, bytes]) => bytes > most);
  if (large) return { why: `${large[0]} needs ${large[1]} bytes; the limit of a buffer is ${most}` };
  return undefined;
}

/** Words of a step's results, rounded up to the alignment of bindings so that the next step's results can follow. */
function alignedWords({ limits }: GpuDevice, words: number): number {
  const align = Math.max(256, limits.minStorageBufferOffsetAlignment ?? 256) / 4;
  return Math.ceil(words / align) * align;
}

const layoutFor = ({ dtype, width, height }: UdfDescriptor): FrameLayout => layoutOf(dtype, width, height);

interface Slot {
  readonly frames: GpuBuffer;
  readonly chunk: GpuBuffer;
  readonly out: GpuBuffer | undefined;
  readonly staging: GpuBuffer | undefined;
}

async function planPass(device: GpuDevice, descriptor: UdfDescriptor): Promise<UdfKernel> {
  const layout = layoutFor(descriptor);
  const steps = stepsOf(descriptor, maxBytes(device));
  const frameBytes = 4 * layout.frameWords;
  const wordsOf = steps.map((step) => stepShape(step, layout).words);
  const most = chunkOf(
    device,
    layout,
    wordsOf.reduce((sum, words) => sum + words, 0),
  );
  let outBytes = 0;
  const places = wordsOf.map((words) => {
    const offset = outBytes;
    outBytes += 4 * alignedWords(device, words * most);
    return { offset, bytes: 4 * words * most };
  });
  const held: GpuBuffer[] = [];
  const hold = async (bytes: number, usage: Usage, label: string): Promise<GpuBuffer> => {
    const buffer = await device.buffer(bytes, usage, label);
    held.push(buffer);
    return buffer;
  };
  try {
    const slots: Slot[] = [];
    for (let i = 0; i < slotCount; i++)
      slots.push({
        frames: await hold(most * frameBytes, 'storage', 'udf frames'),
        chunk: await hold(16, 'uniform', 'udf chunk'),
        out: outBytes > 0 ? await hold(outBytes, 'storage', 'udf sums of frames') : undefined,
        staging: outBytes > 0 ? await hold(outBytes, 'staging', 'udf readback') : undefined,
      });
    const least = await hold(4 * most, 'storage', 'udf least values');
    const planes: GpuBuffer[][] = [];
    const recorders: Recorder[][] = [];
    for (const [i, step] of steps.entries()) {
      const { planeWords } = stepShape(step, layout);
      const bands = bandsOf(layout, planeWords, maxBytes(device));
      const ofStep: GpuBuffer[] = [];
      for (let b = 0; b < bands; b++)
        ofStep.push(
          await hold(4 * planeWords * bandWordsOf(layout, bands) * layout.perWord, 'storage', `udf ${step.kind}`),
        );
      planes.push(ofStep);
      const tables: Binding[] = [];
      for (const table of tablesOf(step, descriptor)) {
        const buffer = await hold(Math.max(4, table.byteLength), 'storage', `udf ${step.kind}`);
        if (table.byteLength > 0) device.write(buffer, table);
        tables.push(buffer);
      }
      const { offset, bytes } = places[i] as (typeof places)[number];
      const bound = slots.map(({ frames, chunk, out }) => ({
        frames,
        chunk,
        out: out && bytes > 0 ? { buffer: out, offset, bytes } : undefined,
      }));
      recorders.push(await recordersOf(device, step, layout, bound, { tables, planes: ofStep, least }));
    }
    const pass = { device, descriptor, layout, steps, most, places, slots, planes, recorders };
    return {
      bytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
      takesArrays: true,
      takesPieces: false,
      run: (run) => runPass(pass, run),
      async dispose() {
        for (const buffer of held) buffer.release();
      },
    };
  } catch (error) {
    for (const buffer of held) buffer.release();
    throw error;
  }
}

interface Pass {
  readonly device: GpuDevice;
  readonly descriptor: UdfDescriptor;
  readonly layout: FrameLayout;
  readonly steps: readonly DeviceStep[];
  /** Maximum number of frames in a chunk. */
  readonly most: number;
  readonly places: readonly { readonly offset: number; readonly bytes: number }[];
  readonly slots: readonly Slot[];
  /** The bands of each step. */
  readonly planes: readonly (readonly GpuBuffer[])[];
  readonly recorders: readonly (readonly Recorder[])[];
}

/**
 * Brings frames [first, first + length) into a buffer of the pass, each starting at a word: from the host, or from an
 * array on the device, where they are adjacent. Returns what copies them in the next submission, if anything does.
 */
async function place(
  { device, descriptor: { pixels, dtype, bytesOfNumber }, layout }: Pass,
  frames: UdfRun['frames'],
  [first, length]: readonly [number, number],
  to: GpuBuffer,
): Promise<((commands: Commands) => void) | undefined> {
  const frameBytes = pixels * bytesOfNumber;
  if (!(frames instanceof GpuArray)) {
    const part = (frames as FrameArray).subarray(first * pixels, (first + length) * pixels);
    device.write(to, packAsWords(part, length, layout));
    return undefined;
  }
  if (pixels % layout.perWord === 0)
    return (commands) => commands.copy(frames.buffer, to, length * frameBytes, first * frameBytes);
  // Copies on the device use whole words, and these frames do not consist of them.
  const part = new numberTypes[dtype](length * pixels);
  await frames.read(new Uint8Array(part.buffer), first * frameBytes);
  device.write(to, packAsWords(part, length, layout));
  return undefined;
}

async function runPass(pass: Pass, { frames, count, nav, sig }: UdfRun): Promise<void> {
  const { device, descriptor, steps, layout, most, places, slots, planes, recorders } = pass;
  const { columns } = descriptor;
  nav.fill(0);
  await device.run((commands) => {
    for (const plane of planes.flat()) commands.clear(plane);
  });
  const busy: (Promise<void> | undefined)[] = slots.map(() => undefined);
  try {
    for (let first = 0, number = 0; first < count; first += most, number++) {
      const at = number % slots.length;
      const slot = slots[at] as Slot;
      await busy[at];
      const chunkFrames = Math.min(most, count - first);
      const copy = await place(pass, frames, [first, chunkFrames], slot.frames);
      device.write(slot.chunk, Uint32Array.of(chunkFrames, first, number, 0));
      const done = device.run(
        (commands) => {
          copy?.(commands);
          for (const recorder of recorders) recorder[at]?.(commands, chunkFrames);
          if (slot.out) commands.read(slot.out, 0, slot.out.bytes, slot.staging);
        },
        ([bytes]) => {
          if (!bytes) return;
          const chunkSums = nav.subarray(first * columns, (first + chunkFrames) * columns);
          for (const [i, step] of steps.entries()) {
            const { offset, bytes: length } = places[i] as (typeof places)[number];
            if (length > 0)
              addColumns(
                step,
                layout,
                new Uint32Array(bytes.buffer, bytes.byteOffset + offset, length / 4),
                chunkFrames,
                chunkSums,
                columns,
              );
          }
        },
      );
      // Awaited when its slot is needed again, or at the end.
      done.catch(() => undefined);
      busy[at] = done;
    }
    await Promise.all(busy);
  } catch (error) {
    await Promise.allSettled(busy);
    throw error;
  }
  for (const [i, step] of steps.entries()) {
    const bands = planes[i] ?? [];
    for (const [band, plane] of bands.entries()) {
      const words = new Uint32Array(await device.read(plane));
      writePlanes(step, layout, { words, band, bandWords: bandWordsOf(layout, bands.length) }, sig as Float64Array);
    }
  }
}
