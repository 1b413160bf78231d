/**
 * Helpers of the WebGPU tests in Node: a GPU without a card, absence distinguished from failure, scripts in a separate
 * process.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { OpenOptions } from '../../src/compute/backends/backend.js';
import { dawnGpu } from '../../src/compute/backends/webgpu/node.js';
import type { GpuFound, GpuSource } from '../../src/compute/backends/webgpu/source.js';

// Chromium's SwiftShader is used if there is no card; a driver set by the user has priority.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const hasCard = ['/dev/nvidia0', '/dev/dri', '/dev/kfd'].some((path) => existsSync(path));
if (!process.env.VK_ICD_FILENAMES && !hasCard && existsSync(swiftShader)) process.env.VK_ICD_FILENAMES = swiftShader;

/** No test here uses a worker. */
export function startWorker(): never {
  throw new Error('no worker was expected');
}

export const options: OpenOptions = {
  wasm: undefined,
  startWorker,
  addonPath: undefined,
  device: undefined,
  named: true,
  log: () => {},
};

/** The reason why WebGPU is unavailable; throws instead if EWALD_REQUIRE names it. */
export async function whyAbsent(): Promise<string | undefined> {
  const found = await dawnGpu(undefined, true);
  const why = 'absent' in found ? found.absent : (await found.gpu.requestAdapter()) ? undefined : 'no adapter';
  if (why && (process.env.EWALD_REQUIRE ?? '').split(',').includes('webgpu'))
    throw new Error(`EWALD_REQUIRE names webgpu, but it is absent: ${why}`);
  return why;
}

/** Dawn with hooks: `change` may replace the adapter, `seen` collects the devices. */
export function watched(
  seen: GPUDevice[],
  change: (adapter: GPUAdapter) => GPUAdapter = (adapter) => adapter,
): GpuSource {
  return async (wish): Promise<GpuFound> => {
    const found = await dawnGpu(wish, true);
    if ('absent' in found) return found;
    const requestAdapter = async (how?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
      const adapter = await found.gpu.requestAdapter(how);
      if (!adapter) return null;
      const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> => {
        const device = await adapter.requestDevice(descriptor);
        seen.push(device);
        return device;
      };
      return change(over(adapter, { requestDevice }));
    };
    return { gpu: over(found.gpu, { requestAdapter }), wish: found.wish };
  };
}

/** An object with some members replaced; the other members stay bound to the original, as native objects require. */
export function over<T extends object>(target: T, members: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (key in members) return members[key as keyof T];
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * Runs a module in a separate Node process, with `createContext` and `devices` imported from the given package; returns
 * its output.
 */
export async function inProcess(
  body: string,
  {
    env = {},
    flags = [],
    package: entry = fileURLToPath(new URL('../../dist/index.node.js', import.meta.url)),
  }: { env?: Record<string, string>; flags?: string[]; package?: string } = {},
): Promise<{ stdout: string; stderr: string }> {
  const script = `import { createContext, devices } from ${JSON.stringify(entry)};\n${body}`;
  return promisify(execFile)(process.execPath, [...flags, '--input-type=module', '--eval', script], {
    env: { ...process.env, EWALD_BACKEND: '', EWALD_DEVICE: '', ...env },
    timeout: 110_000,
  });
}
