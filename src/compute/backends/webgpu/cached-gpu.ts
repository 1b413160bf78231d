/**
 * Workaround: Dawn's Node binding (npm `webgpu`) crashes when its GPU object is garbage-collected.
 *
 * With 0.6.2 on Linux x64 a process that creates a GPU object per opening crashes (SIGSEGV or SIGABRT, 5 of 5 runs,
 * after 400 to 600 openings) when the collector frees the object together with adapters and devices made from it. One
 * object kept for the life of the thread survived 3 x 2000 openings with steady memory, and does not keep Node alive:
 * the event loop ends while the object, a device or a mapped buffer is still held. Therefore there is one object per
 * thread and adapter choice, and it is never released. Delete this file
 * when a release of `webgpu` survives test/webgpu/webgpu.test.ts, "many openings", with `create(flags)` called for each.
 */
type CreateGpu = (flags: string[]) => GPU;

const gpuByFlags = new Map<string, GPU>();

/** The GPU object for these flags. */
export function cachedGpu(create: CreateGpu, flags: string[]): GPU {
  const key = flags.join('\n');
  const cached = gpuByFlags.get(key);
  if (cached) return cached;
  const gpu = create(flags);
  gpuByFlags.set(key, gpu);
  return gpu;
}
