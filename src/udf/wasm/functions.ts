/** The UDFs of a run that have a WebAssembly module: one instance for each of them, which processes the partitions. */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Pace } from '../../util/pace.js';
import type { RunningUdf } from '../execution/running-udf.js';
import { declarationsOf } from '../functions/call-method.js';
import type { AnyUdf, PartitionMeta, UdfMeta } from '../functions/udf.js';
import type { WasmCode } from './code.js';
import { WasmInstance } from './instance.js';

/** Bytes of the frames of one call: small enough to stop soon after Ctrl-C, and to stay in the inner caches. */
const callBytes = 2 ** 20;

/** The modules of a run. */
export class WasmFunctions {
  readonly #codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly #frames: number;
  readonly #piece: number;
  readonly #instances = new Map<AnyUdf, { readonly params: RunningUdf['params']; readonly instance: WasmInstance }>();

  /** `frames` are those of the largest partition, `piece` those that are processed together. */
  constructor(codes: ReadonlyMap<AnyUdf, WasmCode> = new Map(), frames = 0, piece = frames) {
    this.#codes = codes;
    this.#frames = frames;
    this.#piece = piece;
  }

  /** Makes the instances of a run before its first frames are read, so that these are read into their memory. */
  open(
    udfs: readonly { readonly udf: AnyUdf; readonly params: Readonly<Record<string, unknown>> }[],
    meta: UdfMeta,
  ): void {
    for (const { udf, params } of udfs) {
      const code = this.#codes.get(udf);
      if (code) this.#instanceFor({ udf, params, declarations: declarationsOf(udf, meta, params), meta }, code);
    }
  }

  /** Memory of a module for frames, which then need no copy; undefined if all is in use. */
  takeFrames(dtype: DataType, length: number): FrameArray | undefined {
    const [first] = this.#instances.values();
    return first?.instance.takeFrames(dtype, length);
  }

  /** Takes frames back; returns false if they are not in the memory of a module. */
  giveFrames(frames: FrameArray): boolean {
    for (const { instance } of this.#instances.values()) if (instance.giveFrames(frames)) return true;
    return false;
  }

  /** Copies the state of a partition's results into the module of a UDF that has one. */
  begin(running: RunningUdf): void {
    const code = this.#codes.get(running.udf);
    if (code) this.#instanceFor(running, code).writeResults(running.arrays);
  }

  /** Lets the module of a UDF process the frames [first, end) of a partition; returns false for a UDF without one. */
  async process(
    running: RunningUdf,
    frames: FrameArray,
    first: number,
    end: number,
    signal: PlatformSignal | undefined,
  ): Promise<boolean> {
    const code = this.#codes.get(running.udf);
    if (!code) return false;
    const positions = running.meta.positions.subarray(first, end);
    const instance = this.#instanceFor(running, code);
    const copied = !instance.holds(frames);
    const inside = copied ? instance.copyFrames(frames) : frames;
    try {
      const pace = new Pace(signal);
      for (const [from, to] of callsOf(positions, frames.byteLength / positions.length)) {
        try {
          instance.process(inside, from, first + from, to - from, positions[from] as number);
        } catch (cause) {
          throw this.#failed(running, code, { frames, positions, first }, [from, to], cause);
        }
        if (pace.due) await pace.rest();
      }
    } finally {
      if (copied) instance.giveFrames(inside);
    }
    return true;
  }

  /** Copies a partition's results out of the module of a UDF that has one. */
  finish(running: RunningUdf): void {
    const code = this.#codes.get(running.udf);
    if (!code) return;
    const instance = this.#instanceFor(running, code);
    instance.checkGuards();
    instance.readResults(running.arrays);
  }

  dispose(): void {
    this.#instances.clear();
  }

  /** The instance of a UDF; parameters that change during a run require another. */
  #instanceFor(used: Used, code: WasmCode): WasmInstance {
    const { udf, params } = used;
    const before = this.#instances.get(udf);
    if (before && sameValues(before.params, params)) return before.instance;
    const instance = this.#instantiate(used, code);
    this.#instances.set(udf, { params, instance });
    return instance;
  }

  #instantiate({ declarations, meta, params }: Used, code: WasmCode): WasmInstance {
    const frames = Math.max(this.#frames, 'positions' in meta ? meta.positions.length : 0);
    return new WasmInstance(code, { params, declarations, meta, frames, piece: this.#piece });
  }

  /**
   * The error of a call, with the frame that causes it; to find it, another instance processes the frames one by one.
   */
  #failed(
    running: RunningUdf,
    code: WasmCode,
    { frames, positions, first }: { frames: FrameArray; positions: Uint32Array; first: number },
    [from, to]: readonly [number, number],
    cause: unknown,
  ): Error {
    const at = (where: string, reason: unknown): EwaldError =>
      new EwaldError('Argument', `${code.what} failed in ${where}: ${messageOf(reason)}`, {
        cause: reason,
        detail: { udf: running.udf.definition.name, where, threw: true },
      });
    // If the module has grown the memory that contains the frames, they are detached.
    if (frames.length === 0) return at(`frames ${positions[from]} to ${positions[to - 1]}`, cause);
    const numbers = frames.length / positions.length;
    const another = this.#instantiate(running, code);
    const copy = another.copyFrames(frames.subarray(from * numbers, to * numbers));
    another.writeResults(running.arrays);
    for (let i = from; i < to; i++)
      try {
        another.process(copy, i - from, first + i, 1, positions[i] as number);
      } catch (reason) {
        return at(`frame ${positions[i]}`, reason);
      }
    return at(`frames ${positions[from]} to ${positions[to - 1]}`, cause);
  }
}

/** A UDF whose module is needed. */
type Used = Pick<RunningUdf, 'udf' | 'params' | 'declarations'> & { readonly meta: UdfMeta | PartitionMeta };

/** Calls for some frames: those at consecutive positions, up to `callBytes`. */
function* callsOf(positions: Uint32Array, frameBytes: number): Generator<[first: number, end: number]> {
  const most = Math.max(1, Math.floor(callBytes / frameBytes));
  for (let first = 0; first < positions.length; ) {
    let end = first + 1;
    while (end < positions.length && end - first < most && positions[end] === (positions[end - 1] as number) + 1) end++;
    yield [first, end];
    first = end;
  }
}

/** Whether two sets of parameters hold the same values. */
function sameValues(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(b).every((name) => Object.is(a[name], b[name]));
}
