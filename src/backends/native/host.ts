/** What the kernels of the native backend work with. */
import type {} from '../feature.js';

/** The addon's functions that belong to no room; what a room binds is said in its file here. */
export interface CoreAddon {
  readonly abiVersion: number;
  readonly instructionSet: string;
  readonly hardwareThreads: number;
  liveBytes(): number;
}

export interface NativeHost {
  /** Each room knows the functions that it binds. */
  readonly addon: object;
  /** Threads that the core takes at most. */
  readonly threads: number;
  /** Counts bytes of a plan; negative ones are given back. The core counts for the whole process, a context its own. */
  hold(bytes: number): void;
}

declare module '../feature.js' {
  interface Hosts {
    readonly native: NativeHost;
  }
}
