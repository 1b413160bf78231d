/**
 * The context: holds the available backends, plans on the first one that supports the work, and owns everything created
 * from it.
 */

import { expects } from '../../util/arguments.js';
import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { type Log, Logger, parseLogLevel } from '../../util/log.js';
import { inspect, knownOptions } from '../../util/options.js';
import { asyncDispose, type Disposable, eachInTurn, type MaybeAsyncDisposable, Resource } from '../../util/resource.js';
import type { AuditReport } from '../backends/audit-options.js';
import type { Backend, OpenOptions } from '../backends/backend.js';
import {
  type BackendInfo,
  type ContextOptions,
  contextOptionNames,
  type GpuDeviceLike,
} from '../backends/context-options.js';
import type { BackendName } from '../backends/names.js';
import { type DeviceReport, openRanked, parseBackend, probeAll, rank, report } from '../backends/open.js';
import type { Platform } from '../backends/platform.js';
import type { Auditor } from '../planner/audit.js';
import type { Planner } from '../planner/planner.js';
import { Planning } from '../planner/planning.js';

/** The members of every context, whatever its rooms. */
export interface ContextCore extends Disposable {
  /** The open backends, best first. */
  readonly backends: readonly BackendInfo[];
  /** Level and sink of the log; assign at any time. */
  readonly log: Log;
  /** Statistics of the audit; undefined without `audit`. */
  readonly audit: AuditReport | undefined;
  /** Bytes currently held by plans and arrays on all backends; 0 when every plan is disposed. */
  readonly liveBytes: number;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}

/** A context with the methods of its rooms. */
export type ContextOf<M> = ContextCore & M & MaybeAsyncDisposable;

/** A room: the methods it adds to a context. */
export type Room<M> = (planner: Planner) => M;

export type { BackendInfo, ContextOptions } from '../backends/context-options.js';

interface Settings {
  readonly named: BackendName | undefined;
  readonly strict: boolean;
  readonly open: Omit<OpenOptions, 'named' | 'log'>;
  readonly logger: Logger;
  readonly auditor: Auditor | undefined;
}

async function readSettings(platform: Platform, options: ContextOptions): Promise<Settings> {
  knownOptions('createContext', options, contextOptionNames);
  knownOptions('createContext({ log })', options.log === undefined ? {} : options.log, ['level', 'sink']);
  callback('createContext: log.sink', options.log?.sink);
  checkPlaces(options);
  const env = (name: string): string | undefined => platform.env(name) || undefined;
  const named = options.backend !== undefined ? parseBackend(options.backend, 'the option backend') : undefined;
  const gpuDevice = givenDevice(options);
  const fromEnv = gpuDevice ? undefined : env('EWALD_BACKEND');
  const device = gpuDevice ? undefined : (options.device ?? env('EWALD_DEVICE') ?? env('INDEXER_GPU_DEVICE'));
  const levelName = ['EWALD_LOG_LEVEL', 'INDEXER_LOG_LEVEL'].find((name) => env(name));
  const level = options.log?.level ?? (levelName ? parseLogLevel(env(levelName) ?? '', levelName) : 'warn');
  const logger = new Logger(parseLogLevel(level, 'the option log.level'), options.log?.sink);
  return {
    named:
      named ?? (gpuDevice ? 'webgpu' : undefined) ?? (fromEnv ? parseBackend(fromEnv, 'EWALD_BACKEND') : undefined),
    strict: checkFlag('createContext: strict', options.strict),
    open: {
      wasm: options.wasm,
      startWorker: () => platform.startWorker(options.worker),
      addonPath: typeof options.addonPath === 'string' ? { native: options.addonPath } : options.addonPath,
      device: device === undefined ? undefined : String(device),
      gpuDevice,
    },
    logger,
    auditor:
      options.audit === undefined || options.audit === 0
        ? undefined
        : new (await import('../planner/audit.js')).Auditor(
            options.audit,
            logger,
            () => platform.startWorker(options.worker),
            options.wasm,
          ),
  };
}

/** The GPU device of the caller; undefined without. Throws `Argument` if it is none, or contradicts other options. */
function givenDevice({ webgpu, backend, device }: ContextOptions): object | undefined {
  if (webgpu === undefined) return undefined;
  knownOptions('createContext({ webgpu })', webgpu, ['device']);
  const given = webgpu.device as Partial<GpuDeviceLike> | undefined;
  const isDevice = [given?.limits, given?.queue, given?.lost].every((one) => typeof one === 'object' && one !== null);
  expects(isDevice, 'createContext: webgpu.device', given, 'a GPUDevice');
  if (backend !== undefined && backend !== 'webgpu')
    throw new EwaldError(
      'Argument',
      `createContext: webgpu.device is given, but the backend is ${backend}; name webgpu or none`,
    );
  if (device !== undefined)
    throw new EwaldError('Argument', 'createContext: webgpu.device and device both name a GPU; give one of them');
  return given;
}

/** Checks the kind of options that locate something; the location itself is checked when it is opened. */
function checkPlaces({ device, worker, addonPath, wasm }: ContextOptions): void {
  const refuse = (what: string, value: unknown, needed: string): never => {
    throw new EwaldError('Argument', `createContext: ${what} is ${inspect(value)}; expected ${needed}`);
  };
  if (device !== undefined && typeof device !== 'string' && typeof device !== 'number')
    refuse('device', device, 'the index of a GPU, or part of its name');
  if (worker !== undefined && typeof worker !== 'string' && typeof worker !== 'function' && !isUrl(worker))
    refuse('worker', worker, "the URL of ewald's worker, or a function that creates one");
  if (wasm === null || (typeof wasm !== 'undefined' && !['string', 'function', 'object'].includes(typeof wasm)))
    refuse('wasm', wasm, 'a URL, bytes, a module, a response, or a function returning one');
  if (addonPath === undefined || typeof addonPath === 'string') return;
  knownOptions('createContext({ addonPath })', addonPath, ['native', 'cuda', 'cuda-emulated']);
  for (const path of Object.values(addonPath))
    if (path !== undefined && typeof path !== 'string') refuse('addonPath', path, 'the path of an addon');
}
/** The rows of `call-options` are loaded with the first plan. */
function checkFlag(what: string, value = false): boolean {
  expects(typeof value === 'boolean', what, value, 'true or false');
  return value;
}
const isUrl = (value: unknown): boolean => typeof URL !== 'undefined' && value instanceof URL;

/** Options of `devices` in addition to those of a context. */
export interface DeviceOptions extends ContextOptions {
  /**
   * Opens each GPU, tests the mechanisms that kernels rely on (`faults`) and measures what copies and launches cost
   * (`numbers`, `works`). Default false: nothing is opened, and no GPU memory is allocated.
   */
  readonly selfTest?: boolean | undefined;
}

/** Probes every backend, opening it only for a self-test: what a context would find here, and why. */
export async function listDevices(platform: Platform, options: DeviceOptions = {}): Promise<DeviceReport[]> {
  knownOptions('devices', options, [...contextOptionNames, 'selfTest']);
  const { selfTest: wanted, ...own } = options;
  const selfTest = checkFlag('devices: selfTest', wanted);
  const { named, open, logger } = await readSettings(platform, own);
  const ranked = await probeAll(platform, { ...open, log: (level, message) => logger.write(level, message) }, named);
  const present = ranked.filter(({ automatic }) => automatic);
  const first = named ? present.find(({ name }) => name === named) : present[0];
  const reports = await report(ranked, first?.name, selfTest);
  if (!selfTest) return reports;
  const { withWorks } = await import('../planner/usual.js');
  return withWorks(reports, platform.cores ?? 1, named && first ? named : undefined);
}

/** Opens a context with these rooms on a platform; the package's entries bind both. */
export async function openContext<M extends object>(
  platform: Platform,
  rooms: readonly Room<Partial<M>>[],
  options: ContextOptions = {},
): Promise<ContextOf<M>> {
  const { named, strict, open, logger, auditor } = await readSettings(platform, options);
  const log: OpenOptions['log'] = (level, message) => logger.write(level, message);
  // With `strict` only the named backend is probed.
  const ranked = await probeAll(platform, { ...open, log }, named, strict && named ? [named] : undefined);
  for (const { name, probe } of ranked)
    log('debug', `${name}: ${probe.available ? 'available' : 'not available'}, ${probe.reason}`);
  const backends = await openRanked(rank(ranked, named, strict), named, log);
  const first = backends[0];
  if (first?.device.kind === 'software' && first.name !== 'cuda-emulated')
    log('warn', `${first.name} runs on ${first.device.name}, a software device: correct, but slow`);
  if (options.device !== undefined && !backends.some(({ device }) => device.kind !== 'cpu')) {
    for (const backend of backends) await backend.dispose();
    throw new EwaldError(
      'Unsupported',
      `createContext: device is ${inspect(options.device)}, which names a GPU, and ` +
        `${backends.map(({ name }) => name).join(' and ')} ${backends.length > 1 ? 'have' : 'has'} none; omit it, or name ` +
        'a backend that has one (await devices() lists them)',
    );
  }
  const context = new RankedContext(platform, backends, named, logger, auditor, rooms);
  return context as unknown as ContextOf<M>;
}

// A leaked context is reported once, and its backends are released.
const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<{ logger: Logger; resource: Resource }>(({ logger, resource }) => {
        if (resource.disposed) return;
        resource.dispose().catch(() => undefined);
        try {
          logger.write('warn', 'a context was garbage-collected without being disposed; call await context.dispose()');
        } catch {
          // Nobody is left who could be told that the sink threw.
        }
      });

/**
 * The planner of a context. This is a separate function because closures of one function keep each other's variables
 * alive, and neither the resource nor what it holds may reference the context or the planner; otherwise the garbage
 * collector could never detect that they were forgotten.
 */
function plannerOf(
  platform: Platform,
  open: readonly Backend[],
  named: BackendName | undefined,
  logger: Logger,
  auditor: Auditor | undefined,
): Planner {
  const resource = contextResource(open, auditor);
  const { kernels: further, cores = 1 } = platform;
  const planning = new Planning({ resource, open, named, cores, further, log: logger });
  return {
    resource,
    log: logger,
    auditor,
    named,
    hasGpu: open.some(({ name, device }) => device.kind === 'gpu' || (device.kind === 'software' && name === named)),
    dataOn: planning.dataOn,
    pays: (work, on) => planning.pays(work, on),
    plan: (feature, descriptor, on) => planning.plan(feature, descriptor, on),
  };
}

function contextResource(open: readonly Backend[], auditor: Auditor | undefined): Resource {
  const steps = [() => auditor?.dispose(), ...open.map((backend) => () => backend.dispose())];
  return new Resource('context', undefined, { dispose: () => eachInTurn('context', steps) });
}

class RankedContext implements ContextCore {
  readonly log: Logger;
  readonly backends: readonly BackendInfo[];
  readonly audit: AuditReport | undefined;
  readonly #resource: Resource;
  readonly #open: readonly Backend[];

  constructor(
    platform: Platform,
    open: readonly Backend[],
    named: BackendName | undefined,
    logger: Logger,
    auditor: Auditor | undefined,
    rooms: readonly Room<object>[],
  ) {
    this.log = logger;
    this.audit = auditor;
    this.#open = open;
    this.backends = open.map(({ name, device }) => Object.freeze({ name, device }));
    const planner = plannerOf(platform, open, named, logger, auditor);
    this.#resource = planner.resource;
    for (const room of rooms) Object.assign(this, room(planner));
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
    // A context and each of its plans reference the planner, so a context that was forgotten while a plan is in use
    // survives.
    forgotten?.register(planner, { logger, resource: planner.resource }, planner.resource);
  }

  get liveBytes(): number {
    return this.#open.reduce((sum, backend) => sum + backend.liveBytes, 0);
  }

  async sync(): Promise<void> {
    this.#resource.assertAlive();
    for (const backend of this.#open) await backend.sync();
  }

  dispose(): Promise<void> {
    forgotten?.unregister(this.#resource);
    return this.#resource.dispose();
  }
}
