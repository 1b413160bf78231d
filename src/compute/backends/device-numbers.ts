/**
 * What a device costs, measured once for each device and driver: the numbers by which the planner decides where work
 * pays (src/compute/planner/pays.ts).
 */

/** Milliseconds of the things that every work on a device consists of. */
export interface DeviceNumbers {
  /** The smallest submission, until its end is known. */
  readonly launchMs: number;
  /** One MiB of an array of the caller, to the device. */
  readonly upMsPerMiB: number;
  /** One MiB, from the device to an array of the caller. */
  readonly downMsPerMiB: number;
  /** One MiB that kernels read or write in the device's memory. */
  readonly memoryMsPerMiB: number;
}

/** Where numbers outlive a process: a small file on Node. Neither method may throw. */
export interface KeptNumbers {
  read(key: string): DeviceNumbers | undefined;
  write(key: string, numbers: DeviceNumbers): void;
}

/** Whether these are numbers that a device can have. */
export function isDeviceNumbers(found: unknown): found is DeviceNumbers {
  if (typeof found !== 'object' || found === null) return false;
  const { launchMs, upMsPerMiB, downMsPerMiB, memoryMsPerMiB } = found as Record<string, unknown>;
  return [launchMs, upMsPerMiB, downMsPerMiB, memoryMsPerMiB].every((ms) => Number.isFinite(ms) && (ms as number) > 0);
}

/** The numbers of a loader's devices; a device is measured once in a process, and once in all if they are kept. */
export class Measurements {
  readonly #kept: KeptNumbers | undefined;
  readonly #known = new Map<string, Promise<DeviceNumbers>>();

  constructor(kept?: KeptNumbers) {
    this.#kept = kept;
  }

  /** The numbers of a device; `measure` runs if they are unknown. A measurement that fails is repeated next time. */
  of(key: string, measure: () => Promise<DeviceNumbers>): Promise<DeviceNumbers> {
    const known = this.known(key) ?? this.#measured(key, measure);
    this.#known.set(key, known);
    known.catch(() => this.#known.delete(key));
    return known;
  }

  /** The numbers for which nothing has to be opened. */
  known(key: string): Promise<DeviceNumbers> | undefined {
    const kept = this.#known.has(key) ? undefined : this.#kept?.read(key);
    if (kept) this.#known.set(key, Promise.resolve(kept));
    return this.#known.get(key);
  }

  async #measured(key: string, measure: () => Promise<DeviceNumbers>): Promise<DeviceNumbers> {
    const numbers = await measure();
    this.#kept?.write(key, numbers);
    return numbers;
  }
}

/** The least milliseconds of some calls after a first one, which pays for what is made only once; never 0. */
export async function minMs(calls: number, call: () => Promise<unknown>): Promise<number> {
  await call();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < calls; i++) {
    const began = performance.now();
    await call();
    least = Math.min(least, performance.now() - began);
  }
  // The clock of a page has steps of up to 0.1 ms.
  return Math.max(least, 0.001);
}

/** Bytes of a measured copy: enough that starting it does not count, and few enough for any card. */
export const measuredBytes = 16 * 2 ** 20;
/** Milliseconds of one MiB, from those of a measured copy. */
export const msPerMiB = (ms: number): number => ms / (measuredBytes / 2 ** 20);
