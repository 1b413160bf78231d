/** What the kernels of the native backend work with. */
import type {} from '../feature.js';

/** The addon's functions that belong to no room; each room declares the functions it binds. */
export interface CoreAddon {
  readonly abiVersion: number;
  readonly instructionSet: string;
  readonly hardwareThreads: number;
  liveBytes(): number;
}

export interface NativeHost {
  /** Each room declares the functions that it binds. */
  readonly addon: object;
  /** Maximum number of threads the core uses. */
  readonly threads: number;
  /** Counts bytes of a plan; negative values are freed bytes. The core counts per process, a context only its own. */
  hold(bytes: number): void;
}

declare module '../feature.js' {
  interface Hosts {
    readonly native: NativeHost;
  }
}
