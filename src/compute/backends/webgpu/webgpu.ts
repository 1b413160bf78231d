/** The WebGPU backend: kernels of wgsl/ in browsers and, through Dawn, in Node. */
import { EwaldError, messageOf } from '../../../util/errors.js';
import { answersOf, type Known } from '../asked.js';
import type { Backend, BackendLoader, OpenOptions, Probe } from '../backend.js';
import { type DeviceNumbers, type KeptNumbers, Measurements } from '../device-numbers.js';
import type { Fault, Mechanism } from '../mechanisms.js';
import type { DeviceInfo } from '../names.js';
import { Verdicts } from '../verdicts.js';
import { describe, describedBy, tooSmall } from './adapter.js';
import { GpuDevice } from './device.js';
import type { GpuSource } from './source.js';

/**
 * The loader over a source of GPUs; a probe requests an adapter and keeps nothing. `kept` is where measured numbers
 * outlive the process.
 */
export function webgpuLoader(source: GpuSource, kept?: KeptNumbers): BackendLoader {
  const known: Known = { verdicts: new Verdicts(), measurements: new Measurements(kept) };
  return {
    name: 'webgpu',
    async probe({ device: wish, gpuDevice, named, log }): Promise<Probe> {
      if (gpuDevice !== undefined) return givenDevice(gpuDevice as GPUDevice, log, known);
      const adapter = await findAdapter(source, wish, named);
      if ('absent' in adapter) return { available: false, reason: adapter.absent };
      const device = describe(adapter.adapter);
      const low = tooSmall(adapter.adapter);
      if (low) return { available: false, reason: `the adapter ${device.name} is too small: ${low}` };
      const reason =
        device.kind === 'software'
          ? 'a software adapter, computed by the CPU; used only when webgpu is named'
          : 'a hardware adapter';
      const opened = () => open(source, wish, log, known);
      return {
        available: true,
        reason,
        device,
        open: opened,
        ...answersOf(deviceKey(device), 'webgpu', known, opened),
      };
    },
  };
}

// An adapter creates one device, so each opening requests its own adapter.
async function open(
  source: GpuSource,
  wish: string | undefined,
  log: OpenOptions['log'],
  known: Known,
): Promise<WebGpuBackend> {
  const adapter = await findAdapter(source, wish, true);
  if ('absent' in adapter)
    throw new EwaldError('Load', `WebGPU became unavailable between probing and opening: ${adapter.absent}`);
  return new WebGpuBackend(await GpuDevice.open(adapter.adapter, log), describe(adapter.adapter), known);
}

/** A device of the caller's, which is checked when it is opened: what is wrong with it is an error of its own. */
function givenDevice(raw: GPUDevice, log: OpenOptions['log'], known: Known): Probe {
  const described = describedBy(raw);
  const device = describe(described);
  const opened = async (): Promise<WebGpuBackend> => {
    const low = tooSmall(described);
    if (low)
      throw new EwaldError(
        'Limit',
        `the given GPU device ${device.name} is too small: ${low}; request it with these as requiredLimits`,
      );
    return new WebGpuBackend(await GpuDevice.borrow(raw, log), device, known);
  };
  return {
    available: true,
    reason: 'a device of the caller',
    device,
    open: opened,
    ...answersOf(deviceKey(device), 'webgpu', known, opened),
  };
}

/** Cache key of the verdicts: the adapter and its driver. */
const deviceKey = ({ name, driver }: DeviceInfo): string => `${name}; ${driver}`;

async function findAdapter(
  source: GpuSource,
  wish: string | undefined,
  named: boolean,
): Promise<{ readonly adapter: GPUAdapter } | { readonly absent: string }> {
  const gpuFound = await source(wish, named);
  if ('absent' in gpuFound) return gpuFound;
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpuFound.gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return { absent: `the request for a WebGPU adapter failed: ${messageOf(error).split('\n')[0]}` };
  }
  if (!adapter) return { absent: 'there is no WebGPU adapter here (no GPU, no driver, or the browser blocks it)' };
  const { name } = describe(adapter);
  if (gpuFound.wish !== undefined && !name.toLowerCase().includes(gpuFound.wish.toLowerCase())) {
    return {
      absent: `no adapter matches "${gpuFound.wish}"; there is ${name}, and this platform cannot choose another`,
    };
  }
  return { adapter };
}

class WebGpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly device: DeviceInfo;
  readonly host: GpuDevice;
  readonly #known: Known;

  constructor(gpu: GpuDevice, device: DeviceInfo, known: Known) {
    this.host = gpu;
    this.device = device;
    this.#known = known;
  }

  faults(mechanisms: readonly Mechanism[]): Promise<Fault[]> {
    return this.#known.verdicts.faults(deviceKey(this.device), mechanisms, async (mechanism) =>
      (await import('./self-test/run.js')).testMechanism(this.host, mechanism),
    );
  }

  numbers(): Promise<DeviceNumbers> {
    return this.#known.measurements.of(deviceKey(this.device), async () =>
      (await import('./measure.js')).measureGpu(this.host),
    );
  }

  get liveBytes(): number {
    return this.host.liveBytes;
  }

  sync(): Promise<void> {
    return this.host.sync();
  }

  dispose(): Promise<void> {
    return this.host.dispose();
  }
}
