/** Sums of rings on WebGPU, over the frame that a plan has uploaded; see wgsl/peaks/sums.wgsl. */
import source from '../../../../wgsl/peaks/sums.wgsl';
import { boundBuffers } from '../../../compute/backends/webgpu/bound.js';
import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import { peaksCapacities } from '../../../compute/layout/peaks.js';
import type { Pass } from './passes.js';

/** The pass, for plans without another one. */
export const sumPass: Pass = { source, entry: 'sum_rings', over: 'rings', stage: 0 };

/** Bytes of what the kernel writes. */
const recordBytes = 16;
const lostBytes = 4 * (1 + peaksCapacities.maxLost);

/** What a plan shares with its sums: the run, the frame, its bad pixels, and the pixels of the rings. */
type Shared = Readonly<Record<string, GpuBuffer>>;

/** Sums the rings of the frame on the device. Most plans are never asked for that, and have no memory for it. */
export class RingSummer {
  readonly #device: GpuDevice;
  readonly #rings: number;
  readonly #shared: Shared;
  #opened: ReturnType<typeof openSums> | undefined;
  bytes = 0;

  constructor(device: GpuDevice, rings: number, shared: Shared) {
    this.#device = device;
    this.#rings = rings;
    this.#shared = shared;
  }

  /** Fills in the numbers of `ewald_peaks_run`. */
  async run(into: Float64Array): Promise<void> {
    const rings = this.#rings;
    this.#opened ??= openSums(this.#device, rings, this.#shared);
    const { pipeline, bound, own } = await this.#opened;
    this.bytes = own.reduce((all, gpuBuffer) => all + gpuBuffer.bytes, 0);
    const [sums, lost, sumStaging, lostStaging] = own;
    await this.#device.run(
      (commands) => {
        commands.clear(lost, 0, 4);
        if (rings > 0) commands.dispatch(pipeline, bound, rings, 1);
        commands.read(sums, 0, sums.bytes, sumStaging);
        commands.read(lost, 0, lostBytes, lostStaging);
      },
      ([ofRings, ofPixels]) => {
        if (ofRings && ofPixels) takeSums(ofRings, ofPixels, rings, into);
      },
    );
  }

  async release(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    for (const buffer of opened?.own ?? []) buffer.release();
  }
}

async function openSums(device: GpuDevice, rings: number, shared: Shared) {
  const pipeline = await device.pipeline({ source, entry: sumPass.entry });
  const bytes = Math.max(1, rings) * recordBytes;
  const own = await device.buffers(
    { bytes, usage: 'storage', label: 'peaks sums' },
    { bytes: lostBytes, usage: 'storage', label: 'peaks lost pixels' },
    { bytes, usage: 'staging', label: 'peaks readback of sums' },
    { bytes: lostBytes, usage: 'staging', label: 'peaks readback of lost pixels' },
  );
  const [sums, lost] = own;
  return { pipeline, own, bound: device.bind(pipeline, boundBuffers(source, { ...shared, sums, lost })) };
}

function takeSums(ofRings: Uint8Array, ofPixels: Uint8Array, rings: number, into: Float64Array): void {
  const view = new DataView(ofRings.buffer, ofRings.byteOffset, ofRings.byteLength);
  for (let ring = 0; ring < rings; ring++) {
    into[ring] = view.getFloat64(recordBytes * ring, true);
    into[rings + ring] = view.getUint32(recordBytes * ring + 8, true);
  }
  const pixels = new Uint32Array(ofPixels.buffer, ofPixels.byteOffset, 1 + peaksCapacities.maxLost);
  const listed = Math.min(pixels[0] as number, peaksCapacities.maxLost);
  for (let k = 0; k <= listed; k++) into[2 * rings + k] = pixels[k] as number;
}
