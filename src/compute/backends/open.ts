/** Probes and ranks the backends, and explains why each one is or is not used. */
import { EwaldError, messageOf } from '../../util/errors.js';
import { inspect, nearest } from '../../util/options.js';
import type { Backend, BackendLoader, OpenOptions, Probe } from './backend.js';
import type { DeviceNumbers } from './device-numbers.js';
import type { EngineReport } from './engines.js';
import { type Fault, roomsThatUse } from './mechanisms.js';
import { type BackendName, backendNames, type DeviceInfo, wingOf } from './names.js';
import type { Platform } from './platform.js';
import type { WorkReport } from './work.js';

/** One row of `ewald devices`. */
export interface DeviceReport {
  readonly backend: BackendName;
  readonly available: boolean;
  /** A context created now with the same options would use it first. */
  readonly chosen: boolean;
  readonly name: string | null;
  /** Why it is or is not available, in one sentence. */
  readonly reason: string;
  readonly limits: Readonly<Record<string, number>>;
  /** Bytes; null if unknown. */
  readonly memory: number | null;
  readonly device: DeviceInfo | null;
  /** External FFT engines that this backend can or cannot load, with the reason; empty for all but native. */
  readonly engines: readonly EngineReport[];
  /**
   * Mechanisms that the device gets wrong; the rooms that rely on them are planned on the next backend. Null if
   * untested; see `selfTest`.
   */
  readonly faults: readonly DeviceFault[] | null;
  /** What copies, a launch and memory cost on a GPU, measured; null on cores, on software devices and if untested. */
  readonly numbers: DeviceNumbers | null;
  /** Usual works, where they are done and what they would take; null if untested. */
  readonly works: readonly WorkReport[] | null;
}

/** A mechanism that fails its self-test on a device. */
interface DeviceFault extends Fault {
  /** The rooms that are refused there because of it. */
  readonly rooms: readonly string[];
}

/** Validates a backend name from outside. */
export function parseBackend(name: string, from: string): BackendName {
  const known = backendNames.find((candidate) => candidate === name);
  if (known) return known;
  const visible = backendNames.filter((candidate) => candidate !== 'cuda-emulated');
  const near = typeof name === 'string' ? nearest(name, visible) : undefined;
  throw new EwaldError(
    'Argument',
    `${from} names the backend ${inspect(name)}; expected one of ` +
      `${visible.join(', ')}${near ? ` (did you mean "${near}"?)` : ''}`,
  );
}

/** A probed backend with its rank. */
interface Ranked {
  readonly name: BackendName;
  readonly probe: Probe;
  /** Taken without being named. */
  readonly automatic: boolean;
}

/** Probes every backend of the platform, or only the backends in `only`. */
export async function probeAll(
  platform: Platform,
  options: Omit<OpenOptions, 'named'>,
  named: BackendName | undefined,
  only?: readonly BackendName[],
): Promise<Ranked[]> {
  const ranked: Ranked[] = [];
  for (const loader of platform.loaders) {
    if (only && !only.includes(loader.name)) continue;
    if (loader.testOnly && loader.name !== named && !only) continue;
    const isNamed = loader.name === named;
    const probe = await probed(loader, { ...options, named: isNamed });
    // A software GPU is correct but slow: it is used only when named.
    const automatic = probe.available && !loader.testOnly && (isNamed || probe.device.kind !== 'software');
    ranked.push({ name: loader.name, probe, automatic });
  }
  return ranked;
}

/** The result of a loader's probe; a loader that throws (Deno without its permissions) counts as absent. */
async function probed(loader: BackendLoader, options: OpenOptions): Promise<Probe> {
  try {
    return await loader.probe(options);
  } catch (error) {
    return { available: false, reason: `probing failed: ${messageOf(error)}` };
  }
}

/** The backends that a context will hold, best first; throws when the named one is absent. */
export function rank(ranked: readonly Ranked[], named: BackendName | undefined, strict: boolean): Ranked[] {
  const present = ranked.filter(({ probe, automatic, name }) => probe.available && (automatic || name === named));
  if (!named) {
    if (present.length === 0)
      throw new EwaldError(
        'Load',
        `no backend is available: ${ranked.map(({ name, probe }) => `${name}: ${probe.reason}`).join('; ')}`,
      );
    return present;
  }
  const first = present.find(({ name }) => name === named);
  if (!first) {
    const reason = ranked.find(({ name }) => name === named)?.probe.reason ?? 'this platform does not have it';
    const others = present.map(({ name }) => name).join(', ');
    // With `strict` the others were not probed.
    const instead = others ? `; available here: ${others}` : strict ? '' : '; no other one is available here';
    throw new EwaldError('Unsupported', `the backend ${named} is not available: ${reason}${instead}`, {
      detail: { backend: named },
    });
  }
  return strict ? [first] : [first, ...present.filter((candidate) => candidate !== first)];
}

/**
 * Opens backends in order; a backend that fails despite a successful probe is reported and skipped, unless it was
 * named.
 */
export async function openRanked(
  ranked: readonly Ranked[],
  named: BackendName | undefined,
  log: OpenOptions['log'],
): Promise<Backend[]> {
  const open: Backend[] = [];
  try {
    for (const { name, probe } of ranked) {
      if (!probe.available) continue;
      try {
        open.push(await probe.open());
      } catch (error) {
        if (name === named || ranked.length === 1) throw error;
        log(
          'warn',
          `the backend ${name} was found but did not open and is skipped: ` +
            `${error instanceof Error ? error.message : error}`,
        );
      }
    }
  } catch (error) {
    for (const backend of open) await backend.dispose();
    throw error;
  }
  if (open.length === 0) throw new EwaldError('Load', 'no backend could be opened; run ewald devices for the reasons');
  return open;
}

/** The report behind `ewald devices`; with `selfTest` each GPU is opened and tested. */
export function report(
  ranked: readonly Ranked[],
  chosen: BackendName | undefined,
  selfTest: boolean,
): Promise<DeviceReport[]> {
  const reports = ranked.map(async ({ name, probe }): Promise<DeviceReport> => {
    const device = probe.available ? probe.device : null;
    return {
      backend: name,
      available: probe.available,
      chosen: name === chosen,
      name: device?.name ?? null,
      reason: probe.reason,
      limits: device?.limits ?? {},
      memory: device?.memory ?? null,
      device,
      engines: probe.available ? (probe.engines?.() ?? []) : [],
      faults: selfTest ? await faultsOf(name, probe) : null,
      numbers: selfTest ? await numbersOf(probe) : null,
      works: null,
    };
  });
  return Promise.all(reports);
}

/** The result of a device's self-test; failure to open is reported when a context opens the device. */
async function faultsOf(name: BackendName, probe: Probe): Promise<DeviceFault[]> {
  if (!probe.available || !probe.faults) return [];
  const wing = wingOf(name);
  const found = await probe.faults().catch(() => []);
  return found.map((fault) => ({ ...fault, rooms: roomsThatUse(wing, fault.mechanism) }));
}

/** What a GPU costs; null if it cannot be measured, which the error of a context that opens it explains. */
async function numbersOf(probe: Probe): Promise<DeviceNumbers | null> {
  if (!probe.available || probe.device.kind !== 'gpu') return null;
  return (await probe.numbers?.().catch(() => null)) ?? null;
}
