/** The GPU in Node: Dawn, through the optional peer `webgpu`; a runtime with a GPU of its own, as Deno, needs none. */
import { messageOf } from '../../../util/errors.js';
import { importOptional } from '../../../util/optional.js';
import { cachedGpu } from './cached-gpu.js';
import { browserGpu, type GpuFound } from './source.js';
import { noCard, runtimeFolder, vulkanMissing } from './vulkan.js';

/** Dawn's GPU for a `device` option. */
export async function dawnGpu(device: string | undefined, named: boolean): Promise<GpuFound> {
  if (globalThis.navigator?.gpu) return browserGpu(device, named);
  let create: (flags: string[]) => GPU;
  try {
    ({ create } = (await importOptional('webgpu')) as { create: typeof create });
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'ERR_MODULE_NOT_FOUND')
      return { absent: 'WebGPU in Node needs the optional package webgpu (Dawn): npm install webgpu' };
    const line = messageOf(error).split('\n')[0];
    return { absent: `the package webgpu (Dawn) does not load on ${process.platform}-${process.arch}: ${line}` };
  }
  if (!named && noCard())
    return {
      absent:
        'this machine has no GPU (nothing in /dev/dri, no NVIDIA device); name the backend webgpu to use a ' +
        'software driver',
    };
  const missing = vulkanMissing();
  if (missing) return { absent: missing };
  runtimeFolder();
  if (device === undefined) return { gpu: cachedGpu(create, []), wish: undefined };
  const names = await adapterNames(cachedGpu(create, ['adapter=\u0001']));
  // Without the list the requested name is compared with the adapter that Dawn prefers.
  if (names.length === 0) return { gpu: cachedGpu(create, []), wish: device };
  const index = /^\d+$/.test(device)
    ? Number(device)
    : names.findIndex((name) => name.toLowerCase().includes(device.toLowerCase()));
  const name = names[index];
  if (name === undefined)
    return {
      absent: `no adapter has the name or number "${device}"; there are ${names.map((n, i) => `${i}: ${n}`).join(', ')}`,
    };
  return { gpu: cachedGpu(create, [`adapter=${name}`]), wish: undefined };
}

// Dawn lists its adapters only in the error about an adapter that does not exist.
async function adapterNames(gpu: GPU): Promise<string[]> {
  try {
    await gpu.requestAdapter();
  } catch (error) {
    return [...messageOf(error).matchAll(/\* backend: '[^']*', name: '(.*)'/g)].map((match) => match[1] ?? '');
  }
  return [];
}
