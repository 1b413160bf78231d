/** What the kernels of the CUDA backend work with. */
import type { DeviceInfo } from '../names.js';

export interface CudaHost {
  /** Each room knows the functions that it binds. */
  readonly addon: object;
  readonly device: DeviceInfo;
  readonly context: object;
  /** Runs work of the addon: its errors become ours, and disposal of the backend waits for it. */
  track<T>(work: () => Promise<T>): Promise<T>;
  /** Counts page-locked memory of the host beside the device's. */
  holdHostBytes(bytes: number): void;
}

declare module '../feature.js' {
  interface Hosts {
    /** Of the emulated card as well. */
    readonly cuda: CudaHost;
  }
}
