/**
 * The audit: in production, a fraction of the results of a faster backend is recomputed on the wasm reference, in a
 * worker.
 *
 * Results are selected before the run and their input is copied; the worker's time is limited by a budget, and results
 * that could not be checked are counted. The audit finds a drifting card or driver while it matters; it does not
 * replace `ewald validate`.
 */

import { checkedOptions, row } from '../../options/call-options.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { Logger } from '../../util/log.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type { AuditOptions, AuditReport } from '../backends/audit-options.js';
import type { WasmSource } from '../backends/names.js';
import { Random } from '../random/random.js';
import { WorkerClient } from '../workers/client.js';
import type { WorkerCall, WorkerCalls } from '../workers/messages.js';

/**
 * One check: what the worker recomputes, and the comparison, which returns a description of a difference or undefined.
 */
export interface AuditTask<C extends WorkerCall = WorkerCall> {
  readonly what: string;
  readonly call: C;
  readonly options: WorkerCalls[C]['options'];
  /** Estimated duration of the recomputation in seconds. */
  readonly cost: number;
  compare(value: WorkerCalls[C]['value']): string | undefined;
}

const rows = {
  fraction: row.number(0, 1, 0),
  onDrift: row.choice(['warn', 'fail'], 'warn'),
  budgetS: row.number(0, 86400, 2),
  seed: row.integer(0, 2 ** 53),
} as const;

/** The auditor of a context. */
export class Auditor implements AuditReport {
  results = 0;
  drawn = 0;
  agreed = 0;
  drifted = 0;
  unchecked = 0;
  readonly drifts: string[] = [];
  readonly onDrift: 'warn' | 'fail';
  readonly #fraction: number;
  readonly #budget: number;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #start: () => WorkerPort;
  readonly #wasm: WasmSource | undefined;
  readonly #checks = new Set<Promise<void>>();
  #worker: WorkerClient | undefined;
  #backlog = 0;

  /** `start` starts a worker; `wasm` is the location of its core, if it is not next to the bundle. */
  constructor(options: number | AuditOptions, log: Logger, start: () => WorkerPort, wasm: WasmSource | undefined) {
    const given: AuditOptions = typeof options === 'number' ? { fraction: options } : options;
    const { fraction, onDrift, budgetS, seed } = checkedOptions('createContext({ audit })', given, rows);
    this.#fraction = fraction;
    this.onDrift = onDrift;
    this.#budget = budgetS;
    this.#random = new Random(seed ?? Math.floor(Date.now() + performance.now() * 1000), 0);
    this.#log = log;
    this.#start = start;
    this.#wasm = wasm;
  }

  /** Draws at random whether the next result is checked. */
  draw(): boolean {
    this.results++;
    const drawn = this.#random.uniform() < this.#fraction;
    if (drawn) this.drawn++;
    return drawn;
  }

  /**
   * Checks a selected result in the worker; with `fail` the promise rejects with `Mismatch` if it differs, with `warn`
   * it never rejects.
   */
  async check<C extends WorkerCall>(task: AuditTask<C>): Promise<void> {
    const check = this.#check(task);
    this.#checks.add(check);
    check.catch(() => undefined).finally(() => this.#checks.delete(check));
    if (this.onDrift === 'fail') await check;
    else check.catch(() => undefined);
  }

  /** Counts a selected result that could not be checked. */
  giveUp(why: string): void {
    // Warn once: an audit that checks nothing must not look like one that finds nothing.
    this.#log.write(this.unchecked++ === 0 ? 'warn' : 'debug', `audit: not checked, ${why}`);
  }

  async #check<C extends WorkerCall>({ what, call, options, cost, compare }: AuditTask<C>): Promise<void> {
    // With `fail` the caller waits for the worker, so only `warn` needs a limit on the backlog.
    if (this.onDrift === 'warn' && this.#backlog + cost > this.#budget) {
      this.giveUp(`${what}: ${this.#backlog.toFixed(1)} s of checks are waiting, the budget is ${this.#budget} s`);
      return;
    }
    this.#backlog += cost;
    let drift: string | undefined;
    try {
      drift = compare(await this.#open().ask(call, options));
    } catch (error) {
      this.giveUp(`${what}: ${messageOf(error)}`);
      return;
    } finally {
      this.#backlog -= cost;
    }
    if (drift === undefined) {
      this.agreed++;
      return;
    }
    this.drifted++;
    const message = `${what} differs from the reference: ${drift}; run ewald validate on this machine`;
    if (this.drifts.length < 10) this.drifts.push(message);
    this.#log.write(this.onDrift === 'fail' ? 'error' : 'warn', `audit: ${message}`);
    if (this.onDrift === 'fail') throw new EwaldError('Mismatch', `audit: ${message}`);
  }

  #open(): WorkerClient {
    if (this.#worker) return this.#worker;
    const worker = new WorkerClient(this.#start());
    // Functions and responses cannot be sent to a worker, which then uses the core next to its bundle.
    const wasm = this.#wasm instanceof URL ? this.#wasm.href : this.#wasm;
    const travels =
      typeof wasm === 'string' ||
      wasm instanceof Uint8Array ||
      wasm instanceof ArrayBuffer ||
      wasm instanceof WebAssembly.Module;
    if (travels) worker.ask('open', { backend: 'wasm', strict: true, wasm }).catch(() => undefined);
    this.#worker = worker;
    return worker;
  }

  /** Waits for the running checks and ends the worker. */
  async dispose(): Promise<void> {
    await Promise.allSettled(this.#checks);
    await this.#worker?.end();
    this.#worker = undefined;
  }
}
