/**
 * pi by Monte Carlo: the smallest room, the guided tour of the house.
 *
 * Points come from Philox4x32-10 counter streams and are tested in integers, so every backend counts the same hits to
 * the last one.
 * Twins: cpp/pi/isa/count.cpp, wgsl/pi/count.wgsl, cuda/pi/pi.cu. It is not a way to learn digits of pi: the error
 * falls as 1/sqrt(points).
 */
import type { AuditTask } from '../audit.js';
import type { BackendName } from '../backends/backend.js';
import { EwaldError } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import { piParams } from '../layout/layout.js';
import { pack } from '../layout/struct.js';
import { breathe, callback, checkSignal, exact, integer, knownOptions, shown } from '../options.js';
import type { Planner } from '../planner.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../resource.js';
import { piFeature } from './kernels.js';

/** Sizes of a pi plan. */
export interface PiOptions {
  /** Host threads of CPU backends, 0 … 1024; default 0, one a core. */
  readonly threads?: number;
}

/** One count. */
export interface PiRunOptions {
  /** Points to throw, 1 … 2⁶³; a number up to 2⁵³ or a bigint. */
  readonly points: number | bigint;
  /** Seed of the stream, 0 … 2⁶⁴ − 1; default 0. */
  readonly seed?: number | bigint;
  /** Independent stream of the same seed, 0 … 2³² − 1; default 0. */
  readonly stream?: number;
  /** Index of the first point, so that a count can be split; default 0. */
  readonly first?: number | bigint;
  /** Ends the count between two stretches with `Aborted`. */
  readonly signal?: PlatformSignal;
  /** Told the fraction done, 0 … 1, a few times a second. */
  readonly onProgress?: (done: number) => void;
}

/** Answer of a count. `JSON.stringify` writes its counts as numbers, and as strings from 2^53 on. */
export interface PiResult {
  readonly backend: BackendName;
  readonly points: bigint;
  /** Points inside the quarter circle; the same on every backend. */
  readonly hits: bigint;
  /** 4 · hits / points. */
  readonly pi: number;
  /** Standard error of `pi`: √(π(4 − π)/points). */
  readonly sigma: number;
  readonly seconds: number;
}

export interface PiPlanMethods extends Disposable {
  /** Backend that counts. */
  readonly backend: BackendName;
  /** Counts; runs of one plan are done in order. Throws `Argument`, `Aborted`, `Disposed`. */
  run(options: PiRunOptions): Promise<PiResult>;
}
/** A planned count of pi. */
export type PiPlan = PiPlanMethods & MaybeAsyncDisposable;

const u64 = (what: string, value: number | bigint, low: bigint, high: bigint): bigint => {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw new EwaldError(
      'Argument',
      `${what} is ${shown(value)}; needed is an integer from ${low} to ${high}, beyond 2^53 as a bigint`,
    );
  }
  const big = BigInt(value);
  if (big < low || big > high)
    throw new EwaldError('Argument', `${what} is ${value}; needed is an integer from ${low} to ${high}`);
  return big;
};

/** Plans pi on a context. */
export async function planPi(planner: Planner, options: PiOptions): Promise<PiPlan> {
  knownOptions('pi', options, ['threads']);
  const threads = integer('pi: threads', options.threads, 0, 0, 1024);
  const { backend, kernel } = await planner.plan(piFeature, { threads });
  const auditor = backend.name === 'wasm' ? undefined : planner.auditor;
  const resource = new Resource('pi plan', planner.resource, kernel);

  async function count(
    run: PiRunOptions,
    points: bigint,
    seed: bigint,
    stream: number,
    first: bigint,
  ): Promise<PiResult> {
    const started = performance.now();
    let hits = 0n;
    let told = started;
    for (let done = 0n; done < points; ) {
      checkSignal(run.signal);
      const left = points - done;
      let stretch = left < BigInt(kernel.pointsPerCall) ? left : BigInt(kernel.pointsPerCall);
      // A drawn stretch is cut to a piece that the reference counts in a moment; what is checked is then exactly what
      // is used.
      const audited = auditor?.draw() ?? false;
      if (audited && stretch > auditedPoints) stretch = auditedPoints;
      const counted = await kernel.count(
        pack(piParams, {
          ...halves('seed', seed),
          ...halves('first', first + done),
          ...halves('points', stretch),
          stream,
          threads,
        }),
      );
      if (audited) await auditor?.check(recount(backend.name, seed, stream, first + done, stretch, counted));
      hits += counted;
      done += stretch;
      const now = performance.now();
      if (now - told > 100) {
        told = now;
        run.onProgress?.(Number(done) / Number(points));
        await breathe();
      }
    }
    run.onProgress?.(1);
    const result: PiResult = {
      backend: backend.name,
      points,
      hits,
      pi: (4 * Number(hits)) / Number(points),
      sigma: Math.sqrt((Math.PI * (4 - Math.PI)) / Number(points)),
      seconds: (performance.now() - started) / 1000,
    };
    // JSON has no integers of this size: JSON.stringify would throw.
    const toJSON = () => ({ ...result, points: exact(points), hits: exact(hits) });
    return Object.defineProperty(result, 'toJSON', { value: toJSON });
  }

  const plan: PiPlanMethods = {
    backend: backend.name,
    async run(run) {
      resource.assertAlive();
      knownOptions('pi.run', run, ['points', 'seed', 'stream', 'first', 'signal', 'onProgress']);
      const points = u64('pi: points', run.points, 1n, 1n << 63n);
      const first = u64('pi: first', run.first ?? 0, 0n, (1n << 64n) - 1n - points);
      const seed = u64('pi: seed', run.seed ?? 0, 0n, (1n << 64n) - 1n);
      const stream = integer('pi: stream', run.stream, 0, 0, 2 ** 32 - 1);
      callback('pi: onProgress', run.onProgress);
      checkSignal(run.signal);
      return resource.enqueue(() => count(run, points, seed, stream, first));
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  return plan as PiPlan;
}

const auditedPoints = 1n << 22n;

/** The check of one stretch: the worker counts the same points. */
function recount(
  backend: BackendName,
  seed: bigint,
  stream: number,
  first: bigint,
  points: bigint,
  counted: bigint,
): AuditTask {
  return {
    what: `pi on ${backend}: ${points} points from ${first} of stream ${stream}, seed ${seed}`,
    request: { call: 'pi', options: { seed, stream, first, points } },
    cost: Number(points) / 2e8,
    compare: (value) => {
      const { hits } = value as PiResult;
      return hits === counted ? undefined : `counted ${counted}, the reference ${hits}`;
    },
  };
}

function halves(name: string, value: bigint): Record<string, number> {
  return { [`${name}Lo`]: Number(value & 0xffffffffn), [`${name}Hi`]: Number(value >> 32n) };
}
