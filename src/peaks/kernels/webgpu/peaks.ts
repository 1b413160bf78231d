/**
 * Peaks on WebGPU: a frame is uploaded and its peaks are read back, in one submission of a few kernels; see wgsl/peaks.
 */

import { boundBuffers } from '../../../compute/backends/webgpu/bound.js';
import { maxBytes } from '../../../compute/backends/webgpu/constants.js';
import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import { peaksDescriptor, peaksRing } from '../../../compute/layout/peaks.js';
import { structBytes, wordOf } from '../../../compute/layout/struct.js';
import { EwaldError } from '../../../util/errors.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp, PeaksRun } from '../../contract.js';
import { checkBlobRoom } from '../blob-room.js';
import { inOrder } from './order.js';
import { type GpuFrame, GpuFrames } from './packed.js';
import { bufferSizes, header, maxPeaks, type Pass, passes, recordOf } from './passes.js';
import { maxOf, runOf } from './run.js';
import { RingSummer, sumPass } from './sums.js';
import { tablesOf } from './tables.js';
import { writeWhole } from './write-whole.js';

/** Number of peaks read back together with the counts; further ones take a second readback. */
const readAtOnce = 1024;
/**
 * Largest number of workgroups of the kernels over pixels and over seeds: as many as a large GPU runs at once, and on a CPU
 * few. Mesa's software driver (llvmpipe) ends every loop of an invocation, without an error, after 65 535 rounds of all its
 * loops together: there an invocation takes at most 1024 pixels, and a workgroup the seeds of a few.
 */
const maxGroups = { card: { pixels: 256, seeds: 2048 }, software: { pixels: 4, seeds: 64 } } as const;
const maxPixelsEach = 1024;
/** Largest number of workgroups along one dimension of a dispatch. */
const maxAlong = 65535;

/** The peaks feature of a device. */
export const peaksOp = (device: GpuDevice): PeaksOp => ({
  supports: (descriptor) => supportsPeaks(device, descriptor),
  plan: (descriptor) => planPeaks(device, descriptor),
});

function supportsPeaks(device: GpuDevice, { pixels }: PeaksDescriptor): true | { readonly why: string } {
  const bytes = 4 * pixels;
  const most = maxBytes(device);
  if (bytes <= most) return true;
  return {
    why: `a frame of ${pixels} pixels needs a buffer of ${bytes} bytes; this device binds at most ${most}`,
  };
}

/** The memory of a plan: what is read back, the uniform of each stage, and the buffers that the kernels name. */
async function memoryOfPlan(
  device: GpuDevice,
  descriptor: PeaksDescriptor,
  steps: readonly Pass[],
  { atOnce, order, peaks }: { readonly atOnce: number; readonly order: number; readonly peaks: number },
) {
  const sizes = bufferSizes(descriptor, order, peaks);
  const wanted = steps.flatMap(({ source }) => [...source.matchAll(/@binding\(\d+\) var<storage[^>]*> (\w+)/g)]);
  const names = [...new Set(wanted.map(([, name = '']) => name))];
  const stages = [...new Set(steps.map(({ stage }) => stage))];
  const rings = Math.max(4, descriptor.rings * structBytes(peaksRing));
  const [staging, ringStaging, ...made] = await device.buffers(
    { bytes: header + atOnce * recordOf(descriptor.finder), usage: 'staging', label: 'peaks readback' },
    { bytes: rings, usage: 'staging', label: 'peaks readback of rings' },
    ...stages.map(() => ({ bytes: sizes.run ?? 0, usage: 'uniform', label: 'peaks run' }) as const),
    ...names.map(
      (name) => ({ bytes: Math.max(4, sizes[name] ?? 0), usage: 'storage', label: `peaks ${name}` }) as const,
    ),
  );
  const buffers: Readonly<Record<string, GpuBuffer>> = Object.fromEntries(
    names.map((name, i) => [name, made[stages.length + i] as GpuBuffer]),
  );
  return { staging, ringStaging, runs: made.slice(0, stages.length), buffers, all: [staging, ringStaging, ...made] };
}

/** The sizes of the detector, as packed in the descriptor. */
function detectorOf({ fields, finder }: PeaksDescriptor) {
  const words = new Uint32Array(fields.buffer, fields.byteOffset, fields.byteLength / 4);
  const word = (name: string): number => words[wordOf(peaksDescriptor, name)] ?? 0;
  return { width: word('width'), height: word('height'), dtype: word('dtype'), finder };
}

/** The workgroups of a pass. */
function groupsOf(
  { over }: Pass,
  { software }: GpuDevice,
  { rings, pixels, width, height }: Readonly<Record<'rings' | 'pixels' | 'width' | 'height', number>>,
): readonly [number, number] {
  const most = software ? maxGroups.software : maxGroups.card;
  const enough = Math.max(most.pixels, Math.ceil(pixels / (64 * maxPixelsEach)));
  const groups = {
    rings: [rings, 1],
    pixels: [Math.min(enough, Math.ceil(pixels / 64)), 1],
    rows: [Math.ceil(width / 64), Math.min(maxAlong, height)],
    seeds: [Math.min(most.seeds, pixels), 1],
  } as const;
  return groups[over];
}

/** Plans a peak finder: tables of the detector, and all memory of a run. */
async function planPeaks(device: GpuDevice, descriptor: PeaksDescriptor): Promise<PeaksKernel> {
  const { finder, pixels, rings, sumsOnly, bytesOfNumber } = descriptor;
  const detector = detectorOf(descriptor);
  const { width, height } = detector;
  const tables = tablesOf(descriptor, width);
  const steps = sumsOnly ? [] : passes[finder];
  const pipelines = await Promise.all(steps.map(({ source, entry }) => device.pipeline({ source, entry })));
  const record = recordOf(finder);
  const capacity = maxPeaks(pixels, finder, maxBytes(device));
  const atOnce = Math.min(readAtOnce, capacity);
  const { staging, ringStaging, runs, buffers, all } = await memoryOfPlan(
    device,
    descriptor,
    sumsOnly ? [sumPass] : steps,
    {
      atOnce,
      order: tables.order.length,
      peaks: capacity,
    },
  );
  const buffer = (name: string): GpuBuffer => buffers[name] as GpuBuffer;
  const bound = steps.map(({ source, stage }, i) =>
    device.bind(
      pipelines[i] as GPUComputePipeline,
      boundBuffers(source, { ...buffers, run: runs[stage] as GpuBuffer }),
    ),
  );
  for (const [name, data] of Object.entries({ ...tables, panels: descriptor.panels }))
    if (buffers[name]) device.write(buffers[name], data);
  const groups = steps.map((step) => groupsOf(step, device, { rings, pixels, width, height }));
  const summer = new RingSummer(device, rings, { ...buffers, run: runs[0] as GpuBuffer });
  const frames = new GpuFrames(device, { width, height, bytesOfNumber });
  /** Searches what is in the buffer of the frame. */
  const search = async ({ params, bad, limits, sums }: Omit<PeaksRun, 'frame'>): Promise<Uint8Array> => {
    if (finder !== 'zaef') checkBlobRoom(params);
    for (const [stage, one] of runs.entries()) device.write(one, runOf(params, detector, bad !== undefined, stage));
    if (buffers.most) device.write(buffers.most, maxOf(params));
    if (bad) writeWhole(device, buffer('bad'), bad);
    if (sums) await summer.run(sums);
    if (sumsOnly) return new Uint8Array(0);
    const gpuBuffer = buffer('found');
    const order = { places: tables.places, width, finder, params };
    let list: Uint8Array | undefined;
    let missing = 0;
    await device.run(
      (commands) => {
        commands.clear(gpuBuffer, 0, header);
        // No summit has been assigned a foot yet.
        if (finder === 'zaef') commands.clear(buffer('owners'));
        for (const [i, [x, y]] of groups.entries())
          if (x > 0) commands.dispatch(pipelines[i] as GPUComputePipeline, bound[i] as GPUBindGroup, x, y);
        commands.read(gpuBuffer, 0, header + atOnce * record, staging);
        if (limits && rings > 0) commands.read(buffer('rings'), 0, rings * structBytes(peaksRing), ringStaging);
      },
      ([bytes, ofRings]) => {
        const peaks = new Uint32Array(bytes?.buffer ?? new ArrayBuffer(0), bytes?.byteOffset ?? 0, 4)[2] ?? 0;
        if (peaks > atOnce) missing = peaks;
        else if (bytes) list = inOrder(bytes.subarray(header, header + peaks * record), order);
        if (limits && ofRings) takeLimits(ofRings, limits);
      },
    );
    if (missing === 0) return list ?? new Uint8Array(0);
    if (missing > capacity)
      throw new EwaldError(
        'Limit',
        `the frame has ${missing} peaks; the limit on a GPU is ${capacity}: raise the threshold, or ` +
          'find them on native or wasm',
      );
    // Which of them come first is only known once all have been read.
    return inOrder(new Uint8Array(await device.read(gpuBuffer, header, missing * record)), order);
  };
  return {
    get bytes() {
      return all.reduce((sum, { bytes }) => sum + bytes, summer.bytes + frames.bytes);
    },
    async run({ frame, ...how }) {
      writeWhole(device, buffer('frame'), frame);
      return search(how);
    },
    isSoftware: device.software,
    hold: () => frames.hold(),
    async runPacked({ chunk, into, ...how }) {
      const decode = await (into as GpuFrame).send(chunk);
      const decoded = decode(buffer('frame'));
      // The buffers of the search are free again only when both have ended.
      const [damage, found] = await Promise.allSettled([decoded, search({ ...how, bad: undefined })]);
      if (damage.status === 'rejected') throw damage.reason;
      if (found.status === 'rejected') throw found.reason;
      return found.value;
    },
    async dispose() {
      frames.release();
      for (const buffer of all) buffer.release();
      await summer.release();
    },
  };
}

function takeLimits(rings: Uint8Array, limits: Float32Array): void {
  const stride = structBytes(peaksRing);
  const out = new Uint8Array(limits.buffer, limits.byteOffset, limits.byteLength);
  for (let r = 0; r * stride < rings.length; r++) out.set(rings.subarray(r * stride, r * stride + 16), 16 * r);
}
