/** The UDFs of a run that have a WebAssembly module: one instance for each of them, which processes the partitions. */
import { EwaldError, messageOf } from '../../base/errors.js';
import { breathe, checkSignal } from '../../base/options.js';
import type { DataType, FrameArray } from '../../data/dtype.js';
import type { Running } from '../running.js';
import type { AnyUdf } from '../udf.js';
import type { WasmCode } from './code.js';
import { WasmInstance } from './instance.js';

/** Bytes of the frames of one call: small enough to stop soon after Ctrl-C, and to stay in the inner caches. */
const callBytes = 2 ** 20;

/** The modules of a run. */
export class WasmFunctions {
  readonly #codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly #frames: number;
  readonly #slots: number;
  readonly #instances = new Map<AnyUdf, { readonly params: Running['params']; readonly instance: WasmInstance }>();

  /** `frames` are those of the largest partition, `slots` the partitions that are in memory at a time. */
  constructor(codes: ReadonlyMap<AnyUdf, WasmCode> = new Map(), frames = 0, slots = 1) {
    this.#codes = codes;
    this.#frames = frames;
    this.#slots = slots;
  }

  /**
   * Memory of a module for the frames of a partition, which then need no copy; undefined if all is in use. The first
   * partitions are copied, since instances are made when their parameters are known.
   */
  takeFrames(dtype: DataType, length: number): FrameArray | undefined {
    const [first] = this.#instances.values();
    return first?.instance.takeFrames(dtype, length);
  }

  /** Takes frames back; returns false if they are not in the memory of a module. */
  giveFrames(frames: FrameArray): boolean {
    for (const { instance } of this.#instances.values()) if (instance.giveFrames(frames)) return true;
    return false;
  }

  /** Lets the module of a UDF process a partition; returns false for a UDF without one. */
  async run(running: Running, frames: FrameArray, signal: AbortSignal | undefined): Promise<boolean> {
    const code = this.#codes.get(running.udf);
    if (!code) return false;
    const { positions } = running.meta;
    const instance = this.#instanceFor(running, code);
    const copied = !instance.holds(frames);
    const inside = copied ? instance.copyFrames(frames) : frames;
    try {
      instance.writeResults(running.arrays);
      let breathed = performance.now();
      for (const [first, end] of callsOf(positions, frames.byteLength / positions.length)) {
        try {
          instance.process(inside, first, end, positions[first] as number);
        } catch (cause) {
          throw this.#failed(running, code, frames, first, end, cause);
        }
        if (performance.now() - breathed < 50) continue;
        await breathe();
        checkSignal(signal);
        breathed = performance.now();
      }
      instance.checkGuards();
      instance.readResults(running.arrays);
    } finally {
      if (copied) instance.giveFrames(inside);
    }
    return true;
  }

  dispose(): void {
    this.#instances.clear();
  }

  /** The instance of a UDF; parameters that change during a run require another. */
  #instanceFor(running: Running, code: WasmCode): WasmInstance {
    const before = this.#instances.get(running.udf);
    if (before && sameValues(before.params, running.params)) return before.instance;
    const instance = this.#instantiate(running, code);
    this.#instances.set(running.udf, { params: running.params, instance });
    return instance;
  }

  #instantiate({ declarations, meta, params }: Running, code: WasmCode): WasmInstance {
    const frames = Math.max(this.#frames, meta.positions.length);
    return new WasmInstance(code, { params, declarations, meta, frames, slots: this.#slots });
  }

  /**
   * The error of a call, with the frame that causes it; to find it, another instance processes the frames one by one.
   */
  #failed(running: Running, code: WasmCode, frames: FrameArray, first: number, end: number, cause: unknown): Error {
    const { positions } = running.meta;
    const at = (where: string, reason: unknown): EwaldError =>
      new EwaldError('Argument', `${code.what} failed in ${where}: ${messageOf(reason)}`, {
        cause: reason,
        detail: { udf: running.udf.definition.name, where, threw: true },
      });
    // If the module has grown the memory that contains the frames, they are detached.
    if (frames.length === 0) return at(`frames ${positions[first]} to ${positions[end - 1]}`, cause);
    const numbers = frames.length / positions.length;
    const another = this.#instantiate(running, code);
    const copy = another.copyFrames(frames.subarray(first * numbers, end * numbers));
    another.writeResults(running.arrays);
    for (let i = first; i < end; i++)
      try {
        another.process(copy, i - first, i - first + 1, positions[i] as number);
      } catch (reason) {
        return at(`frame ${positions[i]}`, reason);
      }
    return at(`frames ${positions[first]} to ${positions[end - 1]}`, cause);
  }
}

/** Calls of a partition: frames at consecutive positions, up to `callBytes`. */
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
