import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';

/** Writes bytes of any length: whole words directly, the rest in a padded word. */
export function writeWhole(device: GpuDevice, buffer: GpuBuffer, data: ArrayBufferView): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const whole = bytes.length - (bytes.length % 4);
  if (whole > 0) device.write(buffer, bytes.subarray(0, whole));
  if (whole === bytes.length) return;
  const last = new Uint8Array(4);
  last.set(bytes.subarray(whole));
  device.write(buffer, last, whole);
}
