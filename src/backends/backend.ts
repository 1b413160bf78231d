/**
 * The contract every backend fulfils: probed, opened, disposed. Whoever adds a backend implements this and adds one line
 * to a loader table. What a backend can compute is not said here: each room says where its kernels are, see feature.ts.
 */

import type { Disposable } from '../base/resource.js';
import type { WorkerPort } from '../base/worker-port.js';
import type { EngineReport } from './engines.js';
import type { Fault, Mechanism } from './mechanisms.js';
import type { AddonPaths, BackendName, DeviceInfo, WasmSource } from './names.js';

/** A backend that is open. */
export interface Backend extends Disposable {
  readonly name: BackendName;
  readonly device: DeviceInfo;
  /** Bytes held for plans and arrays now. */
  readonly liveBytes: number;
  /** What its kernels work with: the core, the addon, the device; `Kernels` says which. */
  readonly host: unknown;
  /**
   * Which of these mechanisms fail their self-test on this device; what was not tested before in this process is tested
   * now. Absent where there is nothing to test: CPUs are held by the reference.
   */
  faults?(mechanisms: readonly Mechanism[]): Promise<readonly Fault[]>;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}

/** Where the files of the package are, and what the caller chose. */
export interface OpenOptions {
  readonly wasm: WasmSource | undefined;
  /** Starts a worker of the package. */
  readonly startWorker: () => WorkerPort;
  readonly addonPath: AddonPaths | undefined;
  readonly device: string | undefined;
  /** The caller asked for this backend by name: software devices are then welcome. */
  readonly named: boolean;
  readonly log: (level: 'error' | 'warn' | 'info' | 'debug', message: string) => void;
}

/** Whether a backend can be had here, with the reason in words either way. */
export type Probe =
  | {
      readonly available: true;
      readonly reason: string;
      readonly device: DeviceInfo;
      open(): Promise<Backend>;
      /** Opens the device, if it has not been tested in this process, and tests all mechanisms. */
      faults?(): Promise<readonly Fault[]>;
      /** External engines that it would load, where it can. */
      engines?(): EngineReport[];
    }
  | { readonly available: false; readonly reason: string };

/** One line of the loader table. */
export interface BackendLoader {
  readonly name: BackendName;
  /** Left out of automatic choice and of "all". */
  readonly testOnly?: boolean;
  probe(options: OpenOptions): Promise<Probe>;
}
