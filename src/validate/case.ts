/**
 * A row of a case table. The same row is a test, a line of `ewald validate` and a benchmark.
 *
 * A row defines its problem, its truth and its bound; it is independent of backends. Its id is an address: the same id
 * is the same problem on every machine, because the seed is the hash of the id.
 */

import type { BackendName, DeviceInfo } from '../compute/backends/names.js';
import type { Context } from '../context/rooms.js';
import type { MethodOf } from '../util/members.js';
import type { Bound } from './bounds.js';

/** The possible outcomes of a row on a backend. */
export const outcomes = ['pass', 'fail', 'refused', 'absent', 'todo', 'sampled'] as const;
/**
 * `pass` and `fail` were run. `refused`: the backend gives a reason for not supporting it. `absent`: the backend is
 * unavailable. `todo`: known to be missing. `sampled`: skipped because its cost exceeds the device's budget.
 */
export type Outcome = (typeof outcomes)[number];

/** Deviation of an output from the truth: an error for each name in the row's bounds. */
export interface Comparison {
  readonly errors: Readonly<Record<string, number>>;
  /** Description of an error that a number cannot express. */
  readonly note?: string | undefined;
  /** Individual errors that the largest one summarizes, by name, for histograms. */
  readonly samples?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** A row planned on a backend. */
export interface Subject<Output> {
  run(): Promise<Output>;
  /**
   * The call that `ewald bench` times if `run` does more than the work, such as filling guards and reading results.
   * Returns only the call, between existing arrays, and its amount in the row's unit.
   */
  timed?: MethodOf<[], { readonly amount: number; call(): Promise<unknown> }> | undefined;
  dispose(): Promise<void>;
}

/** An alternative implementation of the same work, timed in addition to a backend. */
interface Peer<Input> {
  readonly name: string;
  /** Does about `amount` units of the row's work; returns the amount done. */
  run(input: Input): number;
}

/** A target ratio of rates: a backend over a peer or over another backend. */
export interface Target {
  readonly backend: BackendName;
  readonly over: string;
  readonly ratio: number;
}

/** One row of a case table. */
export interface Row<Input = unknown, Output = unknown, Truth = Output> {
  /** Address, `room:kind:what=value…`. */
  readonly id: string;
  /** The purpose of the row in one sentence. */
  readonly about: string;
  /** Estimated seconds on one thread of the wasm core. */
  readonly cost: number;
  /** Plans that one run makes, if more than one: a software GPU compiles some tenths of a second for each. */
  readonly plans?: number | undefined;
  /** The amount of work of one run, for rates. */
  readonly work: { readonly amount: number; readonly unit: 'points' | 'images' | 'frames' | 'transforms' | 'numbers' };
  /** Whether `ewald bench` times it if no ids are given. */
  readonly bench?: boolean | undefined;
  /** Whether any device may refuse it: rows of external engines, which report themselves what they do not support. */
  readonly refusable?: boolean | undefined;
  /** Backends that have no kernels for it yet and therefore refuse it. */
  readonly refusedBy?: readonly BackendName[] | undefined;
  /** Why the row cannot pass yet. */
  readonly todo?: string | undefined;
  readonly peers?: readonly Peer<Input>[] | undefined;
  readonly targets?: readonly Target[] | undefined;
  /** The problem of a seed. */
  make(seed: number): Input;
  /** The truth: float64 or integers, never the C++ core. */
  oracle(input: Input): Truth;
  /** Plans the problem on the context's first backend. */
  plan(context: Context, input: Input): Promise<Subject<Output>>;
  compare(found: Output, expected: Truth): Comparison;
  /** Bounds by name; wider only where the device lacks a capability. */
  bounds(device: DeviceInfo): Readonly<Record<string, Bound>>;
}

/** The table of a room: its rows, and the id of a small one that the support table tries. */
export interface RoomTable {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly sample: string;
}

/** Seed of a row: FNV-1a of its id, 32 bits. */
export function seedOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Whether a device may refuse a row: only double precision, and only if it has none. Any other refusal is a failure, so
 * that a backend that loses a feature cannot pass unnoticed. Rows that may be refused for other reasons declare it
 * themselves.
 */
export function mayRefuse(row: Row, backend: BackendName, device: DeviceInfo): boolean {
  const { id, refusable = false, refusedBy = [] } = row;
  const double = id.split(':').some((part) => part === 'f64' || part === 'c128');
  return refusable || refusedBy.includes(backend) || (double && !device.precisions.includes('f64'));
}

/**
 * Whether an id matches a pattern: `*` matches anything, and a pattern without it matches itself and all ids below it.
 */
export function matches(id: string, pattern: string): boolean {
  if (!pattern.includes('*')) return id === pattern || id.startsWith(`${pattern}:`);
  const expression = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`).test(id);
}
