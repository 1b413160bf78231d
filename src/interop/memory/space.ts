/** Spaces of memory: JavaScript, the heap of a wasm module, or the process, where C has addresses for it. */
import { EwaldError } from '../../base/errors.js';
import type { PlatformMemory } from '../../base/globals.js';
import { inspect } from '../../base/options.js';
import { backstop } from './disposable.js';
import { BufferError } from './errors.js';
import { type DataModel, pointerBytes, readAddress, writeAddress } from './model.js';

/** An address: a number in a wasm heap, a bigint in the process. */
export type Address = number | bigint;

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
  /** Zeroed memory, aligned for every type; `what` names it in warnings. */
  allocate(bytes: number, what: string): Allocation;
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

/** Bytes of a JavaScript buffer, with or without a native address. */
class BufferSpan implements Span {
  readonly byteLength: number;
  readonly address: Address | undefined;
  readonly #view: DataView;

  constructor(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, address?: Address) {
    this.byteLength = byteLength;
    this.address = address;
    this.#view = new DataView(buffer as ArrayBuffer, byteOffset, byteLength);
  }

  view(): DataView {
    const view = this.#view;
    // A transfer or a resize cannot be prevented in JavaScript; it is detected here instead.
    if (view.buffer.byteLength < this.byteLength) throw gone();
    return view;
  }
}

/** A whole buffer, which is detached when it is freed. */
class BufferAllocation extends BufferSpan implements Allocation {
  #free: (() => void) | undefined;

  constructor(buffer: ArrayBuffer, address: Address | undefined, free: () => void) {
    super(buffer, 0, buffer.byteLength, address);
    this.#free = free;
  }

  get freed(): boolean {
    return this.#free === undefined;
  }

  free(): void {
    const free = this.#free;
    this.#free = undefined;
    free?.();
  }
}

function checkBytes(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new EwaldError('Argument', `${inspect(bytes)} bytes of memory are requested; expected a whole number from 0`);
}

/** Counts the bytes that are allocated in a space. */
class Counted {
  #live = 0;

  get liveBytes(): number {
    return this.#live;
  }

  protected taken(bytes: number): void {
    this.#live += bytes;
  }

  /** A new buffer as memory. */
  protected newBuffer(bytes: number, addressOf?: (buffer: ArrayBuffer) => Address): Allocation {
    checkBytes(bytes);
    let buffer: ArrayBuffer;
    try {
      buffer = new ArrayBuffer(bytes);
    } catch (cause) {
      throw new EwaldError('OutOfMemory', `this memory cannot provide ${bytes} more bytes; use fewer rows or columns`, {
        cause,
      });
    }
    this.taken(bytes);
    return new BufferAllocation(buffer, addressOf?.(buffer), () => {
      this.taken(-bytes);
      // Detached rather than forgotten: a view that somebody kept turns empty instead of keeping the memory or showing
      // it.
      const { transfer } = buffer as { transfer?: (length: number) => ArrayBuffer };
      if (transfer) transfer.call(buffer, 0);
      else structuredClone(buffer, { transfer: [buffer] });
    });
  }
}

class JsSpace extends Counted implements MemorySpace {
  readonly kind = 'js';
  readonly model = 'lp64';

  allocate(bytes: number): Allocation {
    return this.newBuffer(bytes);
  }

  span(): Span {
    throw new BufferError(
      'SPACE',
      'JavaScript memory has no addresses; name the memory the pointer belongs to: { memory: lib.memory }',
    );
  }

  locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Span {
    return new BufferSpan(buffer, byteOffset, byteLength);
  }
}

/** JavaScript's own memory: no addresses, nothing to free. */
export const jsMemory: MemorySpace = new JsSpace();

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

  constructor(heap: WasmHeap) {
    super();
    this.#heap = heap;
  }

  /** The current buffer of the heap. */
  get buffer(): ArrayBufferLike {
    return this.#heap.memory.buffer;
  }

  allocate(bytes: number, what: string): Allocation {
    checkBytes(bytes);
    const heap = this.#heap;
    const address = bytes < 2 ** 32 ? heap.malloc(Math.max(1, bytes)) >>> 0 : 0;
    if (address === 0) {
      throw new EwaldError(
        'OutOfMemory',
        `the wasm heap cannot provide ${bytes} more bytes (it holds ${this.buffer.byteLength}, at most 4 GiB); use ` +
          'less, or the native library',
      );
    }
    new Uint8Array(this.buffer, address, bytes).fill(0);
    this.taken(bytes);
    const span = this.#spanAt(address, bytes);
    const state = { freed: false };
    const free = (): void => {
      if (state.freed) return;
      state.freed = true;
      backstop.unregister(state);
      this.taken(-bytes);
      heap.free(address);
    };
    const allocation: Allocation = {
      byteLength: bytes,
      address,
      view() {
        if (state.freed) throw gone();
        return span.view();
      },
      free,
      get freed() {
        return state.freed;
      },
    };
    backstop.register(allocation, { what, free }, state);
    return allocation;
  }

  span(address: Address, bytes: number): Span {
    const at = Number(address);
    if (!Number.isSafeInteger(at) || at <= 0 || at + bytes > this.buffer.byteLength) {
      throw new BufferError(
        'SPACE',
        `the address ${address} with ${bytes} bytes lies outside the wasm heap (1 to ${this.buffer.byteLength})`,
      );
    }
    return this.#spanAt(at, bytes);
  }

  locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Span | undefined {
    return buffer === this.buffer ? this.#spanAt(byteOffset, byteLength) : undefined;
  }

  #spanAt(address: number, bytes: number): Span {
    let view = new DataView(this.buffer as ArrayBuffer, address, bytes);
    return {
      byteLength: bytes,
      address,
      view: () => {
        const { buffer } = this;
        // The heap has grown.
        if (view.buffer !== buffer) view = new DataView(buffer as ArrayBuffer, address, bytes);
        return view;
      },
    };
  }
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
export class NativeSpace extends Counted implements MemorySpace {
  readonly kind = 'native';
  readonly model: 'lp64' | 'llp64';
  readonly #access: NativeAccess;

  constructor(access: NativeAccess) {
    super();
    this.#access = access;
    this.model = access.model;
  }

  allocate(bytes: number): Allocation {
    return this.newBuffer(bytes, (buffer) => this.#addressOf(buffer));
  }

  span(address: Address, bytes: number): Span {
    const at = BigInt(address);
    if (at < 4096n) throw new BufferError('SPACE', `the address ${address} is ${at === 0n ? 'NULL' : 'no memory'}`);
    return new BufferSpan(bytes === 0 ? new ArrayBuffer(0) : this.#access.view(at, bytes), 0, bytes, at);
  }

  locate(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Span {
    const { resizable, growable } = buffer as { readonly resizable?: boolean; readonly growable?: boolean };
    if (resizable || growable)
      throw new BufferError(
        'SPACE',
        'a resizable buffer may move, so C cannot be given its address; copy it into a plain one',
      );
    return new BufferSpan(buffer, byteOffset, byteLength, this.#addressOf(buffer) + BigInt(byteOffset));
  }

  #addressOf(buffer: ArrayBufferLike): bigint {
    return buffer.byteLength > 0 ? this.#access.address(buffer) : 0n;
  }
}

/** Reads a table of pointers. */
export function readPointers(space: MemorySpace, table: Address, count: number): Address[] {
  const bytes = pointerBytes[space.model];
  if (count === 0) return [];
  const view = space.span(table, count * bytes).view();
  return Array.from({ length: count }, (_, i) => readAddress(view, i * bytes, space.model));
}

/** Writes a table of pointers into new memory. */
export function writePointers(space: MemorySpace, addresses: readonly Address[], what: string): Allocation {
  const bytes = pointerBytes[space.model];
  const table = space.allocate(addresses.length * bytes, what);
  const view = table.view();
  for (const [i, address] of addresses.entries()) writeAddress(view, i * bytes, space.model, address);
  return table;
}
