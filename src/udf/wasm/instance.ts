/** A UDF's module with the memory of a run, and checked calls of its functions. */

import { type DataType, elementBytes, type FrameArray, viewAs } from '../../bytes/dtype.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { type BufferDeclarations, type BufferKind, elementsOf, strideOf } from '../functions/buffers.js';
import { type Arrays, allocate, type BufferArray, numbersPerElement } from '../functions/dtypes.js';
import type { UdfMeta } from '../functions/udf.js';
import { abiVersion, checkSignatures, dtypeCodes, importsOf, type UdfExports } from './abi.js';
import type { WasmCode } from './code.js';
import { MemoryLayout, type Region } from './layout.js';
import { ParameterBlock } from './parameters.js';

const pageBytes = 65536;
/** Pieces that are in memory at a time: one is processed while the next is read. */
const slots = 2;
/** wasm addresses have 32 bits. */
const largestMemory = 2 ** 32;

/** The sizes that determine the memory of an instance. */
interface InstanceSizes {
  readonly params: Readonly<Record<string, unknown>>;
  readonly declarations: BufferDeclarations;
  readonly meta: UdfMeta;
  /** Frames of the largest partition. */
  readonly frames: number;
  /** Frames that are processed together. */
  readonly piece: number;
}

/** A result in the memory of the module. */
interface Result {
  readonly name: string;
  readonly kind: BufferKind;
  /** Bytes per position or per pixel, or in total. */
  readonly stride: number;
  readonly region: Region;
}

/** An instance of a module, for partitions of up to `sizes.frames` frames. */
export class WasmInstance {
  readonly #code: WasmCode;
  readonly #sizes: InstanceSizes;
  readonly #exports: UdfExports;
  readonly #layout = new MemoryLayout();
  readonly #results: readonly Result[];
  readonly #addresses: Region;
  readonly #slots: readonly Region[];
  readonly #free: Region[];
  readonly #buffer: ArrayBuffer;

  /** Throws `Argument` for a module that refuses the run, `OutOfMemory` if its memory cannot hold the partitions. */
  constructor(code: WasmCode, sizes: InstanceSizes) {
    this.#code = code;
    this.#sizes = sizes;
    const { params, declarations, meta, frames, piece } = sizes;
    const dtype = dtypeCodes[meta.inputDtype];
    if (dtype === undefined)
      throw new EwaldError('Argument', `${code.what} cannot process frames of ${meta.inputDtype}; set dtype: 'f64'`);
    const block = new ParameterBlock(code.what, params, this.#layout);
    const named = Object.entries(declarations).filter(([, { use }]) => use !== 'resultOnly');
    this.#addresses = this.#layout.add('the addresses of the results', 4 * named.length);
    this.#results = named.map(([name, declaration]) => {
      const stride = strideOf(declaration) * allocate(declaration.dtype, 1).BYTES_PER_ELEMENT;
      const bytes = elementsOf(declaration, frames, meta.sig) * stride;
      return { name, kind: declaration.kind, stride, region: this.#layout.add(`the result ${name}`, bytes) };
    });
    this.#slots = Array.from({ length: slots }, () => this.#layout.add('the frames', piece * this.#frameBytes));
    this.#free = [...this.#slots];
    this.#exports = this.#instantiate();
    this.#reserve();
    const { memory, setup } = this.#exports;
    const bytes = new Uint8Array(memory.buffer);
    this.#layout.writeGuards(bytes);
    block.write(bytes);
    const width = meta.sig.at(-1) as number;
    const height = product(meta.sig) / width;
    const refused = this.#call('setup', () => setup?.(height, width, dtype, block.address));
    if (refused)
      throw new EwaldError(
        'Argument',
        `${code.what} refuses frames of ${height} × ${width} ${meta.inputDtype}, or the parameters: setup ` +
          `returned ${refused}`,
      );
    // `setup` may have grown the memory, which detaches the buffer from before.
    this.#buffer = memory.buffer as ArrayBuffer;
    this.checkGuards();
  }

  /** Memory for `length` elements, inside that of the module; undefined for another dtype, or if all is in use. */
  takeFrames(dtype: DataType, length: number): FrameArray | undefined {
    const { inputDtype } = this.#sizes.meta;
    const bytes = length * elementBytes(inputDtype);
    const slot = this.#free[0];
    if (dtype !== inputDtype || !slot || bytes > slot.bytes) return undefined;
    this.#free.shift();
    return viewAs(new Uint8Array(this.#buffer, slot.address, bytes), inputDtype);
  }

  /** Whether frames lie in the memory of the module. */
  holds(frames: FrameArray): boolean {
    return frames.buffer === this.#buffer;
  }

  /** Takes the memory of frames back; returns false if it is not this module's. */
  giveFrames(frames: FrameArray): boolean {
    if (!this.holds(frames)) return false;
    const slot = this.#slots.find(({ address }) => address === frames.byteOffset);
    if (slot && !this.#free.includes(slot)) this.#free.push(slot);
    return true;
  }

  /** Copies frames that are in other memory into the memory of the module; return them with `giveFrames`. */
  copyFrames(frames: FrameArray): FrameArray {
    const { inputDtype } = this.#sizes.meta;
    const copy = this.takeFrames(inputDtype, frames.length / numbersPerElement(inputDtype));
    if (!copy) throw new EwaldError('Internal', `${this.#code.what} has no memory left for a partition`);
    (copy as Float64Array).set(frames as Float64Array);
    return copy;
  }

  /** Copies the state of results into the module. */
  writeResults(arrays: Arrays): void {
    for (const { name, region } of this.#results)
      this.#view(region, arrays[name] as BufferArray).set(arrays[name] as never);
  }

  /** Copies results out of the module. */
  readResults(arrays: Arrays): void {
    for (const { name, region } of this.#results) {
      const array = arrays[name] as Float64Array;
      array.set(this.#view(region, array) as Float64Array);
    }
  }

  /**
   * Lets the module process `count` frames, from index `at` of `frames` on; the first of them has index `first` in the
   * partition and is at `position` of the scan. Throws if it traps, fails or grows its memory.
   */
  process(frames: FrameArray, at: number, first: number, count: number, position: number): void {
    const table = new Uint32Array(this.#buffer, this.#addresses.address, this.#results.length);
    for (const [i, { kind, stride, region }] of this.#results.entries())
      table[i] = region.address + (kind === 'nav' ? first * stride : 0);
    const address = frames.byteOffset + at * this.#frameBytes;
    const status = this.#exports.process(address, count, position, this.#addresses.address);
    if (status) throw new Error(`process returned ${status}`);
    if (this.#exports.memory.buffer !== this.#buffer)
      throw new Error('process has grown the memory, which detaches the frames; allocate memory in setup');
  }

  /** Throws `Argument` if the module has written outside its results. */
  checkGuards(): void {
    const damage = this.#layout.damage(new Uint8Array(this.#buffer));
    if (damage.length === 0) return;
    const cause =
      damage[0]?.startsWith('before') && !this.#exports.allocate
        ? '. Memory that the module allocates itself lies there: export allocate(bytes) instead of heap()'
        : '';
    throw new EwaldError(
      'Argument',
      `${this.#code.what} has written ${damage.join(', ')}; expected only its results to change${cause}`,
    );
  }

  get #frameBytes(): number {
    const { meta } = this.#sizes;
    return product(meta.sig) * elementBytes(meta.inputDtype);
  }

  #view(region: Region, like: BufferArray): BufferArray {
    const make = like.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => BufferArray;
    return new make(this.#buffer, region.address, like.length);
  }

  #call<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new EwaldError('Argument', `${this.#code.what} failed in ${name}: ${messageOf(cause)}`, { cause });
    }
  }

  #instantiate(): UdfExports {
    const { what, module } = this.#code;
    const exports = this.#call('its start', () => new WebAssembly.Instance(module, importsOf(module)).exports);
    const udf = exports as unknown as UdfExports;
    checkSignatures(what, udf);
    const version = this.#call('ewald_udf_abi', () => udf.ewald_udf_abi?.() ?? abiVersion);
    if (version !== abiVersion)
      throw new EwaldError(
        'Argument',
        `${what} has version ${version} of the interface; this version of ewald knows ${abiVersion}: build it with ` +
          'the header of this version',
      );
    this.#call('_initialize', () => udf._initialize?.());
    return udf;
  }

  /**
   * Reserves memory and places the regions. Its buffer is not accessed before the memory has its final size: growing it
   * later detaches a buffer, after which V8 checks every access to every typed array of the thread.
   */
  #reserve(): void {
    const { memory, heap, allocate: allocateBytes } = this.#exports;
    const { what } = this.#code;
    const needed = this.#layout.bytes;
    const tooLarge = (cause?: unknown): never => {
      throw new EwaldError(
        'OutOfMemory',
        `${what} has no memory for ${needed} bytes of frames and results${cause ? `: ${messageOf(cause)}` : ''}; ` +
          'run with more partitions (numPartitions), or link it with a larger maximum of memory',
      );
    };
    if (needed >= largestMemory) tooLarge();
    if (allocateBytes) {
      const start = this.#call('allocate', () => allocateBytes(needed)) >>> 0;
      if (start === 0) tooLarge();
      this.#layout.place(start);
      return;
    }
    const start = this.#call('heap', () => heap?.() ?? 0) >>> 0;
    try {
      const pages = memory.grow(0);
      memory.grow(Math.max(0, Math.ceil((start + needed) / pageBytes) - pages));
    } catch (cause) {
      tooLarge(cause);
    }
    this.#layout.place(start);
  }
}
