/**
 * Times rows of the case tables: a row is verified first, and is not timed if it fails. Backends and peers alternate
 * within one run.
 */

import type { KernelTime } from '../compute/backends/webgpu/kernel-time.js';
import { timeKernels } from '../compute/backends/webgpu/timestamps.js';
import { observer } from '../util/callbacks.js';
import { isEwaldError, messageOf } from '../util/errors.js';
import { yieldToEventLoop } from '../util/options.js';
import type { Row } from './case.js';
import type { BenchParameters } from './parameter-types.js';
import {
  type Candidate,
  headOf,
  openCandidates,
  Problem,
  type Report,
  type RowResult,
  runRow,
  selectRows,
  type ValidateOptions,
} from './run.js';

/** Median and quartiles of some runs, and the rate at the median. */
export interface Timing {
  readonly medianMs: number;
  /** Interquartile range. */
  readonly spreadMs: number;
  readonly bestMs: number;
  readonly runs: number;
  /** Points or images per second. */
  readonly rate: number;
}

/** Rates of two contestants of a row, and the target ratio. */
export interface Ratio {
  /** A peer or another backend. */
  readonly over: string;
  readonly ratio: number;
  /** Target ratio; null if there is none. */
  readonly target: number | null;
  readonly pass: boolean;
}

/** A row timed on a backend: only one that passes is, and `why` also tells why one that was verified is not timed. */
export interface BenchResult extends Pick<RowResult, 'id' | 'backend' | 'outcome' | 'why' | 'error' | 'bound'> {
  readonly unit: Row['work']['unit'];
  readonly planMs: number | null;
  readonly timing: Timing | null;
  /**
   * Times of the kernels of one run by the device's own clock, for webgpu, where each kernel then has its own pass.
   * Null for other backends, and if the adapter has no timestamps.
   */
  readonly kernels: readonly KernelTime[] | null;
  readonly ratios: readonly Ratio[];
  /** Whether the row was verified and reached every target ratio. */
  readonly pass: boolean;
}

/** An alternative implementation of a row's work, timed in the same run. */
export interface PeerResult {
  readonly id: string;
  readonly peer: string;
  readonly unit: Row['work']['unit'];
  readonly timing: Timing;
}

/** The report of a benchmark. */
export interface BenchReport extends Pick<Report, 'versions' | 'place' | 'date' | 'backends' | 'interrupted'> {
  readonly rows: readonly BenchResult[];
  readonly peers: readonly PeerResult[];
  /** Number of finished and of selected cases. */
  readonly cases: { readonly finished: number; readonly chosen: number };
  /**
   * `fail` if a verified row is wrong or misses its target, or nothing was timed; otherwise `interrupted` if the run
   * was ended before the last case, in which case the rows of finished cases are valid.
   */
  readonly verdict: 'pass' | 'fail' | 'interrupted';
  /** Whether the verdict is `pass`. */
  readonly pass: boolean;
}

/** Options of a benchmark in addition to those of a validation. */
export interface BenchOptions
  extends Omit<ValidateOptions, 'onResult' | 'stopAtFailure' | 'budget' | 'seconds'>,
    BenchParameters {
  readonly onRow?: ((id: string, done: number, total: number) => void) | undefined;
}

interface Contestant {
  readonly name: string;
  run(): Promise<number> | number;
  readonly times: { readonly ms: number; readonly amount: number }[];
}

function timingOf({ times }: Contestant): Timing {
  const sorted = times.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (fraction: number): number => {
    const place = fraction * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
    return low + (high - low) * (place - Math.floor(place));
  };
  return {
    medianMs: at(0.5),
    spreadMs: at(0.75) - at(0.25),
    bestMs: at(0),
    runs: sorted.length,
    rate: ((times[0]?.amount ?? 0) / at(0.5)) * 1000,
  };
}

// Contestants run in turn, so that a change of the machine's speed affects all of them.
async function timeAll(
  contestants: readonly Contestant[],
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // A clock with microsecond resolution cannot time one short line, so calls are repeated for half a millisecond.
  const calls: number[] = [];
  for (const contestant of contestants) {
    for (let i = 0; i < 3; i++) await contestant.run();
    let count = 1;
    for (let ms = 0; ms < 0.5 && count < 4096; ) {
      const begin = performance.now();
      for (let i = 0; i < count; i++) await contestant.run();
      ms = performance.now() - begin;
      if (ms < 0.5) count *= 2;
    }
    calls.push(count);
  }
  const started = performance.now();
  for (let round = 0; round < 1000; round++) {
    if (round >= 7 && performance.now() - started > seconds * 1000 * contestants.length) break;
    if (signal?.aborted) break;
    for (const [i, contestant] of contestants.entries()) {
      const count = calls[i] ?? 1;
      const begin = performance.now();
      let amount = 0;
      for (let call = 0; call < count; call++) amount = await contestant.run();
      contestant.times.push({ ms: (performance.now() - begin) / count, amount });
    }
    await yieldToEventLoop();
  }
}

/** What a row that could not be run has instead of times. */
const untimed = { error: null, bound: null, planMs: null, timing: null, kernels: null, ratios: [], pass: false };

/** Verifies and times one row on every candidate, and its peers. */
export async function benchRow(
  row: Row,
  candidates: readonly Candidate[],
  options: Pick<BenchOptions, 'seconds' | 'signal'>,
): Promise<{ rows: BenchResult[]; peers: PeerResult[] }> {
  const problem = new Problem(row);
  const { amount, unit } = row.work;
  const rows: (Omit<BenchResult, 'ratios' | 'pass' | 'timing' | 'kernels'> & { contestant?: Contestant })[] = [];
  const open: { dispose(): Promise<void> }[] = [];
  const contestants: Contestant[] = [];
  try {
    for (const candidate of candidates) {
      const { outcome, why, error, bound } = await runRow(problem, candidate);
      const line = { id: row.id, backend: candidate.backend, outcome, why, error, bound, unit };
      if (outcome !== 'pass' || !candidate.context) {
        rows.push({ ...line, planMs: null });
        continue;
      }
      const begin = performance.now();
      const subject = await row.plan(candidate.context, problem.input);
      const planMs = performance.now() - begin;
      open.push(subject);
      const timed = subject.timed?.() ?? { amount, call: () => subject.run() };
      const contestant: Contestant = {
        name: candidate.backend,
        times: [],
        async run() {
          await timed.call();
          return timed.amount;
        },
      };
      contestants.push(contestant);
      rows.push({ ...line, planMs, contestant });
    }
    const peers = (row.peers ?? []).map(
      (peer): Contestant => ({ name: peer.name, times: [], run: () => peer.run(problem.input) }),
    );
    if (contestants.length > 0) await timeAll([...contestants, ...peers], options.seconds ?? 1, options.signal);
    // One more run, not counted above: a pass for each kernel takes longer.
    const onWebgpu = contestants.find(({ name }) => name === 'webgpu');
    const times = onWebgpu && !options.signal?.aborted ? await timeKernels(() => onWebgpu.run()) : [];
    const timed = [...contestants, ...peers].filter(({ times }) => times.length > 0);
    const rates = new Map(timed.map((contestant) => [contestant.name, timingOf(contestant)]));
    return {
      rows: rows.map(({ contestant, ...line }) => {
        const timing = rates.get(contestant?.name ?? '') ?? null;
        const targets = (row.targets ?? []).filter(({ backend }) => backend === line.backend);
        const names = [...new Set([...peers.map(({ name }) => name), ...targets.map(({ over }) => over)])];
        const ratios = names.flatMap((over): Ratio[] => {
          const other = rates.get(over);
          if (!timing || !other || over === line.backend) return [];
          const target = targets.find((candidate) => candidate.over === over)?.ratio ?? null;
          const ratio = timing.rate / other.rate;
          return [{ over, ratio, target, pass: target === null || ratio >= target }];
        });
        const late = contestant && !timing ? 'verified, and interrupted before it was timed' : line.why;
        const kernels = line.backend === 'webgpu' && times.length > 0 ? times : null;
        return {
          ...line,
          why: late,
          timing,
          kernels,
          ratios,
          pass: line.outcome === 'pass' && ratios.every(({ pass }) => pass),
        };
      }),
      peers: peers.flatMap(({ name }) => {
        const timing = rates.get(name);
        return timing ? [{ id: row.id, peer: name, unit, timing }] : [];
      }),
    };
  } finally {
    for (const subject of open) await subject.dispose();
  }
}

/** Times the rows marked for benchmarks, or the rows of `ids`. Throws `Argument` for unknown ids or names. */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const tell = observer('bench', options, 'onRow');
  const chosen = selectRows(options.ids).filter(({ bench }) => bench || options.ids?.length);
  const candidates = await openCandidates({ ...options, budget: Number.POSITIVE_INFINITY });
  const rows: BenchResult[] = [];
  const peers: PeerResult[] = [];
  let finished = 0;
  try {
    for (const [i, row] of chosen.entries()) {
      if (options.signal?.aborted) break;
      tell(row.id, i, chosen.length);
      try {
        const result = await benchRow(row, candidates, options);
        rows.push(...result.rows);
        peers.push(...result.peers);
        if (!options.signal?.aborted) finished++;
      } catch (error) {
        if (!isEwaldError(error)) throw error;
        const line = { id: row.id, unit: row.work.unit, outcome: 'fail' as const, why: messageOf(error), ...untimed };
        for (const { backend } of candidates) rows.push({ ...line, backend });
      }
    }
  } finally {
    for (const candidate of candidates) await candidate.context?.dispose().catch(() => undefined);
  }
  const interrupted = finished < chosen.length && (options.signal?.aborted ?? false);
  const wrong = rows.some(({ outcome, pass }) => !pass && (outcome === 'pass' || outcome === 'fail'));
  const isUntimed = !rows.some(({ timing }) => timing !== null);
  const verdict = wrong || (isUntimed && !interrupted) ? 'fail' : interrupted ? 'interrupted' : 'pass';
  return {
    ...headOf(options, candidates),
    rows,
    peers,
    cases: { finished, chosen: chosen.length },
    verdict,
    pass: verdict === 'pass',
    interrupted,
  };
}
