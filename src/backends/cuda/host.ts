/** What the rooms need of the CUDA backend. */
import type { CudaAddon } from './addon.js';

export interface CudaHost {
  readonly addon: CudaAddon;
  readonly context: object;
  /** Runs work of the addon: its errors become ours, and disposal of the backend waits for it. */
  track<T>(work: () => Promise<T>): Promise<T>;
  /** Counts page-locked memory of the host beside the device's. */
  holdHostBytes(bytes: number): void;
}
