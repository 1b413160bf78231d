/**
 * Setup of every test file: limits a WebGPU device to the default limits of the specification, the only limits that
 * every real adapter guarantees. Software adapters offer more (SwiftShader: 32 KiB of workgroup memory, 1 GiB per
 * buffer), so a kernel that needs more than the defaults would pass here and fail on hardware.
 */
import { askOncePerMillisecond } from './patient-dawn.js';

/** The limits of the specification; lower values are better for those whose name begins with `min`. */
export const defaultLimits: Readonly<Record<string, number>> = {
  maxBindingsPerBindGroup: 1000,
  maxBufferSize: 2 ** 28,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBufferBindingSize: 65536,
  maxUniformBuffersPerShaderStage: 12,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
};

const patched = Symbol.for('ewald.test.defaultLimits');

/** Lowers the limits in `requestDevice`: devices opened from now on have the default limits. */
function lower(prototype: GPUAdapter & { [patched]?: true }): void {
  if (prototype[patched]) return;
  Object.defineProperty(prototype, patched, { value: true });
  const request = prototype.requestDevice;
  prototype.requestDevice = function (this: GPUAdapter, descriptor: GPUDeviceDescriptor = {}): Promise<GPUDevice> {
    const requiredLimits = Object.fromEntries(
      Object.entries(descriptor.requiredLimits ?? {}).map(([name, asked = 0]) => {
        const usual = defaultLimits[name];
        if (usual === undefined) return [name, asked];
        return [name, name.startsWith('min') ? Math.max(asked, usual) : Math.min(asked, usual)];
      }),
    );
    return request.call(this, { ...descriptor, requiredLimits });
  };
}

if (typeof GPUAdapter !== 'undefined') lower(GPUAdapter.prototype);
else if (typeof process !== 'undefined' && typeof process.dlopen === 'function') {
  // Dawn is patched when it is loaded, so that a test file without WebGPU does not need to load it.
  const load = process.dlopen;
  process.dlopen = (module, filename, ...rest) => {
    load(module, filename, ...rest);
    const { globals } =
      (module as { exports?: { globals?: { GPUAdapter?: { prototype: GPUAdapter } } } }).exports ?? {};
    if (!/dawn\.node$/.test(filename) || !globals?.GPUAdapter || patched in globals.GPUAdapter.prototype) return;
    lower(globals.GPUAdapter.prototype);
    askOncePerMillisecond();
  };
}
