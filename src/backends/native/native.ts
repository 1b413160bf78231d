/**
 * The native backend: the same C++ core compiled for the host CPU, threads included, behind a Node-API addon. Node
 * only.
 */
import { existsSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import { constants } from '../../layout/layout.js';
import { addonPath, loadAddon } from '../addon-path.js';
import type { Backend, BackendLoader, Probe } from '../backend.js';
import type { DeviceInfo } from '../names.js';
import { machineMemory } from '../system.js';
import { type EngineAddon, reportEngines } from './engines.js';
import type { CoreAddon, NativeHost } from './host.js';

type Addon = CoreAddon & EngineAddon;

/** The loader. */
export const nativeLoader: BackendLoader = {
  name: 'native',
  async probe(options): Promise<Probe> {
    const path = addonPath('ewald_native', options.addonPath?.native);
    if (!existsSync(path)) {
      return {
        available: false,
        reason:
          `no addon for ${process.platform}-${process.arch} (looked for ${path}); if a C++ compiler is installed, ` +
          'npm run build builds it',
      };
    }
    let addon: Addon;
    try {
      addon = loadAddon(path) as Addon;
    } catch (error) {
      return { available: false, reason: `the addon ${path} does not load: ${messageOf(error).split('\n')[0]}` };
    }
    if (addon.abiVersion !== constants.abiVersion) {
      return {
        available: false,
        reason:
          `the addon ${path} has ABI version ${addon.abiVersion}; expected ${constants.abiVersion}; rebuild it ` +
          'with npm run build',
      };
    }
    const device: DeviceInfo = {
      name: `CPU, ${addon.instructionSet}, ${addon.hardwareThreads} threads`,
      kind: 'cpu',
      precisions: ['f32', 'f64'],
      limits: { threads: addon.hardwareThreads },
      memory: machineMemory(),
      driver: `ewald_native.node, ${addon.instructionSet}`,
    };
    return {
      available: true,
      reason: `the C++ core with ${addon.instructionSet} on ${addon.hardwareThreads} threads`,
      device,
      open: async () => new NativeBackend(addon, device),
      engines: () => reportEngines(addon),
    };
  },
};

class NativeBackend implements Backend {
  readonly name = 'native';
  readonly device: DeviceInfo;
  readonly host: NativeHost;
  liveBytes = 0;

  constructor(addon: CoreAddon, device: DeviceInfo) {
    this.device = device;
    this.host = {
      addon,
      threads: addon.hardwareThreads,
      hold: (bytes) => {
        this.liveBytes += bytes;
      },
    };
  }

  async sync(): Promise<void> {}
  async dispose(): Promise<void> {}
}
