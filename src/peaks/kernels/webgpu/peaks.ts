/**
 * Peaks on WebGPU: a frame goes up, its peaks come back, in one submission of three kernels; see wgsl/peaks.
 */
import blobs from '../../../../wgsl/peaks/blobs.wgsl';
import limitsOfRings from '../../../../wgsl/peaks/limits.wgsl';
import seeds from '../../../../wgsl/peaks/seeds.wgsl';
import { boundBuffers } from '../../../backends/webgpu/bound.js';
import type { GpuDevice } from '../../../backends/webgpu/device.js';
import type { GpuBuffer } from '../../../backends/webgpu/pool.js';
import { numbers, peak, peaksDescriptor, peaksParams, peaksRing, peaksRun } from '../../../layout/peaks.js';
import { sizeOf, wordOf } from '../../../layout/struct.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp, PeaksRun } from '../../contract.js';
import { onlyPeakfinder8 } from '../../finders.js';
import { checkBlobRoom } from '../blob-room.js';
import { panelOf, tablesOf } from './tables.js';

/** Counts before the peaks: candidates, seeds, peaks, nothing. */
const header = 16;
/** Peaks that come back with the counts; where there are more they take a second way. */
const readAtOnce = 1024;
/** Most workgroups of the kernels over candidates and over seeds: as many as a large card runs at once. */
const mostGroups = { card: { seeds: 256, blobs: 2048 }, software: { seeds: 4, blobs: 8 } } as const;

/** The peaks room of a device. */
export const peaksOp = (device: GpuDevice): PeaksOp => ({
  supports: (descriptor) => supportsPeaks(device, descriptor),
  plan: (descriptor) => planPeaks(device, descriptor),
});

// A blob is off the border, and no two of them touch.
const mostPeaks = (pixels: number): number => Math.ceil(pixels / 4);

function supportsPeaks({ limits }: GpuDevice, descriptor: PeaksDescriptor): true | { readonly why: string } {
  const known = onlyPeakfinder8(descriptor);
  if (known !== true) return known;
  const { pixels } = descriptor;
  const bytes = Math.max(4 * pixels, header + mostPeaks(pixels) * sizeOf(peak));
  const most = Math.min(limits.maxStorageBufferBindingSize ?? 0, limits.maxBufferSize ?? 0);
  if (bytes <= most) return true;
  return {
    why: `a frame of ${pixels} pixels needs a buffer of ${bytes} bytes; this device binds at most ${most}`,
  };
}

/** Plans a peak finder: tables of the detector, and all memory of a run. */
async function planPeaks(device: GpuDevice, descriptor: PeaksDescriptor): Promise<PeaksKernel> {
  const { fields, pixels, rings, bytesOfNumber, maxPeaks } = descriptor;
  const words = new Uint32Array(fields.buffer, fields.byteOffset, fields.byteLength / 4);
  const width = words[wordOf(peaksDescriptor, 'width')] ?? 0;
  const dtype = words[wordOf(peaksDescriptor, 'dtype')] ?? 0;
  const { places, first, order } = tablesOf(descriptor, width);
  const sources = [
    { source: limitsOfRings, entry: 'find_limits' },
    { source: seeds, entry: 'find_seeds' },
    { source: blobs, entry: 'measure_blobs' },
  ];
  const pipelines = await Promise.all(sources.map(({ source, entry }) => device.pipeline({ source, entry })));
  const atOnce = Math.min(maxPeaks, readAtOnce, mostPeaks(pixels));
  const storage = (label: string, bytes: number) => ({ bytes: Math.max(4, bytes), usage: 'storage', label }) as const;
  const [
    run,
    frame,
    bad,
    placesBuffer,
    firstBuffer,
    orderBuffer,
    keys,
    ringsBuffer,
    candidates,
    seedsBuffer,
    owners,
    panels,
    found,
    staging,
    ringStaging,
  ] = await device.buffers(
    { bytes: sizeOf(peaksRun), usage: 'uniform', label: 'peaks run' },
    storage('peaks frame', pixels * bytesOfNumber),
    storage('peaks bad', pixels),
    storage('peaks places', places.byteLength),
    storage('peaks first', first.byteLength),
    storage('peaks order', order.byteLength),
    storage('peaks keys', order.byteLength),
    storage('peaks rings', rings * sizeOf(peaksRing)),
    storage('peaks candidates', order.byteLength),
    storage('peaks seeds', mostPeaks(pixels) * 4),
    storage('peaks owners', pixels * 4),
    storage('peaks panels', descriptor.panels.byteLength),
    storage('peaks found', header + mostPeaks(pixels) * sizeOf(peak)),
    { bytes: header + atOnce * sizeOf(peak), usage: 'staging', label: 'peaks readback' },
    { bytes: Math.max(4, rings * sizeOf(peaksRing)), usage: 'staging', label: 'peaks readback of rings' },
  );
  const buffers: Record<string, GpuBuffer> = {
    run,
    frame,
    bad,
    places: placesBuffer,
    first: firstBuffer,
    order: orderBuffer,
    keys,
    rings: ringsBuffer,
    candidates,
    seeds: seedsBuffer,
    owners,
    panels,
    found,
  };
  const all = [...Object.values(buffers), staging, ringStaging];
  const bound = sources.map(({ source }, i) =>
    device.bind(pipelines[i] as GPUComputePipeline, boundBuffers(source, buffers)),
  );
  device.write(placesBuffer, places);
  device.write(firstBuffer, first);
  device.write(orderBuffer, order);
  device.write(panels, descriptor.panels);
  const most = device.software ? mostGroups.software : mostGroups.card;
  const groups = [rings, Math.min(most.seeds, Math.ceil(pixels / 64)), Math.min(most.blobs, mostPeaks(pixels))];

  return {
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    async run({ params, frame: numbersOfFrame, bad: marks, found: list, limits }) {
      checkBlobRoom(params);
      device.write(run, runOf(params, width, dtype, marks !== undefined));
      writeWhole(device, frame, numbersOfFrame);
      if (marks) writeWhole(device, bad, marks);
      const out = { list, places, maxPeaks };
      let count = 0;
      let missing = 0;
      await device.run(
        (commands) => {
          commands.clear(found, 0, header);
          for (const [i, x] of groups.entries())
            if (x > 0) commands.dispatch(pipelines[i] as GPUComputePipeline, bound[i] as GPUBindGroup, x);
          commands.read(found, 0, header + atOnce * sizeOf(peak), staging);
          if (limits && rings > 0) commands.read(ringsBuffer, 0, rings * sizeOf(peaksRing), ringStaging);
        },
        ([bytes, ofRings]) => {
          const peaks = new Uint32Array(bytes?.buffer ?? new ArrayBuffer(0), bytes?.byteOffset ?? 0, 4)[2] ?? 0;
          if (peaks > atOnce) missing = peaks;
          else if (bytes) count = inOrder(bytes.subarray(header, header + peaks * sizeOf(peak)), out);
          if (limits && ofRings) takeLimits(ofRings, limits);
        },
      );
      if (missing === 0) return count;
      // Which of them come first is known when all are seen.
      return inOrder(new Uint8Array(await device.read(found, header, missing * sizeOf(peak))), out);
    },
    async dispose() {
      for (const buffer of all) buffer.release();
    },
  };
}

/** Parameters as the kernels read them: the valid range as keys (wgsl/peaks/pixels.wgsl). */
function runOf(params: Uint8Array, width: number, dtype: number, marked: boolean): Uint8Array {
  const bytes = new Uint8Array(sizeOf(peaksRun));
  bytes.set(params);
  const integers = new Int32Array(bytes.buffer);
  const at = (name: string): number => wordOf(peaksParams, name);
  const key = (bits: number): number => (bits << 1 === 0 ? 0 : bits < 0 ? bits ^ 0x7fffffff : bits);
  let least = integers[at('leastInteger')] ?? 0;
  const greatest = (integers[at('greatestInteger')] ?? 0) >>> 0;
  let greatestKey = Math.min(greatest, 2 ** 31 - 1);
  if (dtype === numbers.u32) {
    least = Math.max(least, 0) ^ -(2 ** 31);
    greatestKey = greatest ^ -(2 ** 31);
  }
  if (dtype === numbers.f32) {
    least = key(integers[at('leastReal')] ?? 0);
    greatestKey = key(integers[at('greatestReal')] ?? 0);
  }
  integers[wordOf(peaksRun, 'width')] = width;
  integers[wordOf(peaksRun, 'marked')] = marked ? 1 : 0;
  integers[wordOf(peaksRun, 'dtype')] = dtype;
  integers[wordOf(peaksRun, 'leastKey')] = least;
  integers[wordOf(peaksRun, 'greatestKey')] = greatestKey;
  return bytes;
}

/** Writes bytes of any length: whole words as they lie, the rest in a word of its own. */
function writeWhole(device: GpuDevice, buffer: GpuBuffer, data: ArrayBufferView): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const whole = bytes.length - (bytes.length % 4);
  if (whole > 0) device.write(buffer, bytes.subarray(0, whole));
  if (whole === bytes.length) return;
  const last = new Uint8Array(4);
  last.set(bytes.subarray(whole));
  device.write(buffer, last, whole);
}

/** Peaks in the order of the scan, panels first; gives their count. */
function inOrder(
  records: Uint8Array,
  {
    list,
    places,
    maxPeaks,
  }: { readonly list: PeaksRun['found']; readonly places: Uint32Array; readonly maxPeaks: number },
): number {
  const size = sizeOf(peak);
  const at = wordOf(peak, 'panel');
  const words = new Uint32Array(records.slice().buffer);
  const peaks = Array.from({ length: records.length / size }, (_, i) => {
    const seed = words[(i * size) / 4 + at] ?? 0;
    return { i, seed, panel: panelOf(places[seed] ?? 0) };
  }).sort((a, b) => a.panel - b.panel || a.seed - b.seed);
  const kept = peaks.slice(0, maxPeaks);
  for (const { i, panel } of kept) words[(i * size) / 4 + at] = panel;
  const bytes = new Uint8Array(words.buffer);
  for (const [k, { i }] of kept.entries()) list.set(bytes.subarray(i * size, (i + 1) * size), k * size);
  return kept.length;
}

function takeLimits(rings: Uint8Array, limits: Float32Array): void {
  const stride = sizeOf(peaksRing);
  const out = new Uint8Array(limits.buffer, limits.byteOffset, limits.byteLength);
  for (let r = 0; r * stride < rings.length; r++) out.set(rings.subarray(r * stride, r * stride + 16), 16 * r);
}
