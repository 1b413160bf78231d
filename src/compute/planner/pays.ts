/**
 * Where work pays: on the cores of a machine or on one of its GPUs, by the milliseconds that each would take. A pure
 * function of numbers, so that any machine can be described and its decisions looked at.
 *
 * Costs on cores are measured (works.ts); copies, the launch and, on WebGPU, the rate of the device's memory are
 * measured on the device; the bytes that kernels move there are estimates from their sources, and so is the time of a
 * further launch. Copies and kernels are taken to overlap where a backend has several runs under way (measured with
 * peaks on an H100). What cores share loses as much as it did on 16 threads of a Xeon (benchmarks/results/gpu.md).
 */
import type { DeviceNumbers } from '../backends/device-numbers.js';
import type { BackendName } from '../backends/names.js';
import type { CpuName, Work, WorkName } from '../backends/work.js';

/** A GPU of a machine; `numbers` is undefined if it could not be measured. */
export interface Gpu {
  readonly backend: BackendName;
  readonly isSoftware: boolean;
  readonly numbers: DeviceNumbers | undefined;
}

/** A machine, as the model sees it. */
export interface Machine {
  readonly cores: number;
  /** The backends of its cores. */
  readonly cpus: readonly CpuName[];
  readonly gpus: readonly Gpu[];
  /** GPUs in whose memory there are arrays: data of works that take them are there. */
  readonly dataOn?: readonly BackendName[];
}

/** What a work would take on a backend, in milliseconds: in all, and what it consists of. */
export interface Cost {
  readonly backend: BackendName;
  readonly ms: number;
  readonly copyMs: number;
  readonly launchMs: number;
  readonly computeMs: number;
}

/** Where a work pays: all backends that can, the best one first. */
export interface Decision {
  readonly work: WorkName;
  readonly costs: readonly Cost[];
}

/** Each further launch of a run, which does not wait for the one before: an estimate. */
const furtherLaunchMs = 0.005;

/**
 * Copies of page-locked memory, beside those of the caller's arrays, which are measured: 55 and 12 GB/s on an H100. Taken
 * as a third, because slower cards have slower buses.
 */
const lockedShare = 1 / 3;

/**
 * What a number of cores is worth. Indexing 4096 images on 16 hardware threads was 7 times as fast as on one, on two
 * cores 1.9 times.
 */
const worthOf = (cores: number): number => Math.min(cores, 2) + Math.max(0, cores - 2) / 2;

function costOnCores(work: Work, backend: CpuName, cores: number, wantedOn: Gpu | undefined): Cost {
  const upMsPerMiB = (wantedOn?.numbers?.upMsPerMiB ?? 0) * (isLockedOn(work, wantedOn?.backend) ? lockedShare : 1);
  const computeMs = work.coreMs[backend] / Math.max(1, worthOf(Math.min(cores, work.shares[backend])));
  const copyMs = (work.onwardMiB ?? 0) * upMsPerMiB;
  return { backend, ms: copyMs + computeMs, copyMs, launchMs: 0, computeMs };
}

const isLockedOn = ({ lockedOn }: Work, backend: BackendName | undefined): boolean =>
  backend !== undefined && lockedOn?.includes(backend) === true;

function costOnGpu(work: Work, { backend, numbers, isSoftware }: Gpu, isThere: boolean): Cost | undefined {
  const launches = work.launches[backend];
  // A software device is correct, but is these cores by a detour: it is never better than they are.
  if (isSoftware || !numbers || launches === undefined) return undefined;
  const upMs = work.upMiB * numbers.upMsPerMiB * (isLockedOn(work, backend) ? lockedShare : 1);
  const copyMs = isThere ? 0 : upMs + work.downMiB * numbers.downMsPerMiB;
  const launchMs = numbers.launchMs + (launches - 1) * furtherLaunchMs;
  const computeMs = Math.max(work.minDeviceMs, work.deviceMiB * numbers.memoryMsPerMiB);
  const busyMs = launchMs + computeMs;
  const ms = work.overlapsOn?.includes(backend) ? Math.max(copyMs, busyMs) : copyMs + busyMs;
  return { backend, ms, copyMs, launchMs, computeMs };
}

/** Where a work pays on a machine. Equal costs keep the order: cores, then GPUs. */
export function gpuWorthwhile(work: Work, { cores, cpus, gpus, dataOn = [] }: Machine): Decision {
  // The device where results of cores are wanted: the first one that may be chosen.
  const wantedOn = gpus.find(({ isSoftware, numbers }) => !isSoftware && numbers);
  const onCores = cpus.map((cpu) => costOnCores(work, cpu, cores, wantedOn));
  const onGpus = gpus.flatMap((gpu) => costOnGpu(work, gpu, work.takesArrays && dataOn.includes(gpu.backend)) ?? []);
  return { work: work.name, costs: [...onCores, ...onGpus].sort((a, b) => a.ms - b.ms) };
}
