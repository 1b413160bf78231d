/**
 * The native backend: the same C++ core compiled for the host CPU, threads included, behind a Node-API addon. Node
 * only.
 */

import { findAddon, loadAddon } from '../../../util/addon-path.node.js';
import { counted } from '../../../util/amounts.js';
import { messageOf } from '../../../util/errors.js';
import { coreConstants } from '../../layout/core.js';
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
    const { path, exists, from, why } = findAddon('ewald_native', options.addonPath?.native);
    if (!exists) return { available: false, reason: why };
    let addon: Addon;
    try {
      addon = loadAddon(path) as Addon;
    } catch (error) {
      const [line = ''] = messageOf(error).split('\n');
      const older = /GLIBC_/.test(line) ? '; it needs glibc 2.28 or newer, of RHEL 8, Debian 10 or Ubuntu 20.04' : '';
      return { available: false, reason: `the addon ${path} does not load: ${line}${older}` };
    }
    if (addon.abiVersion !== coreConstants.abiVersion) {
      return {
        available: false,
        reason:
          `the addon ${path} has ABI version ${addon.abiVersion}; expected ${coreConstants.abiVersion}; rebuild it ` +
          'with npm run build',
      };
    }
    const device: DeviceInfo = {
      name: `CPU, ${addon.instructionSet}, ${counted(addon.hardwareThreads, 'thread')}`,
      kind: 'cpu',
      precisions: ['f32', 'f64'],
      limits: { threads: addon.hardwareThreads },
      memory: machineMemory(),
      driver: `ewald_native.node, ${addon.instructionSet}`,
    };
    return {
      available: true,
      reason: `the C++ core with ${addon.instructionSet} on ${counted(addon.hardwareThreads, 'thread')}, of ${from}`,
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
