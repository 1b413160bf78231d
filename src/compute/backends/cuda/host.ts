/** What the kernels of the CUDA backend work with. */
import type { DeviceInfo } from '../names.js';

export interface CudaHost {
  /** Each room declares the functions that it binds. */
  readonly addon: object;
  readonly device: DeviceInfo;
  readonly context: object;
  /** Runs the addon's work: its errors become tagged errors, and disposing the backend waits for it. */
  track<T>(work: () => Promise<T>): Promise<T>;
  /** Counts page-locked host memory in addition to the device's. */
  holdHostBytes(bytes: number): void;
}

declare module '../feature.js' {
  interface Hosts {
    /** True for the emulated card as well. */
    readonly cuda: CudaHost;
  }
}
