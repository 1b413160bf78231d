/**
 * The context: holds the backends that are present, makes plans on the first that supports them, owns everything made
 * from it.
 */

import { type ArrayOptions, type DeviceArray, makeArray } from './arrays/array.js';
import { type AuditOptions, Auditor, type AuditReport } from './audit.js';
import {
  type AddonPaths,
  type Backend,
  type BackendName,
  backendNames,
  type DeviceInfo,
  type OpenOptions,
  type WasmSource,
} from './backends/backend.js';
import { type DeviceReport, openRanked, parseBackend, probeAll, rank, report } from './backends/open.js';
import { EwaldError } from './errors.js';
import { type FftArray, type FftOptions, type FftPlan, planFft } from './fft/fft.js';
import { type FftWisdom, WisdomStore } from './fft/wisdom.js';
import type { PlatformUrl } from './globals.js';
import { type Indexer, type IndexerOptions, planIndexer } from './indexing/indexer.js';
import { type Log, Logger, type LogLevel, type LogSink, parseLogLevel } from './log.js';
import { knownOptions } from './options.js';
import { type PiOptions, type PiPlan, planPi } from './pi/pi.js';
import type { Feature, Planner } from './planner.js';
import type { Platform } from './platform.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from './resource.js';

/** What `createContext` may be told. */
export interface ContextOptions {
  /**
   * Backend to compute on first; default: the best one present, or EWALD_BACKEND. Naming one that is absent is an
   * error.
   */
  readonly backend?: BackendName;
  /** Refuse what the named backend does not support instead of taking another one; default false. */
  readonly strict?: boolean;
  /** GPU by index or part of its name; default: the first, or EWALD_DEVICE (for CUDA also INDEXER_GPU_DEVICE). */
  readonly device?: string | number;
  /** The wasm core: URL, bytes, module, response or a function giving one; default: `ewald.wasm` beside the bundle. */
  readonly wasm?: WasmSource;
  /** The worker script, for executors: URL or a function giving a Worker; default: the worker beside the bundle. */
  readonly worker?: string | PlatformUrl | (() => unknown);
  /** Path of the native addon, or `{ native, cuda }`; Node only; default: beside the bundle. */
  readonly addonPath?: string | AddonPaths;
  /**
   * Recompute this fraction of the results of other backends than wasm on the reference, in a worker; default: none.
   * See `AuditOptions`.
   */
  readonly audit?: number | AuditOptions;
  /** Level and sink of the log; default: EWALD_LOG_LEVEL (INDEXER_LOG_LEVEL) or `warn`, to standard error. */
  readonly log?: { readonly level?: LogLevel; readonly sink?: LogSink };
}

const contextOptionNames = ['backend', 'strict', 'device', 'wasm', 'worker', 'addonPath', 'audit', 'log'] as const;

/** A backend as users see it. */
export interface BackendInfo {
  readonly name: BackendName;
  readonly device: DeviceInfo;
}

/**
 * Holds open backends and everything planned on them. Made by `createContext`; end it with `dispose` or `await using`.
 */
export interface ContextMethods extends Disposable {
  /** The open backends, best first. */
  readonly backends: readonly BackendInfo[];
  /** Level and sink of the log; assign at any time. */
  readonly log: Log;
  /** What the audit has seen so far; undefined without `audit`. */
  readonly audit: AuditReport | undefined;
  /** Bytes held for plans and arrays on all backends now; 0 when every plan is disposed. */
  readonly liveBytes: number;
  /** Plans a Monte Carlo count of pi. */
  pi(options?: PiOptions): Promise<PiPlan>;
  /** Plans an indexer of stills with known cells; see `IndexerOptions` for the sizes it fixes. */
  indexer(options?: IndexerOptions): Promise<Indexer>;
  /** Plans a Fourier transform of any length and up to 8 axes. */
  fft(options: FftOptions): Promise<FftPlan>;
  /** What measured transform plans have learnt (`tune: 'measure'`), as plain JSON. */
  exportWisdom(): FftWisdom;
  /**
   * Adds what `exportWisdom` gave, perhaps elsewhere: plans of other devices stay unused. Gives the count of plans;
   * throws `Format`, and adds nothing then.
   */
  importWisdom(wisdom: unknown): number;
  /**
   * Makes an array on a backend: zeroed, or with the numbers of a typed array; see `ArrayOptions` for shape, dtype and
   * where it lies.
   */
  array(options: ArrayOptions): Promise<DeviceArray>;
  array(data: FftArray, options?: ArrayOptions): Promise<DeviceArray>;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}
/** See {@link ContextMethods}; disposable by `await using` where the language level has it. */
export type Context = ContextMethods & MaybeAsyncDisposable;

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

/** Opens a context on a platform; index.ts and node.ts bind the platform. */
export async function openContext(platform: Platform, options: ContextOptions = {}): Promise<Context> {
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
  return new OpenContext(backends, logger, auditor) as unknown as Context;
}

/** Why a backend lacks a feature, where its name does not say it. */
const missing: Readonly<Partial<Record<Feature, string>>> = {
  fftEngine: 'external engines are libraries of the host, which only the native backend in Node can load',
};

// What is left to the garbage collector is said once, and the backends are let go.
const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<{ logger: Logger; resource: Resource }>(({ logger, resource }) => {
        if (resource.disposed) return;
        logger.write('warn', 'a context was left to the garbage collector; end it with await context.dispose()');
        resource.dispose().catch(() => undefined);
      });

class OpenContext implements ContextMethods {
  readonly log: Logger;
  readonly backends: readonly BackendInfo[];
  readonly audit: AuditReport | undefined;
  readonly #resource: Resource;
  readonly #planner: Planner;
  readonly #open: readonly Backend[];

  constructor(open: readonly Backend[], logger: Logger, auditor: Auditor | undefined) {
    this.log = logger;
    this.audit = auditor;
    this.#open = open;
    this.backends = open.map(({ name, device }) => Object.freeze({ name, device }));
    const resource = new Resource('context', undefined, async () => {
      await auditor?.dispose();
      for (const backend of open) await backend.dispose();
    });
    this.#resource = resource;
    this.#planner = {
      resource,
      log: logger,
      auditor,
      wisdom: new WisdomStore(),
      async plan(feature, descriptor, on) {
        resource.assertAlive();
        const reasons: string[] = [];
        const candidates = on === undefined ? open : open.filter(({ name }) => name === on);
        if (candidates.length === 0)
          throw new EwaldError(
            'Argument',
            `the backend ${on} is not open in this context; open are ${open.map(({ name }) => name).join(', ')}`,
          );
        for (const backend of candidates) {
          const op = backend[feature] as
            | { supports(d: unknown): true | { why: string }; plan(d: unknown): Promise<unknown> }
            | undefined;
          const answer = op ? op.supports(descriptor) : { why: missing[feature] ?? `it has no ${feature}` };
          if (op && answer === true) {
            const kernel = (await op.plan(descriptor)) as Disposable;
            if (resource.disposed) await kernel.dispose();
            resource.assertAlive();
            return { backend, kernel: kernel as never };
          }
          reasons.push(`${backend.name}: ${(answer as { why: string }).why}`);
        }
        if (feature === 'fftEngine')
          throw new EwaldError('Unsupported', `fft: no open backend can use this engine here (${reasons.join('; ')})`);
        throw new EwaldError(
          'Unsupported',
          `no open backend supports this ${feature === 'array' ? 'array' : `${feature} plan`} (${reasons.join('; ')}); open a context with another backend or without strict`,
        );
      },
    };
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
    forgotten?.register(this, { logger, resource }, this);
  }

  get liveBytes(): number {
    return this.#open.reduce((sum, backend) => sum + backend.liveBytes, 0);
  }

  pi(options: PiOptions = {}): Promise<PiPlan> {
    return this.#make(() => planPi(this.#planner, options));
  }

  indexer(options: IndexerOptions = {}): Promise<Indexer> {
    return this.#make(() => planIndexer(this.#planner, options));
  }

  fft(options: FftOptions): Promise<FftPlan> {
    return this.#make(() => planFft(this.#planner, options));
  }

  exportWisdom(): FftWisdom {
    this.#resource.assertAlive();
    return this.#planner.wisdom.export();
  }

  importWisdom(wisdom: unknown): number {
    this.#resource.assertAlive();
    return this.#planner.wisdom.import(wisdom);
  }

  array(given: ArrayOptions | FftArray, options: ArrayOptions = {}): Promise<DeviceArray> {
    return this.#make(() =>
      ArrayBuffer.isView(given) ? makeArray(this.#planner, options, given) : makeArray(this.#planner, given),
    );
  }

  async sync(): Promise<void> {
    this.#resource.assertAlive();
    for (const backend of this.#open) await backend.sync();
  }

  dispose(): Promise<void> {
    forgotten?.unregister(this);
    return this.#resource.dispose();
  }

  async #make<T>(plan: () => Promise<T>): Promise<T> {
    this.#resource.assertAlive();
    return plan();
  }
}

/** Names a user may give for a backend. */
export const publicBackendNames: readonly BackendName[] = backendNames.filter((name) => name !== 'cuda-emulated');
