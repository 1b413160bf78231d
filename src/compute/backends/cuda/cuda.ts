/** The CUDA backend: kernels of cuda/ behind a Node-API addon, one device and one stream per context. Node only. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findAddon } from '../../../util/addon-path.node.js';
import { EwaldError } from '../../../util/errors.js';
import { answersOf, type Known } from '../asked.js';
import type { Backend, BackendLoader, OpenOptions, Probe } from '../backend.js';
import { numbersInFiles } from '../cache-file.js';
import { type DeviceNumbers, Measurements } from '../device-numbers.js';
import type { Fault, Mechanism } from '../mechanisms.js';
import type { BackendName, DeviceInfo } from '../names.js';
import { addonError } from '../status.js';
import { Verdicts } from '../verdicts.js';
import { type CudaAddon, type CudaDevice, driverPresent, loadCudaAddon } from './addon.js';
import type { CudaHost } from './host.js';
import { measureCard } from './measure.js';

/** Cached for the life of the process: a second context on a tested card repeats no test. */
const known: Known = { verdicts: new Verdicts(), measurements: new Measurements(numbersInFiles) };

/** The loader for NVIDIA cards. */
export const cudaLoader: BackendLoader = {
  name: 'cuda',
  async probe(options): Promise<Probe> {
    const { path, exists, why } = findAddon('ewald_cuda', options.addonPath?.cuda);
    if (!exists) return no(why);
    if (!driverPresent()) return no('no NVIDIA driver on this machine (libcuda was not found)');
    return probeAddon('cuda', path, options, true);
  },
};

/** The loader of the emulator: the same kernels on the CPU, in a clone that has built it, for tests only. */
export const cudaEmulatedLoader: BackendLoader = {
  name: 'cuda-emulated',
  testOnly: true,
  async probe(options): Promise<Probe> {
    const path =
      options.addonPath?.['cuda-emulated'] ??
      join(dirname(fileURLToPath(import.meta.url)), '../build/cuda-emulated/ewald_cuda_emulated.node');
    if (!existsSync(path))
      return no(
        `the CUDA emulator is not built (looked for ${path}); run node scripts/build.mjs cuda-emulated in a clone`,
      );
    return probeAddon('cuda-emulated', path, options, false);
  },
};

/** Cache key of the verdicts. */
const cardOf = (name: BackendName, index: number, { name: card, driver }: DeviceInfo): string =>
  `${name} ${index}; ${card}; ${driver}`;

const no = (reason: string): Probe => ({ available: false, reason });
const versionText = (version: number): string => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

async function probeAddon(
  name: BackendName,
  path: string,
  options: OpenOptions,
  inChildFirst: boolean,
): Promise<Probe> {
  const addon = await loadCudaAddon(path, inChildFirst);
  if ('why' in addon) return no(addon.why);
  const { devices, message } = await addon.probe();
  if (devices.length === 0) return no(message || 'the driver reports no CUDA device');
  const device = chooseDevice(devices, options.device);
  if (!device) {
    return no(
      `no CUDA device matches "${options.device}"; there are ` +
        `${devices.map((d) => `${d.index} (${d.name})`).join(', ')}`,
    );
  }
  const info: DeviceInfo = {
    name: device.name,
    kind: name === 'cuda' ? 'gpu' : 'software',
    precisions: ['f32', 'f64'],
    limits: { computeCapability: Number(device.computeCapability), multiprocessors: device.multiprocessors },
    memory: device.totalBytes,
    driver: `CUDA driver ${versionText(device.driverVersion)}, runtime ${versionText(device.runtimeVersion)}`,
  };
  const opened = async () => new CudaBackend(name, addon, await openDevice(addon, device), info, device.index);
  return {
    available: true,
    reason: `CUDA on ${device.name}, compute capability ${device.computeCapability}`,
    device: info,
    open: opened,
    ...answersOf(cardOf(name, device.index, info), 'cuda', known, opened),
  };
}

function chooseDevice(devices: readonly CudaDevice[], wish: string | undefined): CudaDevice | undefined {
  if (wish === undefined) return devices[0];
  if (/^\d+$/.test(wish)) return devices.find(({ index }) => index === Number(wish));
  return devices.find(({ name }) => name.toLowerCase().includes(wish.toLowerCase()));
}

async function openDevice(addon: CudaAddon, device: CudaDevice): Promise<object> {
  try {
    return await addon.open(device.index);
  } catch (error) {
    throw addonError(error);
  }
}

class CudaBackend implements Backend {
  readonly name: BackendName;
  readonly device: DeviceInfo;
  readonly #addon: CudaAddon;
  readonly #context: object;
  readonly #running = new Set<Promise<unknown>>();
  readonly host: CudaHost;
  /** Cache key of the verdicts. */
  readonly #card: string;
  #selfTest: Promise<ReadonlyMap<string, string>> | undefined;
  #closed = false;
  #hostBytes = 0;

  constructor(name: BackendName, addon: CudaAddon, context: object, device: DeviceInfo, index: number) {
    this.name = name;
    this.#card = cardOf(name, index, device);
    this.device = device;
    this.#addon = addon;
    this.#context = context;
    this.host = {
      addon,
      context,
      device,
      track: (work) => this.#track(work),
      holdHostBytes: (bytes) => {
        this.#hostBytes += bytes;
      },
    };
  }

  faults(mechanisms: readonly Mechanism[]): Promise<Fault[]> {
    return known.verdicts.faults(this.#card, mechanisms, async (mechanism) => (await this.#tested()).get(mechanism));
  }

  numbers(): Promise<DeviceNumbers> {
    return known.measurements.of(this.#card, () => measureCard(this.host));
  }

  /** The mechanisms that fail, tested together: a kernel takes microseconds, waiting for the card takes longer. */
  #tested(): Promise<ReadonlyMap<string, string>> {
    this.#selfTest ??= this.#track(() => this.#addon.selfTest(this.#context)).then(
      (lines) => new Map(lines.split('\n').flatMap((line) => (line ? [line.split('\t', 2) as [string, string]] : []))),
    );
    return this.#selfTest;
  }

  get liveBytes(): number {
    return this.#closed ? 0 : this.#addon.liveBytes(this.#context) + this.#hostBytes;
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new EwaldError('Disposed', 'the CUDA context was closed');
    // The addon also throws synchronously, before there is a promise.
    const run = Promise.resolve()
      .then(work)
      .catch((error) => Promise.reject(addonError(error)));
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  async sync(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async dispose(): Promise<void> {
    if (this.#closed) return;
    await this.sync();
    this.#closed = true;
    this.#addon.close(this.#context);
  }
}
