/** A library in a wasm module: its exports, its heap, its function table. */

import { toMultiple, type WasmHeap, WasmSpace } from '../../memory/space.js';
import { EwaldError } from '../../util/errors.js';
import { callbackShape, resultOf } from '../callback.js';
import {
  type Argument,
  type CallFrame,
  type Converter,
  type Direction,
  FrameEnds,
  type Parameter,
  type Scratch,
} from '../frame.js';
import {
  type CFunction,
  type CType,
  type FunctionTable,
  type FunctionType,
  signature,
  typeText,
} from '../header/types.js';
import { type Lending, Lent } from '../lent.js';
import { missing } from '../names.js';
import { Runtime } from '../runtime.js';
import type { ArgumentName, Bits } from '../scalars.js';
import type { Bound, Target } from '../target.js';
import { calledLate, Trampolines } from '../trampolines.js';
import { exportedSignatures, signatureText, type WasmSignature, wasmFunction } from './binary.js';
import { isLowered, lowered, valueConverter } from './by-value.js';
import type { Started, WasmImports } from './module.js';
import type { OpenPort } from './port.js';
import { wasmSignature } from './types.js';
import { WorkerCalls } from './worker.js';

type Exports = Record<string, unknown> & { memory: WebAssembly.Memory };

/** Names under which modules export their allocator, in order of preference. */
const allocators: readonly (readonly [string, string])[] = [
  ['malloc', 'free'],
  ['ewald_alloc', 'ewald_free'],
  ['_malloc', '_free'],
];

interface WasmTargetOptions {
  /** Starts the worker of asynchronous calls. */
  readonly port: OpenPort;
  readonly imports?: WasmImports;
}

export class WasmTarget implements Target {
  readonly kind = 'wasm';
  readonly runtime: Runtime;
  readonly #exports: Exports;
  readonly #heap: WasmHeap;
  readonly #signatures: Map<string, WasmSignature> | undefined;
  readonly #started: Started;
  readonly #options: WasmTargetOptions;
  readonly #slots: number[] = [];
  readonly #shapes = new WeakMap<FunctionType, ReturnType<typeof callbackShape>>();
  readonly #trampolines = new Trampolines<FunctionType>((type, enter) => this.#trampoline(type, enter));
  #workers: WorkerCalls | undefined;

  constructor(table: FunctionTable, name: string, started: Started, options: WasmTargetOptions) {
    const exports = started.instance.exports as Exports;
    if (!(exports.memory instanceof WebAssembly.Memory))
      throw new EwaldError('Load', `the wasm module ${name} exports no "memory", so nothing can be passed to it`);
    const pair = allocators.find(
      ([malloc, free]) => typeof exports[malloc] === 'function' && typeof exports[free] === 'function',
    );
    const absent = (): never => {
      throw new EwaldError(
        'Load',
        `the wasm module ${name} exports no malloc and free, which arrays and text need; with Emscripten: ` +
          '-sEXPORTED_FUNCTIONS=_malloc,_free,…',
      );
    };
    this.#exports = exports;
    this.#heap = {
      memory: exports.memory,
      malloc: pair ? (exports[pair[0]] as WasmHeap['malloc']) : absent,
      free: pair ? (exports[pair[1]] as WasmHeap['free']) : absent,
    };
    this.#signatures = started.bytes && exportedSignatures(started.bytes);
    this.#started = started;
    this.#options = options;
    this.runtime = new Runtime(table, new WasmSpace(this.#heap, { endsViews: started.module !== undefined }), name);
    this.#keepStack(exports);
  }

  /** Code that traps, or ends the module, leaves its part of the stack: the next call would begin there. */
  #keepStack({ stackSave, stackRestore }: Record<string, unknown>): void {
    if (typeof stackSave !== 'function' || typeof stackRestore !== 'function') return;
    const top: unknown = stackSave();
    this.runtime.stack = { save: () => stackSave(), restore: (place) => void stackRestore(place ?? top) };
  }

  symbols(): readonly string[] {
    return Object.keys(this.#exports);
  }

  address(name: string): number | undefined {
    const found = this.#exports[name];
    return found instanceof WebAssembly.Global ? Number(found.value) >>> 0 : undefined;
  }

  readonly #places = new Map<string, number>();

  functionAddress(name: string): number | undefined {
    const known = this.#places.get(name);
    const { [name]: found, __indirect_function_table: table } = this.#exports;
    if (known !== undefined || typeof found !== 'function' || !(table instanceof WebAssembly.Table)) return known;
    try {
      const place = table.grow(1, found);
      this.#places.set(name, place);
      return place;
    } catch {
      // It cannot grow: JavaScript stands between.
      return undefined;
    }
  }

  bind(fn: CFunction): Bound {
    const wanted = wasmSignature(fn, fn.name, this.runtime);
    const symbol = fn.symbol ?? fn.name;
    const call = Object.hasOwn(this.#exports, symbol) ? this.#exports[symbol] : undefined;
    if (typeof call !== 'function') throw missing(this, symbol);
    const found = this.#signatures?.get(symbol);
    const differs = found ? signatureText(found) !== signatureText(wanted) : call.length !== wanted.parameters.length;
    if (differs) {
      const has = found ? `is ${signatureText(found)}` : `takes ${call.length} arguments`;
      throw new EwaldError(
        'Load',
        `the header declares ${signature(fn, fn.name)}, which is ${signatureText(wanted)} on wasm, but the ` +
          `function of ${this.runtime.name} ${has}; the header and the library are from different builds`,
      );
    }
    return this.#bound(call as Bound['call'], fn);
  }

  #bound(call: Bound['call'], fn: CFunction): Bound {
    const isPlain = !isLowered(fn.result) && !fn.parameters.some(({ type }) => isLowered(type));
    const bound = isPlain ? undefined : lowered(call, fn, this.runtime, this.#heap);
    const out = bound && isLowered(fn.result) ? bound.out : resultOf(this.runtime, fn.result);
    return { call: bound?.call ?? call, out };
  }

  byValue(type: CType, place: ArgumentName): Converter | undefined {
    return valueConverter(this.runtime, type, place);
  }

  frame(): CallFrame {
    return new WasmFrame(this, this.#heap);
  }

  #bytes = new Uint8Array(0);

  /** The heap as it is now. */
  get heapBytes(): Uint8Array {
    const { buffer } = this.#heap.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer as ArrayBuffer);
    return this.#bytes;
  }

  async async(fn: CFunction, values: readonly unknown[], parameters: readonly Parameter[]): Promise<unknown> {
    this.bind(fn);
    const byValue = [fn.result, ...fn.parameters.map(({ type }) => type)].find(isLowered);
    if (byValue)
      throw new EwaldError(
        'Unsupported',
        `${fn.name}.async() passes ${typeText(byValue)} by value, which does not cross into a worker; call it synchronously`,
      );
    if (!this.#started.module)
      throw new EwaldError(
        'Unsupported',
        `${fn.name}.async() needs the module, not an instance; open the library with its bytes`,
      );
    this.#workers ??= new WorkerCalls(this.runtime, this.#started.module, this.#options.port, this.#options.imports);
    return this.#workers.call(fn, values, parameters);
  }

  callback(
    type: FunctionType,
    use: (...values: unknown[]) => unknown,
    late: () => Error,
    isKept: boolean,
  ): { address: number; release(): void } {
    let shape = this.#shapes.get(type);
    if (!shape) {
      shape = callbackShape(this.runtime, type);
      this.#shapes.set(type, shape);
    }
    return this.#trampolines.lend(type, shape.wrap(use), shape.late(late), this, isKept) as ReturnType<
      WasmTarget['callback']
    >;
  }

  /** A function of the module's table that calls one of JavaScript. */
  #trampoline(
    type: FunctionType,
    enter: (...bits: (Bits | null)[]) => Bits | null,
  ): { address: number; release(): void } {
    const table = this.#exports.__indirect_function_table;
    if (!(table instanceof WebAssembly.Table)) {
      throw new EwaldError(
        'Unsupported',
        `the wasm module ${this.runtime.name} exports no function table, which callbacks need; with Emscripten: ` +
          '-sALLOW_TABLE_GROWTH -Wl,--export-table',
      );
    }
    const entry = wasmFunction(wasmSignature(type, 'callback', this.runtime), enter as (...values: never[]) => unknown);
    let slot = this.#slots.pop();
    if (slot === undefined) {
      try {
        slot = table.grow(1);
      } catch (cause) {
        throw new EwaldError(
          'Unsupported',
          `the function table of ${this.runtime.name} cannot grow, which callbacks need; with Emscripten: ` +
            '-sALLOW_TABLE_GROWTH',
          { cause },
        );
      }
    }
    const taken = slot;
    table.set(taken, entry);
    return {
      address: taken,
      release: () => {
        table.set(taken, null);
        this.#slots.push(taken);
      },
    };
  }

  bindAt(address: number | bigint, fn: CFunction): Bound {
    const place = Number(address);
    const table = this.#exports.__indirect_function_table;
    if (!(table instanceof WebAssembly.Table))
      throw new EwaldError(
        'Unsupported',
        `the wasm module ${this.runtime.name} exports no function table, which pointers to functions need; with ` +
          'Emscripten: -Wl,--export-table',
      );
    const entry: unknown = place < table.length ? table.get(place) : undefined;
    if (typeof entry !== 'function')
      throw new EwaldError('Argument', `the wasm module ${this.runtime.name} has no function at index ${address}`);
    const wanted = wasmSignature(fn, fn.name, this.runtime);
    if (entry.length !== wanted.parameters.length)
      throw new EwaldError(
        'Argument',
        `the pointer is one to ${signature(fn, fn.name)}, which is ${signatureText(wanted)} on wasm, but the function there ` +
          `takes ${entry.length} arguments`,
      );
    return this.#bound(entry as Bound['call'], fn);
  }

  free(address: number | bigint): void {
    this.#heap.free(Number(address));
  }

  close(): void {
    this.#workers?.close();
  }
}

const utf8 = new TextEncoder();

/** An array that was copied into the heap. */
interface Placed {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly direction: Direction;
  readonly address: number;
  /** Whether it is copied back. */
  readonly isBack: boolean;
}

/**
 * Frees memory of a heap. Made here, and not where it is used: the closures of one call share what any of them has, so that the
 * registry that frees forgotten memory would keep it itself.
 */
const freeing =
  ({ free }: WasmHeap, start: number): (() => void) =>
  () =>
    free(start);

/**
 * Copies arrays into and out of the heap for a call; arrays that are already in the heap are passed by their address.
 */
class WasmFrame extends FrameEnds implements CallFrame {
  readonly #placed: Placed[] = [];
  /** Memory that is freed at the end of the call. */
  readonly #taken: number[] = [];
  /** What the latest memory is to pointers. */
  #lent: Lent | undefined;
  readonly #target: WasmTarget;
  readonly #heap: WasmHeap;

  constructor(target: WasmTarget, heap: WasmHeap) {
    super(false);
    this.#target = target;
    this.#heap = heap;
  }

  place(view: ArrayBufferView, direction: Direction): number {
    if (view.buffer === this.#target.heapBytes.buffer) return view.byteOffset;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const around = this.#placed.length > 0 ? this.#placedAround(bytes, direction, this.#placed.length) : undefined;
    return around
      ? this.#within(around, bytes, direction)
      : this.#put(bytes, direction, this.#take(bytes.length, direction));
  }

  at(views: readonly ArrayBufferView[], direction: Direction): readonly number[] {
    // Copied one after the other into one piece of memory, each aligned as the memory itself is.
    const heap = this.#target.heapBytes.buffer;
    const before = this.#placed.length;
    const all = views.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const around = before > 0 ? all.map((bytes) => this.#placedAround(bytes, direction, before)) : [];
    const isCopied = (bytes: Uint8Array, i: number): boolean => bytes.buffer !== heap && !around[i];
    let size = 0;
    for (let i = 0; i < all.length; i++) {
      const bytes = all[i] as Uint8Array;
      if (isCopied(bytes, i)) size += Math.ceil(bytes.length / 16) * 16;
    }
    let next = size > 0 ? this.#take(size, direction) : 0;
    return all.map((bytes, i) => {
      if (bytes.buffer === heap) return bytes.byteOffset;
      if (around[i]) return this.#within(around[i], bytes, direction);
      const address = this.#put(bytes, direction, next);
      next += Math.ceil(bytes.length / 16) * 16;
      return address;
    });
  }

  /** Copies an array to an address in the heap. */
  #put(bytes: Uint8Array, direction: Direction, address: number): number {
    const { length } = bytes;
    this.#placed.push({ bytes, length, direction, address, isBack: direction !== 'in' });
    if (direction !== 'out') this.#target.heapBytes.set(bytes, address);
    return address;
  }

  /** The address of an array within one that is in the heap already. */
  #within(around: Placed, bytes: Uint8Array, direction: Direction): number {
    const address = around.address + bytes.byteOffset - around.bytes.byteOffset;
    if (direction !== 'out' && around.direction === 'out') this.#target.heapBytes.set(bytes, address);
    if (direction !== 'in' && around.direction === 'in')
      this.#placed.push({ bytes, length: bytes.length, direction, address, isBack: true });
    return address;
  }

  /**
   * One of the first `count`, of which an array is a part: what C writes to one of them, it has to see in the other.
   *
   * @throws `Argument` for arrays that overlap otherwise.
   */
  #placedAround(bytes: Uint8Array, direction: Direction, count: number): Placed | undefined {
    const start = bytes.byteOffset;
    const end = start + bytes.length;
    for (let i = 0; i < count; i++) {
      const placed = this.#placed[i] as Placed;
      const from = placed.bytes.byteOffset;
      const to = from + placed.length;
      if (start >= to || from >= end || placed.bytes.buffer !== bytes.buffer) continue;
      if (start >= from && end <= to) return placed;
      if (direction !== 'in' || placed.direction !== 'in')
        throw new EwaldError(
          'Argument',
          'two arrays of this call overlap, and C writes to one of them, which copies in the wasm heap cannot show in ' +
            'the other; pass the larger one first, or memory of alloc()',
        );
    }
    return undefined;
  }

  override done(): void {
    for (let i = 0; i < this.#placed.length; i++) {
      const { bytes, length, address, isBack } = this.#placed[i] as Placed;
      if (!isBack) continue;
      if (bytes.length !== length)
        throw new EwaldError(
          'Disposed',
          'the buffer of an array was transferred while C worked on its copy in the wasm heap, so that what C wrote is lost; transfer it after the call',
        );
      bytes.set(this.#target.heapBytes.subarray(address, address + length));
    }
    super.done();
  }

  override end(): void {
    super.end();
    while (this.#placed.length > 0) this.#placed.pop();
    while (this.#taken.length > 0) this.#heap.free(this.#taken.pop() as number);
  }

  text(text: string): Argument {
    // Three bytes hold what one unit of UTF-16 is in UTF-8, and shared memory takes no text directly.
    if (text.length > 1000 || !(this.#heap.memory.buffer instanceof ArrayBuffer))
      return this.place(utf8.encode(`${text}\0`), 'in');
    const room = text.length * 3 + 1;
    const address = this.#take(room, 'in');
    const { heapBytes } = this.#target;
    const { written } = utf8.encodeInto(text, heapBytes.subarray(address, address + room));
    heapBytes[address + written] = 0;
    return address;
  }

  scratch(bytes: number, direction: Direction = 'in', align = 1): Scratch {
    const address = this.#take(bytes, direction, align);
    const lent = this.#lent;
    this.#target.heapBytes.fill(0, address, address + bytes);
    return { argument: address, address, lent, view: () => new DataView(this.#heap.memory.buffer, address, bytes) };
  }

  callback(type: FunctionType, use: (...values: unknown[]) => unknown, place: ArgumentName): Argument {
    const { address, release } = this.#target.callback(type, use, () => calledLate(place(), true), false);
    this.release(release);
    return address;
  }

  /** Memory that is freed at the end of the call, or with the last pointer that C gave back into it. */
  #take(bytes: number, direction: Direction, align = 1): number {
    const spare = align > 8 ? align : 0;
    const start = this.#heap.malloc(Math.max(1, bytes) + spare) >>> 0;
    if (start === 0)
      throw new EwaldError(
        'OutOfMemory',
        `the wasm heap cannot provide ${bytes} more bytes for an argument (it holds ${this.#heap.memory.buffer.byteLength})`,
      );
    const { lending } = this;
    const address = start + toMultiple(start, spare);
    this.#lent = lending && this.#lend(lending, { start, address, bytes }, direction);
    if (!this.#lent) this.#taken.push(start);
    return address;
  }

  #lend(
    lending: Lending,
    { start, address, bytes }: { readonly start: number; readonly address: number; readonly bytes: number },
    direction: Direction,
  ): Lent {
    const free = freeing(this.#heap, start);
    const copiedFor = direction === 'in' ? undefined : lending;
    const lent = new Lent({ what: lending.place, bytes, address: () => address, kept: undefined, copiedFor, free });
    this.release(() => {
      if (!lent.claimed) free();
    });
    return lending.add(lent);
  }
}
