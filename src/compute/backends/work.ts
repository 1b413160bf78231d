/** What a work costs, as the planner decides where it pays (src/compute/planner/pays.ts). */
import type { BackendName } from './names.js';

/** The works whose place is decided; all others are planned on the first backend that supports them. */
export type WorkName = 'peaks' | 'indexing' | 'passes' | 'corrections' | 'disks' | 'transforms' | 'decoding';
export type CpuName = 'native' | 'wasm';

/** A run of a work: of as many images as a plan takes together. */
export interface Work {
  readonly name: WorkName;
  /** Milliseconds of one core, measured. */
  readonly coreMs: Readonly<Record<CpuName, number>>;
  /** Cores that can share it, by backend. */
  readonly shares: Readonly<Record<CpuName, number>>;
  /** MiB that go to a device and come back, if the data are on the host. */
  readonly upMiB: number;
  readonly downMiB: number;
  /** MiB that cores send to a device after their work, where the results are wanted there. */
  readonly onwardMiB?: number;
  /** Whether its data may be arrays on a device, where they need not be copied. */
  readonly takesArrays: boolean;
  /** MiB that kernels move in the device's memory, or compute for as long as that takes: an estimate. */
  readonly deviceMiB: number;
  /** Milliseconds below which the longest chain of dependent steps does not get on any device: an estimate. */
  readonly minDeviceMs: number;
  /** Backends with several runs under way, where the copies of one overlap with the kernels of another. */
  readonly overlapsOn?: readonly BackendName[];
  /** Backends to which its data go from page-locked memory, into which a run decodes them. */
  readonly lockedOn?: readonly BackendName[];
  /** Launches of the run, by backend; backends without kernels have none. */
  readonly launches: Readonly<Partial<Record<BackendName, number>>>;
}

/** What a usual run of a work would take on a backend, in milliseconds, and whether it is chosen for it. */
export interface WorkReport {
  readonly work: WorkName;
  /** The run, in words. */
  readonly run: string;
  readonly chosen: boolean;
  /** What the milliseconds consist of, or why they are unknown. */
  readonly reason: string;
  /** The sum of the others, less what overlaps; null where the backend has no kernels of it, or was not measured. */
  readonly ms: number | null;
  readonly copyMs: number | null;
  readonly launchMs: number | null;
  readonly computeMs: number | null;
}
