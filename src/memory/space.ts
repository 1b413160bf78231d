/** Spaces of memory: JavaScript, the heap of a wasm module, or the process, where C has addresses for it. */
import { EwaldError } from '../util/errors.js';
import type { PlatformMemory } from '../util/globals.js';
import { inspect } from '../util/options.js';
import { backstop } from './disposable.js';
import { BufferError } from './errors.js';
import { shownAs } from './inspect.js';
import type { DataModel } from './model.js';

/** An address: a number in a wasm heap, a bigint in the process. */
export type Address = number | bigint;

/** The address of what lies some bytes behind another. */
export const offsetBy = (address: Address, bytes: number): Address =>
  typeof address === 'bigint' ? address + BigInt(bytes) : address + bytes;

/** The bytes from an address to the next one that is a multiple of `align`; 0 asks for none. */
export const toMultiple = (address: Address, align: number): number =>
  align === 0 ? 0 : (align - (typeof address === 'bigint' ? Number(address % BigInt(align)) : address % align)) % align;

/** A span of memory. */
export interface Span {
  readonly byteLength: number;
  /** Its address; undefined in JavaScript's own memory. */
  readonly address: Address | undefined;
  /** A view of the current bytes. Do not keep it, since the next growth of a wasm heap detaches it. */
  view(): DataView;
}

/** Memory that its owner has to free; a second call does nothing. */
export interface Allocation extends Span {
  free(): void;
  readonly freed: boolean;
}

/** A space of memory. */
export interface MemorySpace {
  readonly kind: 'js' | 'wasm' | 'native';
  /** The data model, which determines the sizes of C's types in this space. */
  readonly model: DataModel;
  /** Bytes allocated by `allocate` and not freed yet. */
  readonly liveBytes: number;
  /** Number of times that C may have changed its memory, its tables of pointers above all. */
  turn: number;
  /**
   * Zeroed memory, aligned for every type that has no alignment of its own, or to `align` bytes; `what` names it in a
   * warning if it is left to the garbage collector.
   */
  allocate(bytes: number, what?: string, align?: number): Allocation;
  /** A span of memory with another owner. */
  span(address: Address, bytes: number): Span;
  /** The span under a view, if it is in this space. */
  locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Span | undefined;
}

const gone = (): BufferError =>
  new BufferError(
    'DISPOSED',
    'the buffer under this memory was transferred, shrunk or freed; create a new memory from the buffer that holds ' +
      'the data now',
  );

/** A span, which may have an owner that frees it. */
abstract class OwnableSpan implements Allocation {
  readonly byteLength: number;
  readonly address: Address | undefined;
  #free: (() => void) | undefined;
  #freed = false;

  constructor(byteLength: number, address: Address | undefined) {
    this.byteLength = byteLength;
    this.address = address;
  }

  abstract view(): DataView;

  get freed(): boolean {
    return this.#freed;
  }

  /** Sets how it is freed. */
  freedBy(free: () => void): this {
    this.#free = free;
    return this;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    backstop.unregister(this);
    this.#free?.();
  }
}

/** Bytes of a JavaScript buffer, with or without a native address. */
class BufferSpan extends OwnableSpan {
  readonly #view: DataView;

  constructor(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, address?: Address) {
    super(byteLength, address);
    this.#view = new DataView(buffer as ArrayBuffer, byteOffset, byteLength);
  }

  view(): DataView {
    const view = this.#view;
    // A transfer or a resize cannot be prevented in JavaScript; it is detected here instead.
    if (view.buffer.byteLength < this.byteLength) throw gone();
    return view;
  }
}

/** Bytes of a wasm heap, whose buffer changes when it grows. */
class HeapSpan extends OwnableSpan {
  readonly #memory: PlatformMemory;
  #view: DataView;

  constructor(memory: PlatformMemory, address: number, byteLength: number) {
    super(byteLength, address);
    this.#memory = memory;
    this.#view = new DataView(memory.buffer as ArrayBuffer, address, byteLength);
  }

  view(): DataView {
    if (this.freed) throw gone();
    const { buffer } = this.#memory;
    if (this.#view.buffer !== buffer)
      this.#view = new DataView(buffer as ArrayBuffer, this.address as number, this.byteLength);
    return this.#view;
  }
}

function checkBytes(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new EwaldError('Argument', `${inspect(bytes)} bytes of memory are requested; expected a whole number from 0`);
}

/** Counts the bytes that are allocated in a space. */
class Counted {
  turn = 0;
  #live = 0;

  get liveBytes(): number {
    return this.#live;
  }

  /** Counts a span until it is freed, also when it was forgotten if it is `watched`, with its name in warnings. */
  protected owned(span: OwnableSpan, free: () => void, watched?: { readonly what?: string | undefined }): Allocation {
    const { byteLength } = span;
    this.#live += byteLength;
    const release = (): void => {
      this.#live -= byteLength;
      free();
    };
    if (watched) backstop.register(span, { ...watched, free: release }, span);
    return span.freedBy(release);
  }

  /** Counts a span until it is freed or collected, which frees its memory by itself. */
  protected collected(span: Allocation): Allocation {
    const { byteLength } = span;
    const free = (): void => {
      this.#live -= byteLength;
    };
    backstop.register(span, { free }, span);
    return span;
  }
}

/** Memory in buffers of JavaScript, without addresses. */
class BufferSpace extends Counted implements MemorySpace {
  readonly kind: 'js' | 'native' = 'js';
  readonly model: DataModel = 'lp64';

  allocate(bytes: number, _what?: string, align = 1): Allocation {
    checkBytes(bytes);
    let buffer: ArrayBuffer;
    const spare = align > 16 ? align : 0;
    try {
      // Memory of no bytes has an address as well: C tells it from NULL.
      buffer = new ArrayBuffer(Math.max(1, bytes) + spare);
    } catch (cause) {
      throw new EwaldError('OutOfMemory', `this memory cannot provide ${bytes} more bytes; use fewer rows or columns`, {
        cause,
      });
    }
    const address = spare > 0 ? this.locate(buffer, 0, 0).address : undefined;
    const gap = address === undefined ? 0 : toMultiple(address, spare);
    return this.owned(this.locate(buffer, gap, bytes), () => {
      // Detached rather than forgotten: a view that somebody kept turns empty instead of keeping the memory or showing
      // it.
      const { transfer } = buffer as { transfer?: (length: number) => ArrayBuffer };
      if (transfer) transfer.call(buffer, 0);
      else structuredClone(buffer, { transfer: [buffer] });
    });
  }

  span(_address: Address, _bytes: number): Span {
    throw new BufferError(
      'SPACE',
      'JavaScript memory has no addresses; name the memory the pointer belongs to: { memory: lib.memory }',
    );
  }

  locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): OwnableSpan {
    return new BufferSpan(buffer, byteOffset, byteLength);
  }
}

/** JavaScript's own memory: no addresses, nothing to free. */
export const jsMemory: MemorySpace = new BufferSpace();

/** The exports of a wasm module through which its heap is used. */
export interface WasmHeap {
  readonly memory: PlatformMemory;
  malloc(bytes: number): number;
  free(address: number): void;
}

/** The heap of a wasm module. */
export class WasmSpace extends Counted implements MemorySpace {
  readonly kind = 'wasm';
  readonly model = 'wasm32';
  readonly #heap: WasmHeap;
  readonly #endsViews: boolean;

  /**
   * `endsViews`: whether nobody else has views of the memory, so that those of use() and withRow() can be ended with what
   * they show. Default false: the code that Emscripten writes beside a module has some.
   */
  constructor(heap: WasmHeap, { endsViews = false }: { readonly endsViews?: boolean | undefined } = {}) {
    super();
    this.#heap = heap;
    this.#endsViews = endsViews;
  }

  /** Number of views that are lent now. */
  lent = 0;
  /** Whether somebody may have kept one. */
  #wasLent = false;

  #free(start: number): void {
    this.#heap.free(start);
    if (!this.#wasLent || !this.#endsViews || this.lent > 0) return;
    this.#wasLent = false;
    // Growth by nothing takes the bytes from all views.
    if (this.buffer instanceof ArrayBuffer) this.#heap.memory.grow(0);
  }

  #seen: ArrayBufferLike | undefined;
  #grownBy: string | undefined;

  /** Notes that a call may have grown the heap while a view was lent. */
  noticed(by: string): void {
    if (this.lent === 0 || this.buffer === this.#seen) return;
    this.#seen = this.buffer;
    this.#grownBy = by;
  }

  /**
   * Calls `use`, which works on a view of the heap. @throws BufferError `DISPOSED` if the heap grew meanwhile: what was
   * written to the view after that is lost.
   */
  lend<R>(use: () => R): R {
    const { buffer } = this;
    this.#wasLent = true;
    if (this.lent++ === 0) {
      this.#seen = buffer;
      this.#grownBy = undefined;
    }
    return scoped(
      use,
      () => {
        const isShared = Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';
        if (this.buffer === buffer || isShared) return;
        throw new BufferError(
          'DISPOSED',
          `the wasm heap grew in ${this.#grownBy ?? 'a call'} while a view of it was in use; the view is empty since then, ` +
            'and what was written to it is lost: call that before or after, or use at() and set()',
        );
      },
      () => {
        this.lent--;
      },
    );
  }

  /** The current buffer of the heap. */
  get buffer(): ArrayBufferLike {
    return this.#heap.memory.buffer;
  }

  allocate(bytes: number, what?: string, align = 1): Allocation {
    checkBytes(bytes);
    const heap = this.#heap;
    const spare = align > 8 ? align : 0;
    const start = bytes + spare < 2 ** 32 ? heap.malloc(Math.max(1, bytes) + spare) >>> 0 : 0;
    const address = start + toMultiple(start, spare);
    if (start === 0) {
      throw new EwaldError(
        'OutOfMemory',
        `the wasm heap cannot provide ${bytes} more bytes (it holds ${this.buffer.byteLength}, at most 4 GiB); use ` +
          'less, or the native library',
      );
    }
    this.noticed('alloc()');
    new Uint8Array(this.buffer, address, bytes).fill(0);
    return this.owned(new HeapSpan(heap.memory, address, bytes), () => this.#free(start), { what });
  }

  span(address: Address, bytes: number): Span {
    const at = Number(address);
    if (!Number.isSafeInteger(at) || at <= 0 || at + bytes > this.buffer.byteLength) {
      throw new BufferError(
        'SPACE',
        `the address ${address} with ${bytes} bytes lies outside the wasm heap (1 to ${this.buffer.byteLength})`,
      );
    }
    return new HeapSpan(this.#heap.memory, at, bytes);
  }

  locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Span | undefined {
    return buffer === this.buffer ? new HeapSpan(this.#heap.memory, byteOffset, byteLength) : undefined;
  }
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Calls `use`, then `end` if it did not fail, and `always`; for a promise once it settles. */
export function scoped<R>(use: () => R, end: () => void, always: () => void): R {
  const ended = <T>(value: T): T => {
    try {
      end();
      return value;
    } finally {
      always();
    }
  };
  const failed = (error: unknown): never => {
    always();
    throw error;
  };
  let result: R;
  try {
    result = use();
  } catch (error) {
    return failed(error);
  }
  return isPromise(result) ? (result.then(ended, failed) as R) : ended(result);
}

/** Calls `use`, which works on a view of a space. @throws BufferError `DISPOSED` if the view did not last. */
export const lendView = <R>(space: MemorySpace, use: () => R): R =>
  space instanceof WasmSpace ? space.lend(use) : use();

for (const { prototype } of [BufferSpace, WasmSpace]) {
  shownAs<MemorySpace>(prototype, function () {
    return `memory (${this.kind}, ${this.model}) with ${this.liveBytes} bytes allocated`;
  });
}

/** Access to the memory of the process; `ewald/ffi` implements it with koffi. */
export interface NativeAccess {
  /** Address of a buffer's first byte, which does not change while the buffer exists. */
  address(buffer: ArrayBufferLike): bigint;
  /** Memory at an address as a buffer, without a copy. */
  view(address: bigint, bytes: number): ArrayBuffer;
  readonly model: 'lp64' | 'llp64';
}

/**
 * The memory of the process. An allocation is a JavaScript buffer whose address is passed to C: it lives as long as it
 * is referenced, so no view of it can dangle. C must not free it.
 */
export class NativeSpace extends BufferSpace {
  override readonly kind = 'native';
  override readonly model: 'lp64' | 'llp64';
  readonly #access: NativeAccess;

  constructor(access: NativeAccess) {
    super();
    this.#access = access;
    this.model = access.model;
  }

  override allocate(bytes: number, what?: string, align?: number): Allocation {
    return this.collected(super.allocate(bytes, what, align));
  }

  override span(address: Address, bytes: number): Span {
    const at = BigInt(address);
    if (at < 4096n) throw new BufferError('SPACE', `the address ${address} is ${at === 0n ? 'NULL' : 'no memory'}`);
    return new BufferSpan(bytes === 0 ? new ArrayBuffer(0) : this.#access.view(at, bytes), 0, bytes, at);
  }

  override locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): OwnableSpan {
    const { resizable, growable } = buffer as { readonly resizable?: boolean; readonly growable?: boolean };
    if (resizable || growable)
      throw new BufferError(
        'SPACE',
        'a resizable buffer may move, so C cannot be given its address; copy it into a plain one',
      );
    const address = buffer.byteLength > 0 ? this.#access.address(buffer) : 0n;
    return new BufferSpan(buffer, byteOffset, byteLength, address + BigInt(byteOffset));
  }
}
