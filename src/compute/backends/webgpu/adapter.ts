/** Describes an adapter and checks its limits. */
import type { DeviceInfo } from '../names.js';

/** An adapter, or the same of an open device. */
export type Described = Pick<GPUAdapter, 'info' | 'features' | 'limits'>;

/** A device, described as its adapter is; not every engine tells which that was. */
export const describedBy = ({ adapterInfo, features, limits }: GPUDevice): Described => ({
  info:
    (adapterInfo as GPUAdapterInfo | undefined) ??
    ({ vendor: 'a given GPU', architecture: '', device: '', description: '' } as GPUAdapterInfo),
  features,
  limits,
});

/**
 * Limits that the kernels need. They are the defaults of the WebGPU specification, which every adapter with
 * `core-features-and-limits` has; compatibility-mode and experimental adapters may be below.
 */
const needed = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
} as const;

/** Limits that are reported, and requested up to the adapter's maximum; for alignments lower is better. */
const reported = [
  ...(Object.keys(needed) as (keyof typeof needed)[]),
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxUniformBufferBindingSize',
  'minStorageBufferOffsetAlignment',
  'minUniformBufferOffsetAlignment',
] as const;

/** Optional features that are used: times of kernels. README.md says why no kernel has half floats or subgroups. */
const welcome: readonly GPUFeatureName[] = ['timestamp-query'];

/** The limits of an adapter or device that ewald uses. */
export function limitsOf(holder: { readonly limits: GPUSupportedLimits }): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name of reported) {
    const value = holder.limits[name];
    if (typeof value === 'number') limits[name] = value;
  }
  return limits;
}

/** The optional features of an adapter that are used. */
export function featuresOf(adapter: Described): GPUFeatureName[] {
  return welcome.filter((name) => adapter.features.has(name));
}

/** Which limits are too low, and by how much; undefined if all suffice. */
export function tooSmall(adapter: Described): string | undefined {
  const low = Object.entries(needed).flatMap(([name, need]) => {
    const limit = adapter.limits[name as keyof typeof needed] ?? 0;
    return limit < need ? [`${name} is ${limit}, expected ${need}`] : [];
  });
  return low.length > 0 ? low.join('; ') : undefined;
}

/** The adapter as a `DeviceInfo`. */
export function describe(adapter: Described): DeviceInfo {
  const { vendor, architecture, device, description } = adapter.info;
  // Dawn's device names repeat the architecture and end in the converted punctuation of the driver's name.
  const named = [vendor, device.startsWith(architecture) ? '' : architecture, device.replace(/-+$/, '')].filter(
    // Deno has the numbers of vendor and device for their names.
    (word) => word !== '' && !/^\d+$/.test(word),
  );
  const words = named.length > 0 ? named : [description].filter(Boolean);
  const features = featuresOf(adapter);
  const software =
    isFallback(adapter) ||
    /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test([...words, description].join(' '));
  return {
    name: words.join(' ') || 'GPU without a name',
    kind: software ? 'software' : 'gpu',
    precisions: ['f32'],
    limits: limitsOf(adapter),
    memory: null,
    driver:
      `WebGPU${description ? `, ${description}` : ''}; ` +
      `${features.length > 0 ? features.join(', ') : 'no optional features'}`,
  };
}

// The flag moved from the adapter to its info in 2024.
function isFallback(adapter: Described): boolean {
  return (
    adapter.info.isFallbackAdapter === true ||
    (adapter as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter === true
  );
}
