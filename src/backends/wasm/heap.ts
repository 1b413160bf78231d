/** One instance of the wasm core and its heap. No view of the heap leaves a call: growth would detach it. */
import { EwaldError } from '../../errors.js';
import { constants } from '../../layout/layout.js';
import { coreError } from '../status.js';

type Exports = {
  memory: WebAssembly.Memory;
  _initialize?: () => void;
} & Record<string, (...values: number[]) => number>;

/** A loaded core: calls by name, and copies to and from its heap. */
export class Core {
  readonly #exports: Exports;
  // Views of the heap as it was at the last copy: growth detaches them, so each use looks first. They never leave here.
  #bytes = new Uint8Array(0);
  #f32 = new Float32Array(0);
  #f64 = new Float64Array(0);

  private constructor(exports: Exports) {
    this.#exports = exports;
  }

  static async instantiate(module: WebAssembly.Module): Promise<Core> {
    const imports: Record<string, Record<string, (...values: number[]) => unknown>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      if (kind !== 'function')
        throw new EwaldError(
          'Load',
          `the wasm core imports ${from}.${name}, which ewald does not provide; is it another program's module?`,
        );
      imports[from] ??= {};
      imports[from][name] = importStub(name);
    }
    let exports: Exports;
    try {
      exports = (await WebAssembly.instantiate(module, imports)).exports as unknown as Exports;
    } catch (cause) {
      throw new EwaldError(
        'Load',
        `the wasm core could not be started: ${cause instanceof Error ? cause.message : cause}`,
        { cause },
      );
    }
    const version = exports.ewald_abi_version?.();
    if (version !== constants.abiVersion) {
      throw new EwaldError(
        'Load',
        `the wasm core speaks ABI version ${version ?? 'none'}, this package needs ${constants.abiVersion}; use the ewald.wasm of the same release`,
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

  /** Calls an export with 32-bit arguments and gives its 32-bit answer. */
  call(name: string, ...values: number[]): number {
    const f = this.#exports[name];
    if (!f) throw new EwaldError('Internal', `the wasm core has no export ${name}`);
    return f(...values);
  }

  /** Calls an export that returns a status and throws what it reports. */
  check(name: string, ...values: number[]): void {
    const status = this.call(name, ...values);
    if (status !== 0) throw coreError(status, this.text(this.call('ewald_last_error')));
  }

  /** Memory in the heap, zeroed, 64-byte aligned. */
  alloc(bytes: number): number {
    // A number beyond 32 bits would arrive as what is left of it.
    const address = bytes < 2 ** 32 ? this.call('ewald_alloc', bytes) >>> 0 : 0;
    if (address === 0 && bytes > 0) {
      throw new EwaldError(
        'OutOfMemory',
        `the wasm heap has no ${bytes} bytes left (it holds ${this.heapBytes}, at most 4 GiB); use smaller sizes or another backend`,
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

  /** Copies the first `count` numbers into the heap; the address is one of `alloc`. For short arrays: makes no views. */
  writeNumbers(address: number, source: Float32Array | Float64Array, count: number): void {
    this.#look();
    const heap = source instanceof Float32Array ? this.#f32 : this.#f64;
    heap.set(source.length === count ? source : source.subarray(0, count), address / heap.BYTES_PER_ELEMENT);
  }

  /** Copies `count` numbers out of the heap to the beginning of `target`. */
  readNumbers(address: number, target: Float32Array | Float64Array, count: number): void {
    this.#look();
    const heap = target instanceof Float32Array ? this.#f32 : this.#f64;
    const first = address / heap.BYTES_PER_ELEMENT;
    target.set(heap.subarray(first, first + count));
  }

  #look(): void {
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }

  /** A zero-terminated string of the heap. */
  text(address: number): string {
    const heap = new Uint8Array(this.#exports.memory.buffer);
    let end = address;
    while (heap[end]) end++;
    return new TextDecoder().decode(heap.slice(address, end));
  }
}

// A standalone module asks for a few system calls (a failed assertion ends the process, the heap tells that it grew);
// none is needed.
function importStub(name: string): (...values: number[]) => unknown {
  if (name === 'proc_exit') {
    return (code) => {
      throw new EwaldError('Internal', `the wasm core ended itself with code ${code}`);
    };
  }
  return () => 0;
}
