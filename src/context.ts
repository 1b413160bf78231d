/**
 * The context: holds the backends that are present, makes plans on the first that supports them, owns everything made
 * from it.
 */

import { Auditor } from './audit.js';
import type { AuditReport } from './audit-options.js';
import type { Backend, OpenOptions } from './backends/backend.js';
import type { BackendName } from './backends/names.js';
import { type DeviceReport, openRanked, parseBackend, probeAll, rank, report } from './backends/open.js';
import type { Platform } from './backends/platform.js';
import { type BackendInfo, type ContextOptions, contextOptionNames } from './context-options.js';
import { type Log, Logger, parseLogLevel } from './log.js';
import { knownOptions } from './options.js';
import type { Planner } from './planner.js';
import { Planning } from './planning.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from './resource.js';
import type { RoomMethods } from './rooms.js';

/** What every context has, whatever its rooms. */
export interface ContextCore extends Disposable {
  /** The open backends, best first. */
  readonly backends: readonly BackendInfo[];
  /** Level and sink of the log; assign at any time. */
  readonly log: Log;
  /** What the audit has seen so far; undefined without `audit`. */
  readonly audit: AuditReport | undefined;
  /** Bytes held for plans and arrays on all backends now; 0 when every plan is disposed. */
  readonly liveBytes: number;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}
/**
 * Holds open backends and everything planned on them. Made by `createContext`; end it with `dispose` or `await using`.
 */
export interface ContextMethods extends ContextCore, RoomMethods {}
/** See {@link ContextMethods}; disposable by `await using` where the language level has it. */
export type Context = ContextMethods & MaybeAsyncDisposable;

/** A context with these methods of rooms. */
export type ContextOf<M> = ContextCore & M & MaybeAsyncDisposable;

/** A room: what it adds to a context. */
export type Room<M> = (planner: Planner) => M;

export type { BackendInfo, ContextOptions } from './context-options.js';

interface Settings {
  readonly named: BackendName | undefined;
  readonly strict: boolean;
  readonly open: Omit<OpenOptions, 'named' | 'log'>;
  readonly logger: Logger;
  readonly auditor: Auditor | undefined;
}

function readSettings(platform: Platform, options: ContextOptions): Settings {
  knownOptions('createContext', options, contextOptionNames);
  knownOptions('createContext({ log })', options.log ?? {}, ['level', 'sink']);
  const env = (name: string): string | undefined => platform.env(name) || undefined;
  const named = options.backend !== undefined ? parseBackend(options.backend, 'the option backend') : undefined;
  const fromEnv = env('EWALD_BACKEND');
  const device = options.device ?? env('EWALD_DEVICE') ?? env('INDEXER_GPU_DEVICE');
  const levelName = ['EWALD_LOG_LEVEL', 'INDEXER_LOG_LEVEL'].find((name) => env(name));
  const level = options.log?.level ?? (levelName ? parseLogLevel(env(levelName) ?? '', levelName) : 'warn');
  const logger = new Logger(parseLogLevel(level, 'the option log.level'), options.log?.sink);
  return {
    named: named ?? (fromEnv ? parseBackend(fromEnv, 'EWALD_BACKEND') : undefined),
    strict: options.strict ?? false,
    open: {
      wasm: options.wasm,
      startWorker: () => platform.startWorker(options.worker),
      addonPath: typeof options.addonPath === 'string' ? { native: options.addonPath } : options.addonPath,
      device: device === undefined ? undefined : String(device),
    },
    logger,
    auditor:
      options.audit === undefined || options.audit === 0
        ? undefined
        : new Auditor(options.audit, logger, () => platform.startWorker(options.worker), options.wasm),
  };
}

/** Probes every backend without opening one: what a context would find here, and why. */
export async function listDevices(platform: Platform, options: ContextOptions = {}): Promise<DeviceReport[]> {
  const { named, open, logger } = readSettings(platform, options);
  const ranked = await probeAll(platform, { ...open, log: (level, message) => logger.write(level, message) }, named);
  const present = ranked.filter(({ automatic }) => automatic);
  const first = named ? present.find(({ name }) => name === named) : present[0];
  return report(ranked, first?.name);
}

/** Opens a context with these rooms on a platform; the entries of the package bind both. */
export async function openContext<M extends object>(
  platform: Platform,
  rooms: readonly Room<Partial<M>>[],
  options: ContextOptions = {},
): Promise<ContextOf<M>> {
  const { named, strict, open, logger, auditor } = readSettings(platform, options);
  const log: OpenOptions['log'] = (level, message) => logger.write(level, message);
  // With `strict` nothing but the named backend is touched.
  const ranked = await probeAll(platform, { ...open, log }, named, strict && named ? [named] : undefined);
  for (const { name, probe } of ranked)
    log('debug', `${name}: ${probe.available ? 'available' : 'not available'}, ${probe.reason}`);
  const backends = await openRanked(rank(ranked, named, strict), named, log);
  const first = backends[0];
  if (first?.device.kind === 'software' && first.name !== 'cuda-emulated')
    log('warn', `${first.name} runs on ${first.device.name}, a software device: right, but slow`);
  const context = new OpenContext(platform, backends, logger, auditor, rooms);
  return context as unknown as ContextOf<M>;
}

// What is left to the garbage collector is said once, and the backends are let go.
const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<{ logger: Logger; resource: Resource }>(({ logger, resource }) => {
        if (resource.disposed) return;
        logger.write('warn', 'a context was left to the garbage collector; end it with await context.dispose()');
        resource.dispose().catch(() => undefined);
      });

class OpenContext implements ContextCore {
  readonly log: Logger;
  readonly backends: readonly BackendInfo[];
  readonly audit: AuditReport | undefined;
  readonly #resource: Resource;
  readonly #open: readonly Backend[];

  constructor(
    platform: Platform,
    open: readonly Backend[],
    logger: Logger,
    auditor: Auditor | undefined,
    rooms: readonly Room<object>[],
  ) {
    this.log = logger;
    this.audit = auditor;
    this.#open = open;
    this.backends = open.map(({ name, device }) => Object.freeze({ name, device }));
    const resource = new Resource('context', undefined, async () => {
      await auditor?.dispose();
      for (const backend of open) await backend.dispose();
    });
    this.#resource = resource;
    const planning = new Planning(resource, open, platform.kernels);
    const planner: Planner = {
      resource,
      log: logger,
      auditor,
      plan: (feature, descriptor, on) => planning.plan(feature, descriptor, on),
    };
    // The planner must not hold the context itself, or the garbage collector could never tell that it was forgotten.
    for (const room of rooms) Object.assign(this, room(planner));
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
    forgotten?.register(this, { logger, resource }, this);
  }

  get liveBytes(): number {
    return this.#open.reduce((sum, backend) => sum + backend.liveBytes, 0);
  }

  async sync(): Promise<void> {
    this.#resource.assertAlive();
    for (const backend of this.#open) await backend.sync();
  }

  dispose(): Promise<void> {
    forgotten?.unregister(this);
    return this.#resource.dispose();
  }
}
