/**
 * One instance of the wasm core and its heap. No view of the heap outlives a call, because growth would detach it;
 * only frames of a run, which renews such views, and the arrays of `fft.now` are viewed longer.
 */
import { EwaldError, messageOf } from '../../../util/errors.js';
import { wasmRefusal } from '../../../util/policy.js';
import { coreConstants } from '../../layout/core.js';
import { coreError } from '../status.js';

type Exports = {
  memory: WebAssembly.Memory;
  _initialize?: () => void;
} & Record<string, (...values: number[]) => number>;

/** The cores of heaps that were viewed. */
const viewed = new WeakMap<ArrayBufferLike, Core>();

/** A loaded core: calls by name, and copies to and from its heap. */
export class Core {
  #exports: Exports;
  #isReleased = false;
  // The view used by the last copy: growth detaches it, so each use checks first. It is never exposed.
  #bytes = new Uint8Array(0);

  private constructor(exports: Exports) {
    this.#exports = exports;
  }

  static async instantiate(module: WebAssembly.Module): Promise<Core> {
    const imports: Record<string, Record<string, (...values: number[]) => unknown>> = Object.create(null);
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      if (kind !== 'function')
        throw new EwaldError(
          'Load',
          `the wasm core imports ${from}.${name}, which ewald does not provide; is it the module of another program?`,
        );
      imports[from] ??= Object.create(null) as Record<string, (...values: number[]) => unknown>;
      imports[from][name] = importStub(name);
    }
    let exports: Exports;
    try {
      exports = (await WebAssembly.instantiate(module, imports)).exports as unknown as Exports;
    } catch (cause) {
      throw new EwaldError('Load', `the wasm core could not be started: ${wasmRefusal(cause) ?? messageOf(cause)}`, {
        cause,
      });
    }
    const version = exports.ewald_abi_version?.();
    if (version !== coreConstants.abiVersion) {
      throw new EwaldError(
        'Load',
        `the wasm core has ABI version ${version ?? 'none'}; this package requires ${coreConstants.abiVersion}; use ` +
          'the ewald.wasm of the same release',
      );
    }
    exports._initialize?.();
    return new Core(exports);
  }

  get liveBytes(): number {
    return this.call('ewald_live_bytes') >>> 0;
  }

  get heapBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** An export, for callers that call it a million times a second: it returns a status, which `refuse` accepts. */
  entry(name: string): (...values: number[]) => number {
    return this.#exports[name] ?? this.#lacking(name);
  }

  /**
   * Lets go of the instance and its memory: whoever still has the context or a plan of it would keep both. What is freed
   * later, by a finalizer, is free already; every other call throws `Disposed`.
   */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.detach();
    this.#bytes = new Uint8Array(0);
    const nothing = (): number => 0;
    const memory = new WebAssembly.Memory({ initial: 0 });
    this.#exports = { memory, ewald_free: nothing, ewald_live_bytes: nothing } as unknown as Exports;
  }

  #lacking(name: string): never {
    if (this.#isReleased)
      throw new EwaldError('Disposed', 'the context of this wasm core was disposed; create a new one');
    throw new EwaldError('Internal', `the wasm core has no export ${name}`);
  }

  /** The error for a status other than 0. */
  refuse(status: number): EwaldError {
    return coreError(status, this.text(this.call('ewald_last_error')));
  }

  /** `count` numbers at an address from `alloc`, for short copies; see HeapNumbers. */
  numbers(address: number, count: number, precision: 'f32' | 'f64'): HeapNumbers {
    return new HeapNumbers(() => this.#exports.memory.buffer, address, count, precision);
  }

  /** Detaches all views of the heap, as growth does: before memory is freed of which somebody may still have one. */
  detach(): void {
    this.#exports.memory.grow(0);
  }

  /** Calls an export with 32-bit arguments and returns its 32-bit result. */
  call(name: string, ...values: number[]): number {
    const f = this.#exports[name] ?? this.#lacking(name);
    return f(...values);
  }

  /** Calls an export that returns a status and throws on failure. */
  check(name: string, ...values: number[]): void {
    const status = this.call(name, ...values);
    if (status !== 0) throw this.refuse(status);
  }

  /** Allocates memory in the heap, zeroed, 64-byte aligned. */
  alloc(bytes: number): number {
    // A number above 32 bits would be truncated.
    const address = bytes < 2 ** 32 ? this.call('ewald_alloc', bytes) >>> 0 : 0;
    if (address === 0 && bytes > 0) {
      throw new EwaldError(
        'OutOfMemory',
        `the wasm heap cannot provide ${bytes} more bytes (it holds ${this.heapBytes}, at most 4 GiB); use ` +
          'smaller sizes or another backend',
      );
    }
    return address;
  }

  free(address: number): void {
    this.call('ewald_free', address);
  }

  /** Copies bytes into the heap. */
  write(address: number, source: ArrayBufferView): void {
    this.#look();
    this.#bytes.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), address);
  }

  /** Copies bytes out of the heap into `target`. */
  read(address: number, target: ArrayBufferView): void {
    this.#look();
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    bytes.set(this.#bytes.subarray(address, address + bytes.length));
  }

  /** A view of the heap, for callers that renew it: it is detached, and its bytes remain, when the heap grows. */
  view(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    const { buffer } = this.#exports.memory;
    viewed.set(buffer, this);
    return new Uint8Array(buffer, address, bytes);
  }

  /** The core of which an array is a view; undefined if it is not one. */
  static of(array: ArrayBufferView): Core | undefined {
    return viewed.get(array.buffer);
  }

  /** The address of an array in the heap; undefined if it is elsewhere. */
  addressOf(array: ArrayBufferView): number | undefined {
    return array.buffer === this.#exports.memory.buffer ? array.byteOffset : undefined;
  }

  #look(): void {
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
  }

  /** A zero-terminated string of the heap. */
  text(address: number): string {
    const heap = new Uint8Array(this.#exports.memory.buffer);
    let end = address;
    while (heap[end]) end++;
    return new TextDecoder().decode(heap.slice(address, end));
  }
}

/** A fixed range of the heap. Its view is cached between copies, renewed when the heap has grown, and never exposed. */
export class HeapNumbers {
  readonly #heap: () => ArrayBuffer;
  readonly #address: number;
  readonly #count: number;
  readonly #View: typeof Float32Array | typeof Float64Array;
  #buffer: ArrayBuffer | undefined;
  #view: Float32Array | Float64Array = new Float32Array(0);

  constructor(heap: () => ArrayBuffer, address: number, count: number, precision: 'f32' | 'f64') {
    this.#heap = heap;
    this.#address = address;
    this.#count = count;
    this.#View = precision === 'f32' ? Float32Array : Float64Array;
  }

  /** Copies the first numbers of an array into the heap. */
  write(source: Float32Array | Float64Array): void {
    this.#look().set(source.length === this.#count ? source : source.subarray(0, this.#count));
  }

  /** Copies the numbers to the start of an array. */
  read(target: Float32Array | Float64Array): void {
    target.set(this.#look());
  }

  /** Lets go of its view, which keeps the memory of the instance, detached or not. */
  release(): void {
    this.#buffer = undefined;
    this.#view = new this.#View(0);
  }

  #look(): Float32Array | Float64Array {
    const buffer = this.#heap();
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new this.#View(buffer, this.#address, this.#count);
    }
    return this.#view;
  }
}

// A standalone module imports a few system calls (a failed assertion ends the process, the heap reports its growth);
// ewald needs none of them.
function importStub(name: string): (...values: number[]) => unknown {
  if (name === 'proc_exit') {
    return (code) => {
      throw new EwaldError('Internal', `the wasm core exited with code ${code}`);
    };
  }
  return () => 0;
}
