/** The interface of the CUDA addon (cuda/addon), and how it is loaded without risking the process. Node only. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadAddon } from '../../../util/addon-path.node.js';
import { messageOf } from '../../../util/errors.js';
import { coreConstants } from '../../layout/core.js';
import { cachePath, keepFile } from '../cache-file.js';

/** One card as the addon describes it; versions are in CUDA's notation (13000 is 13.0). */
export interface CudaDevice {
  readonly index: number;
  readonly name: string;
  readonly computeCapability: string;
  readonly multiprocessors: number;
  readonly totalBytes: number;
  /** Present for open devices only. */
  readonly freeBytes?: number;
  readonly driverVersion: number;
  readonly runtimeVersion: number;
}

/** What the addon finds; `message` explains an empty list of devices. */
interface CudaProbe {
  readonly devices: readonly CudaDevice[];
  readonly driverVersion: number;
  readonly runtimeVersion: number;
  readonly message: string;
}

/** The addon's functions that belong to no room; each room declares the functions it binds. */
export interface CudaAddon {
  readonly abiVersion: number;
  /** Allocates nothing on any card. */
  probe(): Promise<CudaProbe>;
  open(device: number): Promise<object>;
  close(context: object): void;
  liveBytes(context: object): number;
  info(context: object): CudaDevice;
  /** One line `MECHANISM\tREASON` for each mechanism that fails on the card. */
  selfTest(context: object): Promise<string>;
}

const driverPlaces = [
  ...['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib64'],
  ...['/usr/lib/wsl/lib', '/usr/local/nvidia/lib64', '/usr/local/cuda/compat', '/run/opengl-driver/lib'],
];

/** Whether this machine shows any sign of NVIDIA's driver; without one nothing is loaded or spawned. */
export function driverPresent(): boolean {
  if (process.platform === 'win32')
    return existsSync(join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll'));
  const places = [...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean), ...driverPlaces];
  return existsSync('/proc/driver/nvidia/version') || places.some((place) => existsSync(join(place, 'libcuda.so.1')));
}

/**
 * Loads the addon. A crashing driver would take the process with it, so the first attempt runs in a child process;
 * success is cached under the hashes of the addon and the driver.
 */
export async function loadCudaAddon(
  path: string,
  inChildFirst: boolean,
): Promise<CudaAddon | { readonly why: string }> {
  if (inChildFirst) {
    const why = await tryInChild(path);
    if (why) return { why };
  }
  let addon: CudaAddon;
  try {
    addon = loadAddon(path) as CudaAddon;
  } catch (error) {
    return { why: `the addon ${path} does not load: ${messageOf(error).split('\n')[0]}` };
  }
  if (addon.abiVersion !== coreConstants.abiVersion) {
    return {
      why:
        `the addon ${path} has ABI version ${addon.abiVersion}; expected ${coreConstants.abiVersion}; rebuild it ` +
        'with npm run build',
    };
  }
  return addon;
}

const childScript =
  'require(process.argv[1]).probe().then(({ devices }) => process.stdout.write(JSON.stringify(devices.length)))';

async function tryInChild(path: string): Promise<string | undefined> {
  const note = rememberedAt(path);
  if (note && existsSync(note)) return undefined;
  try {
    await promisify(execFile)(process.execPath, ['-e', childScript, path], { timeout: 60_000 });
  } catch (error) {
    const { signal, code } = error as { signal?: string; code?: number | string };
    return (
      `probing CUDA in a child process failed (${signal ? `it was killed by ${signal}` : `code ${code}`}): the ` +
      'driver or the addon is damaged'
    );
  }
  // If the home folder is not writable, each start costs one child process, nothing else.
  if (note) keepFile(note, '');
  return undefined;
}

function rememberedAt(path: string): string | undefined {
  try {
    const driver = existsSync('/proc/driver/nvidia/version') ? readFileSync('/proc/driver/nvidia/version') : '';
    const hash = createHash('sha256').update(readFileSync(path)).update(driver).digest('hex').slice(0, 24);
    return cachePath(`cuda-probed-${hash}`);
  } catch {
    return undefined;
  }
}
