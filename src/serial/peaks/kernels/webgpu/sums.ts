/** Sums of rings on WebGPU, over the frame that a plan has uploaded; see wgsl/peaks/sums.wgsl. */
import source from '../../../../../wgsl/peaks/sums.wgsl';
import { boundBuffers } from '../../../../core/backends/webgpu/bound.js';
import type { GpuDevice } from '../../../../core/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../../core/backends/webgpu/pool.js';
import { peaksCapacities } from '../../../../core/layout/peaks.js';
import type { Pass } from './passes.js';

/** The pass, for plans without another one. */
export const sumPass: Pass = { source, entry: 'sum_rings', over: 'rings', stage: 0 };

/** Bytes of what the kernel writes. */
const recordBytes = 16;
const lostBytes = 4 * (1 + peaksCapacities.maxLost);

/** Sums the rings of the frame on the device. */
export interface RingSummer {
  readonly bytes: number;
  /** Fills in the numbers of `ewald_peaks_run`. */
  run(sums: Float64Array): Promise<void>;
  release(): void;
}

/** Plans it; `shared` are the run, the frame, its bad pixels, and the pixels of the rings. */
export async function openRingSums(
  device: GpuDevice,
  rings: number,
  shared: Readonly<Record<string, GpuBuffer>>,
): Promise<RingSummer> {
  const pipeline = await device.pipeline({ source, entry: sumPass.entry });
  const bytes = Math.max(1, rings) * recordBytes;
  const own = await device.buffers(
    { bytes, usage: 'storage', label: 'peaks sums' },
    { bytes: lostBytes, usage: 'storage', label: 'peaks lost pixels' },
    { bytes, usage: 'staging', label: 'peaks readback of sums' },
    { bytes: lostBytes, usage: 'staging', label: 'peaks readback of lost pixels' },
  );
  const [sums, lost, sumStaging, lostStaging] = own as [GpuBuffer, GpuBuffer, GpuBuffer, GpuBuffer];
  const bound = device.bind(pipeline, boundBuffers(source, { ...shared, sums, lost }));
  return {
    bytes: own.reduce((all, one) => all + one.bytes, 0),
    async run(into) {
      await device.run(
        (commands) => {
          commands.clear(lost, 0, 4);
          if (rings > 0) commands.dispatch(pipeline, bound, rings, 1);
          commands.read(sums, 0, bytes, sumStaging);
          commands.read(lost, 0, lostBytes, lostStaging);
        },
        ([ofRings, ofPixels]) => {
          if (!ofRings || !ofPixels) return;
          const view = new DataView(ofRings.buffer, ofRings.byteOffset, ofRings.byteLength);
          for (let ring = 0; ring < rings; ring++) {
            into[ring] = view.getFloat64(recordBytes * ring, true);
            into[rings + ring] = view.getUint32(recordBytes * ring + 8, true);
          }
          const pixels = new Uint32Array(ofPixels.buffer, ofPixels.byteOffset, 1 + peaksCapacities.maxLost);
          const listed = Math.min(pixels[0] as number, peaksCapacities.maxLost);
          for (let k = 0; k <= listed; k++) into[2 * rings + k] = pixels[k] as number;
        },
      );
    },
    release() {
      for (const buffer of own) buffer.release();
    },
  };
}
