/** pi on WebGPU: one kernel, several dispatches a call; see wgsl/pi/count.wgsl. */
import count from '../../../wgsl/pi/count.wgsl';
import { piParams } from '../../layout/layout.js';
import { pack, sizeOf } from '../../layout/struct.js';
import type { PiKernel } from '../backend.js';
import type { GpuDevice } from './device.js';

/** Most workgroups of a dispatch: more than any GPU runs at once, few enough that their counts are read back in no time. */
const workgroups = 2048;
/**
 * Points of a workgroup before another one is added: 32 blocks for each of its 256 invocations. A barrier costs SwiftShader as much as
 * a dozen blocks an invocation; with one block each it counts four times slower.
 */
const pointsPerWorkgroup = 4 * 256 * 32;
/** Seconds of one dispatch: far below every watchdog (2 s on Windows), short enough that a display stays alive. */
const dispatchSeconds = 0.03;
const callSeconds = 0.2;
/** Points of a dispatch: the kernel counts them in 32 bits. */
const mostPoints = 2 ** 31;
const mostDispatches = 64;

interface Measured {
  readonly pointsPerDispatch: number;
  readonly dispatches: number;
}

/** How much the device does in a call; measured once a device, the answers are the same whatever it says. */
export class PiPlanner {
  readonly #device: GpuDevice;
  #measured: Promise<Measured> | undefined;

  constructor(device: GpuDevice) {
    this.#device = device;
  }

  async plan(): Promise<PiKernel> {
    this.#measured ??= this.#measure();
    this.#measured.catch(() => {
      this.#measured = undefined;
    });
    const { pointsPerDispatch, dispatches } = await this.#measured;
    return planCount(this.#device, pointsPerDispatch, dispatches);
  }

  async #measure(): Promise<Measured> {
    let points = 2 ** 16;
    const kernel = await planCount(this.#device, mostPoints, 1);
    try {
      const params = (n: number): Uint8Array =>
        pack(piParams, { seedLo: 0, seedHi: 0, stream: 0, threads: 0, firstLo: 0, firstHi: 0, pointsLo: n, pointsHi: 0 });
      // The first run compiles and wakes the device up.
      await kernel.count(params(points));
      for (;;) {
        const started = performance.now();
        await kernel.count(params(points));
        const seconds = (performance.now() - started) / 1000;
        if (seconds > dispatchSeconds / 3 || points === mostPoints) {
          const rate = points / Math.max(seconds, 1e-6);
          const pointsPerDispatch = Math.min(mostPoints, 2 ** Math.max(16, Math.round(Math.log2(rate * dispatchSeconds))));
          return { pointsPerDispatch, dispatches: Math.max(1, Math.min(mostDispatches, Math.round((rate * callSeconds) / pointsPerDispatch))) };
        }
        points = Math.min(mostPoints, points * 4);
      }
    } finally {
      await kernel.dispose();
    }
  }
}

async function planCount(device: GpuDevice, pointsPerDispatch: number, dispatches: number): Promise<PiKernel> {
  const pipeline = await device.pipeline({ source: count, entry: 'count' });
  const stride = Math.max(256, device.limits.minUniformBufferOffsetAlignment ?? 256);
  const countsBytes = workgroups * 4;
  const params = await device.buffer(dispatches * stride, 'uniform', 'pi params');
  const counts = await device.buffer(dispatches * countsBytes, 'storage', 'pi counts');
  const staging = await device.buffer(dispatches * countsBytes, 'staging', 'pi readback');
  const bindings = Array.from({ length: dispatches }, (_, slot) =>
    device.bind(pipeline, [
      { buffer: params, offset: slot * stride, bytes: sizeOf(piParams) },
      { buffer: counts, offset: slot * countsBytes, bytes: countsBytes },
    ]),
  );
  const host = new Uint8Array(dispatches * stride);

  return {
    bytes: params.bytes + counts.bytes + staging.bytes,
    pointsPerCall: pointsPerDispatch * dispatches,
    async count(packed) {
      const words = new Uint32Array(packed.slice().buffer);
      const [seedLo = 0, seedHi = 0, stream = 0, threads = 0, firstLo = 0, firstHi = 0, pointsLo = 0, pointsHi = 0] = words;
      const points = pointsHi * 2 ** 32 + pointsLo;
      let first = (BigInt(firstHi) << 32n) | BigInt(firstLo);
      const groups: number[] = [];
      for (let done = 0; done < points; ) {
        const n = Math.min(points - done, pointsPerDispatch);
        const place = { firstLo: Number(first & 0xffffffffn), firstHi: Number(first >> 32n), pointsLo: n, pointsHi: 0 };
        host.set(pack(piParams, { seedLo, seedHi, stream, threads, ...place }), groups.length * stride);
        groups.push(Math.min(workgroups, Math.ceil(n / pointsPerWorkgroup)));
        done += n;
        first += BigInt(n);
      }
      device.write(params, host.subarray(0, groups.length * stride));
      // One submission each, so that a display or another context gets its turn between them; all are in flight at once.
      const submitted = groups.map((x, slot) =>
        device.run((commands) => {
          const bindGroup = bindings[slot];
          if (bindGroup) commands.dispatch(pipeline, bindGroup, x);
          if (slot === groups.length - 1) commands.read(counts, 0, groups.length * countsBytes, staging);
        }),
      );
      const [answer] = (await Promise.all(submitted)).at(-1) ?? [];
      const read = new Uint32Array(answer ?? new ArrayBuffer(0));
      let hits = 0;
      groups.forEach((x, slot) => {
        for (let i = 0; i < x; i++) hits += read[slot * workgroups + i] ?? 0;
      });
      return BigInt(hits);
    },
    async dispose() {
      for (const buffer of [params, counts, staging]) buffer.release();
    },
  };
}
