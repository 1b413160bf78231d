/** pi on WebGPU: one kernel, a few dispatches per call; see wgsl/pi/count.wgsl. */
import shader from '../../wgsl/pi/count.wgsl';
import type { GpuDevice } from '../compute/backends/webgpu/device.js';
import { piParams } from '../compute/layout/pi.js';
import { pack, read, structBytes } from '../compute/layout/struct.js';
import { EwaldError } from '../util/errors.js';
import type { PiKernel, PiOp } from './contract.js';

/** Dispatches per call, all in flight at once, so that the device never waits for the host. */
const dispatchesPerCall = 8;
/**
 * Duration of a call in seconds: a dispatch stays far below every watchdog (2 s on Windows), displays stay responsive,
 * and progress and signals are served.
 */
const callSeconds = 0.2;
/** Points per dispatch: the initial value, and the maximum that the kernel counts in 32 bits. */
const minPoints = 2 ** 16;
const maxPoints = 2 ** 31;
/**
 * Maximum workgroups per dispatch: more than any GPU runs at once, few enough that their counts are read back quickly.
 */
const maxWorkgroups = 2048;
/**
 * Points per workgroup before another one is added: 32 blocks for each of its 256 invocations. A barrier costs
 * SwiftShader as much as a dozen blocks per invocation; with one block each it counts four times slower.
 */
const pointsPerWorkgroup = 4 * 256 * 32;

/** How much work the device gets per call: adapted after each call. It changes the speed, never the answer. */
class DispatchSize {
  pointsPerDispatch = minPoints;

  /**
   * Approaches `callSeconds`, by a factor of at most eight: the first calls also compile kernels and wake the device.
   */
  learn(points: number, seconds: number): void {
    const target = (points / dispatchesPerCall) * (callSeconds / Math.max(seconds, 1e-4));
    const limited = Math.max(this.pointsPerDispatch / 8, Math.min(this.pointsPerDispatch * 8, target));
    // Powers of two keep the ranges at whole blocks.
    this.pointsPerDispatch = Math.max(minPoints, Math.min(maxPoints, 2 ** Math.round(Math.log2(limited))));
  }
}

/** The pi kernels of a device; its plans share the adapted speed. */
export function piOp(device: GpuDevice): PiOp {
  const size = new DispatchSize();
  return { supports: () => true, plan: () => planOnWebGpu(device, size) };
}

async function planOnWebGpu(device: GpuDevice, size: DispatchSize): Promise<PiKernel> {
  const pipeline = await device.pipeline({ source: shader, entry: 'count' });
  const stride = Math.max(256, device.limits.minUniformBufferOffsetAlignment ?? 256);
  const countsBytes = maxWorkgroups * 4;
  const [params, counts, staging] = await device.buffers(
    { bytes: dispatchesPerCall * stride, usage: 'uniform', label: 'pi params' },
    { bytes: dispatchesPerCall * countsBytes, usage: 'storage', label: 'pi counts' },
    { bytes: dispatchesPerCall * countsBytes, usage: 'staging', label: 'pi readback' },
  );
  const bindGroups = Array.from({ length: dispatchesPerCall }, (_, slot) =>
    device.bind(pipeline, [
      { buffer: params, offset: slot * stride, bytes: structBytes(piParams) },
      { buffer: counts, offset: slot * countsBytes, bytes: countsBytes },
    ]),
  );
  // One for all calls, which run one after another.
  const host = new Uint8Array(dispatchesPerCall * stride);

  /** Splits a call into dispatches and packs their parameters into `host`; returns the workgroups of each. */
  function packDispatches(packed: Uint8Array, points: number, pointsPerDispatch: number): number[] {
    const groups: number[] = [];
    const given = Object.fromEntries(piParams.fields.map(({ name }) => [name, read(piParams, packed, name)]));
    let first = (BigInt(read(piParams, packed, 'firstHi')) << 32n) | BigInt(read(piParams, packed, 'firstLo'));
    for (let done = 0; done < points; ) {
      const n = Math.min(points - done, pointsPerDispatch);
      const range = { firstLo: Number(first & 0xffffffffn), firstHi: Number(first >> 32n), pointsLo: n, pointsHi: 0 };
      host.set(pack(piParams, { ...given, ...range }), groups.length * stride);
      groups.push(Math.min(maxWorkgroups, Math.ceil(n / pointsPerWorkgroup)));
      done += n;
      first += BigInt(n);
    }
    return groups;
  }

  return {
    bytes: params.bytes + counts.bytes + staging.bytes,
    get pointsPerCall() {
      return size.pointsPerDispatch * dispatchesPerCall;
    },
    async count(packed) {
      const points = read(piParams, packed, 'pointsHi') * 2 ** 32 + read(piParams, packed, 'pointsLo');
      if (points === 0) return 0n;
      // Another plan may have lowered it since this call was sized. The kernel takes ranges that are no whole blocks.
      const pointsPerDispatch = Math.max(size.pointsPerDispatch, Math.ceil(points / dispatchesPerCall));
      const groups = packDispatches(packed, points, pointsPerDispatch);
      const started = performance.now();
      device.write(params, host.subarray(0, groups.length * stride));
      // One submission each, so that a display or another context can run in between.
      const submitted = groups.map((groupCount, slot) =>
        device.run((commands) => {
          commands.dispatch(pipeline, bindGroups[slot] as GPUBindGroup, groupCount);
          if (slot === groups.length - 1) commands.read(counts, 0, groups.length * countsBytes, staging);
        }),
      );
      const [answer] = (await Promise.all(submitted)).at(-1) ?? [];
      if (!answer) throw new EwaldError('Internal', 'the device returned no counts');
      if (groups.length === dispatchesPerCall) size.learn(points, (performance.now() - started) / 1000);
      const groupHits = new Uint32Array(answer);
      let hits = 0n;
      groups.forEach((groupCount, slot) => {
        for (const count of groupHits.subarray(slot * maxWorkgroups, slot * maxWorkgroups + groupCount))
          hits += BigInt(count);
      });
      return hits;
    },
    async dispose() {
      for (const buffer of [params, counts, staging]) buffer.release();
    },
  };
}
