/**
 * The one loop: rows of the case tables × backends, each with its outcome. Drives the tests, `ewald validate` and
 * validate.html.
 */

import { type BackendName, backendNames, type DeviceInfo } from '../compute/backends/names.js';
import type { ContextOptions } from '../compute/context/context.js';
import type { Context } from '../context/rooms.js';
import { checkedValue, row } from '../options/call-options.js';
import { observer } from '../util/callbacks.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { nearest, yieldToEventLoop } from '../util/options.js';
import { version } from '../util/version.js';
import { matches, mayRefuse, type Outcome, outcomes, type Row, type Subject, seedOf } from './case.js';
import { engineRows } from './cases/fft/engines.js';
import type { ValidateParameters } from './parameter-types.js';
import { validateRows } from './parameters.js';
import { rows as allRows } from './rooms.js';

/** How contexts are opened; Node's or the browser's `createContext`. */
export type CreateContext = (options?: ContextOptions) => Promise<Context>;

/** One error of a row against its bound. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly error: number;
  readonly bound: number;
}

/** The result of a row on a backend. */
export interface RowResult {
  readonly id: string;
  readonly backend: BackendName;
  readonly outcome: Outcome;
  /** The reason for any outcome except `pass`. */
  readonly why: string | null;
  /** The measure nearest to its bound, or beyond it; null if the row did not run to the end. */
  readonly measure: string | null;
  readonly unit: string | null;
  readonly error: number | null;
  readonly bound: number | null;
  readonly measures: readonly Measure[];
  /** Milliseconds of the run on the backend, without the plan and the oracle. */
  readonly ms: number | null;
  /** Single errors, by measure, for histograms. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** A backend on which rows will run: open, or absent with the reason. */
export interface Candidate {
  readonly backend: BackendName;
  /** Undefined if the backend is absent. */
  context: Context | undefined;
  readonly device: DeviceInfo | null;
  readonly reason: string;
  /** Whether EWALD_REQUIRE names it, so that its absence is a failure. */
  readonly required: boolean;
  /** Longest estimated run in seconds; longer rows are `sampled`. */
  readonly budget: number;
  /** Opens it again, after its device was lost. */
  renew(): Promise<void>;
}

/** The report of a validation. */
export interface Report {
  readonly versions: Readonly<Record<string, string>>;
  /** Where it ran: engine and processor, in words. */
  readonly place: string;
  readonly date: string;
  readonly backends: readonly { backend: BackendName; available: boolean; reason: string; device: DeviceInfo | null }[];
  readonly rows: readonly RowResult[];
  readonly counts: Readonly<Record<Outcome, number>>;
  /** In one word: `partial` if all that ran passed and results are missing, `empty` if nothing passed or failed. */
  readonly verdict: 'pass' | 'partial' | 'fail' | 'empty';
  /** Whether nothing failed and something passed; of those that ran. */
  readonly pass: boolean;
  /** Whether it was ended early by its signal. */
  readonly interrupted: boolean;
  /** Results that are missing because it was ended early. */
  readonly left: number;
}

/** Options of a validation. */
export interface ValidateOptions extends ValidateParameters {
  readonly createContext: CreateContext;
  /** Patterns of ids, see `matches`; default: all rows. */
  readonly ids?: readonly string[] | undefined;
  /** Backends that must be available, in the form of EWALD_REQUIRE: `wasm,webgpu`. */
  readonly require?: string | undefined;
  /** Further options of the contexts, such as `wasm` or `addonPath`. */
  readonly context?: ContextOptions | undefined;
  readonly place?: string | undefined;
  readonly versions?: Readonly<Record<string, string>> | undefined;
  /** Ends after the first failure. */
  readonly stopAtFailure?: boolean | undefined;
  /** Ends the validation between two rows; finished rows are returned. */
  readonly signal?: PlatformSignal | undefined;
  readonly onResult?: ((result: RowResult, done: number, total: number) => void) | undefined;
}

const publicNames = backendNames.filter((name) => name !== 'cuda-emulated');

/** Rows that match the patterns; all without patterns. Throws `Argument` for a pattern without a match. */
export function selectRows(patterns: readonly string[] = []): readonly Row[] {
  for (const pattern of patterns) {
    if (allRows.some(({ id }) => matches(id, pattern))) continue;
    const near = nearest(
      pattern,
      allRows.map(({ id }) => id),
    );
    throw new EwaldError(
      'Argument',
      `no case is called "${pattern}"; ${near ? `did you mean "${near}"? ` : ''}ewald validate --list shows them ` +
        'all, * matches anything',
    );
  }
  return patterns.length === 0 ? allRows : allRows.filter(({ id }) => patterns.some((pattern) => matches(id, pattern)));
}

/** The room of a row. */
export const roomOfRow = ({ id }: { readonly id: string }): string => id.split(':', 1)[0] as string;

/** The rows with those of the rooms in turns, as cards are dealt; rooms with more rows come last. */
function inTurns(all: readonly Row[]): Row[] {
  const turns = new Map<string, number>();
  const placed = all.map((row) => {
    const room = roomOfRow(row);
    const turn = turns.get(room) ?? 0;
    turns.set(room, turn + 1);
    return { row, turn };
  });
  return placed.sort((a, b) => a.turn - b.turn).map(({ row }) => row);
}

/** Other tools that EWALD_REQUIRE may name, with which tests of the ffi room compile. */
const requirableTools = ['fftw', 'gcc', 'gfortran', 'emcc', 'koffi', 'fast-check'];

/** The backends of EWALD_REQUIRE. Throws `Argument` for an unknown name. */
export function parseRequire(text: string | undefined): BackendName[] {
  const names = (text ?? '').split(/[\s,]+/).filter((name) => name !== '' && !requirableTools.includes(name));
  return names.map((name) => {
    const known = backendNames.find((candidate) => candidate === name);
    if (!known) {
      throw new EwaldError(
        'Argument',
        `EWALD_REQUIRE names the backend "${name}"; expected names from ${backendNames.join(', ')}, separated by ` +
          'commas',
      );
    }
    return known;
  });
}

// A GPU interface computed by the CPU is some ten times slower than the wasm core that the costs are written for.
const slowness = (device: DeviceInfo): number => (device.kind === 'software' ? 10 : 1);

// Kernels of WebGPU are compiled at run time, in seconds a plan: SwiftShader takes 0.3, the driver of an H200 0.05 to
// 0.35.
const planningSeconds = ({ backend, device }: Candidate): number =>
  backend !== 'webgpu' ? 0 : device?.kind === 'software' ? 0.3 : 0.15;

/** Opens each backend in its own strict context; one that cannot be opened becomes an absent candidate. */
export async function openCandidates(
  options: Pick<ValidateOptions, 'createContext' | 'backends' | 'require' | 'budget' | 'context'>,
): Promise<Candidate[]> {
  const required = parseRequire(options.require);
  const names = options.backends ?? [...new Set([...publicNames, ...required])];
  const candidates: Candidate[] = [];
  for (const backend of names) {
    const open = (): Promise<Context> =>
      options.createContext({ log: { level: 'error' }, ...options.context, backend, strict: true });
    let context: Context | undefined;
    let reason = 'present';
    try {
      context = await open();
    } catch (error) {
      if (!isEwaldError(error, 'Unsupported') && !isEwaldError(error, 'Load')) {
        for (const candidate of candidates) await candidate.context?.dispose();
        throw error;
      }
      // Uses the loader's own message, if the error contains it.
      reason = typeof error.detail.reason === 'string' ? error.detail.reason : error.message;
    }
    candidates.push({
      backend,
      context,
      device: context?.backends[0]?.device ?? null,
      reason,
      required: required.includes(backend),
      budget: options.budget ?? validateRows.budget.range.fallback,
      async renew() {
        await this.context?.dispose().catch(() => undefined);
        this.context = await open();
      },
    });
  }
  return candidates;
}

/** A row's problem and its truth, computed once for all backends, when the first one runs it. */
export class Problem {
  readonly row: Row;
  /** The result of another program, compared within the same bounds. */
  second: { readonly name: string; readonly value: unknown } | undefined;
  #input: { value: unknown } | undefined;
  #expected: { value: unknown } | undefined;

  constructor(row: Row) {
    this.row = row;
  }

  get input(): unknown {
    this.#input ??= { value: this.row.make(seedOf(this.row.id)) };
    return this.#input.value;
  }

  get expected(): unknown {
    this.#expected ??= { value: this.row.oracle(this.input) };
    return this.#expected.value;
  }
}

/** Estimated time of a row on a backend, in seconds. */
const estimateOf = (row: Row, candidate: Candidate, device: DeviceInfo): number =>
  row.cost * slowness(device) + (row.plans ?? 0) * planningSeconds(candidate);

/** Runs a problem on a backend. Errors become outcomes; nothing is thrown. */
export async function runRow(problem: Problem, candidate: Candidate): Promise<RowResult> {
  const { row } = problem;
  const done: Done = (outcome, why, rest = {}) => ({
    id: row.id,
    backend: candidate.backend,
    outcome,
    why,
    measure: null,
    unit: null,
    error: null,
    bound: null,
    measures: [],
    ms: null,
    samples: {},
    ...rest,
  });
  const { context, device } = candidate;
  if (!context || !device)
    return candidate.required
      ? done('fail', `EWALD_REQUIRE names it, but: ${candidate.reason}`)
      : done('absent', candidate.reason);
  if (row.todo !== undefined) return done('todo', row.todo);
  const seconds = estimateOf(row, candidate, device);
  if (seconds > candidate.budget) {
    return done('sampled', `estimated at ${seconds.toPrecision(2)} s, over the budget of ${candidate.budget} s a row`);
  }
  const before = context.liveBytes;
  let subject: Subject<unknown> | undefined;
  try {
    subject = await row.plan(context, problem.input);
    const started = performance.now();
    const found = await subject.run();
    const ms = performance.now() - started;
    await subject.dispose();
    subject = undefined;
    const result = judge(problem, found, ms, device, done);
    const leaked = context.liveBytes - before;
    return leaked === 0 || result.outcome !== 'pass'
      ? result
      : { ...result, outcome: 'fail', why: `${leaked} bytes are still held after the plan was disposed` };
  } catch (error) {
    await subject?.dispose().catch(() => undefined);
    if (isEwaldError(error, 'DeviceLost')) await candidate.renew().catch(() => undefined);
    if (isEwaldError(error, 'Unsupported'))
      return mayRefuse(row, candidate.backend, device)
        ? done('refused', error.message)
        : done('fail', `refused, and ${candidate.backend} is to do this: ${error.message}`);
    return done(
      'fail',
      isEwaldError(error)
        ? `${error.tag}: ${error.message}`
        : `${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
  }
}

type Done = (outcome: Outcome, why: string | null, rest?: Partial<RowResult>) => RowResult;

/** What was found against the bounds of its row. */
function judge(problem: Problem, found: unknown, ms: number, device: DeviceInfo, done: Done): RowResult {
  const { row, second } = problem;
  const { errors, note, samples = {} } = row.compare(found, problem.expected);
  const bounds = row.bounds(device);
  const measured = (all: Readonly<Record<string, number>>, against = ''): Measure[] =>
    Object.entries(all).map(([name, error]) => {
      const bound = bounds[name];
      if (!bound) throw new EwaldError('Internal', `the row has no bound for "${name}"`);
      return { name: name + against, unit: bound.unit, error, bound: bound.limit };
    });
  const measures = measured(errors);
  if (second) measures.push(...measured(row.compare(found, second.value).errors, ` against ${second.name}`));
  const worst = worstOf(measures);
  const rest = {
    measures,
    ms,
    samples,
    measure: worst?.name ?? null,
    unit: worst?.unit ?? null,
    error: worst?.error ?? null,
    bound: worst?.bound ?? null,
  };
  const failed = measures.filter(({ error, bound }) => !(error <= bound));
  if (failed.length === 0) return done('pass', null, rest);
  const list = failed
    .map((m) => `${m.name} is off by ${formatNumber(m.error)} ${m.unit}, bound ${formatNumber(m.bound)}`)
    .join('; ');
  return done('fail', note ? `${list} (${note})` : list, rest);
}

/** The measure that has used up most of its bound; an error over a bound of zero, or NaN, is beyond all others. */
function worstOf(measures: readonly Measure[]): Measure | undefined {
  const used = ({ error, bound }: Measure): number =>
    error <= bound ? (bound === 0 ? 0 : error / bound) : bound === 0 ? Number.MAX_VALUE : error / bound;
  return measures.reduce<Measure | undefined>(
    (a, b) => (a && !(used(b) > used(a)) && !Number.isNaN(b.error) ? a : b),
    undefined,
  );
}

/** A number with four digits, for display. */
export const formatNumber = (x: number): string =>
  x === 0 || !Number.isFinite(x)
    ? String(x)
    : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5
      ? String(Number(x.toPrecision(4)))
      : x.toExponential(2);

/** Counts outcomes. */
export function tally(results: readonly RowResult[]): Record<Outcome, number> {
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  for (const { outcome } of results) counts[outcome]++;
  return counts;
}

/** What reports begin with: versions, place, date, and the backends that were tried. */
export const headOf = ({ versions, place }: ValidateOptions, candidates: readonly Candidate[]) => ({
  versions: { ewald: version, ...versions },
  place: place ?? 'unknown',
  date: new Date().toISOString(),
  backends: candidates.map(({ backend, device, reason }) => ({ backend, available: device !== null, reason, device })),
});

/** Runs the case tables. Throws `Argument` for unknown ids or names; errors in a row become its outcome. */
export async function validate(options: ValidateOptions): Promise<Report> {
  const selected = selectRows(options.ids);
  const tables = options.engine === undefined ? selected : engineRows({ engine: options.engine }, selected);
  const { POSITIVE_INFINITY: endless } = Number;
  const seconds = checkedValue('validate: seconds', options.seconds, row.number(0, endless, endless));
  const rows = options.seconds === undefined ? tables : inTurns(tables);
  const start = performance.now();
  const candidates = await openCandidates(options);
  const tell = observer('validate', options, 'onResult');
  const results: RowResult[] = [];
  let failed = false;
  try {
    for (const row of rows) {
      let problem: Problem | undefined;
      for (const candidate of candidates) {
        const left = seconds - (performance.now() - start) / 1000;
        if (left <= 0 || options.signal?.aborted || (failed && options.stopAtFailure)) break;
        const { device, budget } = candidate;
        const estimate = device ? estimateOf(row, candidate, device) : 0;
        // Rows beyond the budget are only reported.
        if (estimate <= budget && estimate > left) continue;
        problem ??= new Problem(row);
        const result = await runRow(problem, candidate);
        results.push(result);
        failed ||= result.outcome === 'fail';
        tell(result, results.length, rows.length * candidates.length);
        await yieldToEventLoop();
      }
    }
  } finally {
    for (const candidate of candidates) await candidate.context?.dispose().catch(() => undefined);
  }
  const counts = tally(results);
  const left = rows.length * candidates.length - results.length;
  const pass = counts.fail === 0 && counts.pass > 0;
  return {
    ...headOf(options, candidates),
    rows: results,
    counts,
    verdict: pass ? (left > 0 ? 'partial' : 'pass') : counts.fail > 0 ? 'fail' : 'empty',
    pass,
    interrupted: options.signal?.aborted ?? false,
    left,
  };
}
