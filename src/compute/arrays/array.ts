/**
 * Arrays on a device: numbers that stay on a backend between calls. Kernels accept them in place of typed arrays;
 * nothing is copied to the host unless it is read. They are not a numerical library: no arithmetic, no views, no
 * broadcasting.
 */

import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { expects } from '../../util/arguments.js';
import { asItIs, assertIntact, lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, kindOf, withArticle } from '../../util/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../../util/resource.js';
import { type BackendName, wingOf } from '../backends/names.js';
import type { DataPlaces, Planner } from '../planner/planner.js';
import type { ArrayMemory } from './contract.js';
import { arrayFeature } from './kernels.js';
import {
  type ArrayDtype,
  type ArrayNumbers,
  arrayDtypes,
  componentType,
  isComplex,
  type NumbersOf,
  type NumberType,
  numberTypeOf,
  numberTypes,
} from './numbers.js';

/** Options of an array. */
export interface ArrayOptions<D extends ArrayDtype = ArrayDtype> {
  /** Lengths, slowest axis first, each at least 1; default: one axis with all the data. */
  readonly shape?: readonly number[] | number | undefined;
  /**
   * Default: the real dtype of the data; `f32` without data. Data of a complex array is interleaved. Integers are kept
   * as the detector delivers them; kernels convert them on use.
   */
  readonly dtype?: D | undefined;
  /**
   * Backend of the array; default: the context's first backend that supports this size and dtype. `array` of a plan
   * uses the plan's backend.
   */
  readonly backend?: BackendName | undefined;
  /**
   * A GPUBuffer of the device that `createContext({ webgpu: { device } })` was given: the array is a part of it, and
   * nothing is copied. Kernels need its usage STORAGE, `read` COPY_SRC, `write` COPY_DST. It stays the caller's: disposing
   * the array leaves it alone, and it must live until then. On cuda: memory of another addon on the same card.
   */
  readonly buffer?: GpuBufferLike | CudaMemory | undefined;
  /**
   * Bytes before the array in `buffer`, a multiple of the device's minStorageBufferOffsetAlignment, on cuda of 16.
   * Default 0.
   */
  readonly offset?: number | undefined;
}

/** A `GPUBuffer`, by what it has; a project without WebGPU's types can name it as well. */
export interface GpuBufferLike {
  readonly size: number;
  readonly usage: number;
}

/**
 * Memory on a card that another addon of the process has allocated by cudaMalloc or cudaMallocManaged, such as the data of a
 * DLPack tensor. It is neither cleared nor freed. What the addon computes in it is done before a call, and what a call
 * computes is done when its promise settles; streams do not wait for each other.
 */
export interface CudaMemory {
  /** The device address: `data` and `byte_offset` of a DLTensor added up. */
  readonly address: bigint;
  /** Bytes from there on that belong to it. */
  readonly bytes: number;
  /** Whatever keeps the memory alive; the array refers to it until it is disposed. */
  readonly owner?: unknown;
}

export interface DeviceArrayMethods<D extends ArrayDtype = ArrayDtype> extends Disposable {
  readonly shape: readonly number[];
  readonly dtype: D;
  readonly backend: BackendName;
  /** Length in numbers: twice the number of elements for complex arrays. */
  readonly length: number;
  readonly bytes: number;
  /** The device address on cuda, for another addon of the process; it is that of the array until it is disposed. */
  readonly address: bigint | undefined;
  /**
   * Copies numbers from the host to the array, starting at number `offset` (default 0). Throws `Shape`, `Argument`,
   * `Disposed`.
   */
  write(data: NumbersOf<D>, offset?: number): Promise<void>;
  /**
   * Copies numbers to the host, starting at number `offset` (default 0), into `into` or a new array with all the
   * remaining numbers.
   */
  read(into?: NumbersOf<D>, offset?: number): Promise<NumbersOf<D>>;
}
/**
 * An array on a backend. Reads, writes and runs that use it execute in the order of the calls; `dispose` waits for
 * them. It ends with its context.
 */
export type DeviceArray<D extends ArrayDtype = ArrayDtype> = DeviceArrayMethods<D> & MaybeAsyncDisposable;

/** Maximum number of elements with 32-bit indices. */
const maxElements = 2 ** 31 - 1;

/** A part of a buffer of the caller's, or the memory of another addon from the offset on. */
type BufferPart =
  | { readonly buffer: object; readonly offset: number }
  | { readonly address: bigint; readonly bytes: number; readonly owner: unknown };

/** The internals that rooms which compute on arrays use. */
export interface ArrayParts {
  readonly memory: ArrayMemory;
  readonly resource: Resource;
  readonly planner: Planner;
}

class OpenArray implements DeviceArrayMethods {
  readonly shape: readonly number[];
  readonly dtype: ArrayDtype;
  readonly backend: BackendName;
  readonly length: number;
  readonly bytes: number;
  readonly address: bigint | undefined;
  readonly #parts: ArrayParts;
  readonly #number: (typeof numberTypes)[NumberType];

  constructor(parts: ArrayParts, backend: BackendName, shape: readonly number[], dtype: ArrayDtype, length: number) {
    this.#parts = parts;
    this.backend = backend;
    this.shape = Object.freeze([...shape]);
    this.dtype = dtype;
    this.length = length;
    this.#number = numberTypes[componentType(dtype)];
    this.bytes = length * this.#number.BYTES_PER_ELEMENT;
    this.address = parts.memory.deviceAddress;
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
  }

  /** The internals of an array of this package; undefined for anything else. */
  static partsOf(value: unknown): ArrayParts | undefined {
    return typeof value === 'object' && value !== null && #parts in value ? (value as OpenArray).#parts : undefined;
  }

  async write(data: ArrayNumbers, offset?: number): Promise<void> {
    const { memory, resource } = this.#parts;
    resource.assertAlive();
    const bytes = this.#part('write', data, offset);
    const arrayNumbers = asItIs(data);
    const length = lengthOf(arrayNumbers);
    return resource.enqueue(async () => memory.write(arrayBytes(arrayNumbers, length), bytes));
  }

  async read(into?: ArrayNumbers, offset?: number): Promise<ArrayNumbers> {
    const { memory, resource } = this.#parts;
    resource.assertAlive();
    const first = checkedValue('array.read: offset', offset, row.integer(0, this.length, 0));
    const target = into ?? new this.#number(this.length - first);
    const bytes = this.#part('read', target, first);
    const place = asItIs(target);
    const length = lengthOf(place);
    return resource.enqueue(async () => {
      await memory.read(arrayBytes(place, length), bytes);
      assertIntact('array.read: the array', place, length, 'while it was read');
      return target;
    });
  }

  dispose(): Promise<void> {
    return this.#parts.resource.dispose();
  }

  /** Byte offset of `data`; throws if it does not fit. */
  #part(what: string, data: ArrayNumbers, offset: number | undefined): number {
    if (!(data instanceof this.#number)) {
      throw new EwaldError(
        'Shape',
        `array.${what}: got ${kindOf(data)}; an array of dtype ${this.dtype} needs ${withArticle(this.#number.name)}`,
      );
    }
    const first = checkedValue(`array.${what}: offset`, offset, row.integer(0, this.length, 0));
    const count = lengthOf(data);
    if (first + count > this.length) {
      throw new EwaldError(
        'Shape',
        `array.${what}: ${count} numbers at ${first} do not fit; the array has ${this.length} (shape ` +
          `${this.shape.join(' × ')}, ${this.dtype})`,
      );
    }
    return first * this.#number.BYTES_PER_ELEMENT;
  }
}

/** The internals of an array; undefined for any other value. */
export const partsOf = OpenArray.partsOf;

const others = { ...row.others('shape', 'backend', 'buffer'), offset: row.integer(0, Number.MAX_SAFE_INTEGER) };
/**
 * Creates an array on a context, zeroed or with `data`. Throws `Shape`, `Argument`, `Limit`, `Unsupported`,
 * `OutOfMemory`.
 */
export async function makeArray<D extends ArrayDtype>(
  planner: Planner,
  options: ArrayOptions,
  data?: ArrayNumbers,
): Promise<DeviceArray<D>> {
  const given = data === undefined ? 'f32' : numberTypeOf(data);
  if (given === undefined) {
    const needed = Object.values(numberTypes).map(({ name }) => name);
    throw new EwaldError('Shape', `array: the data is ${kindOf(data)}; expected one of ${needed.join(', ')}`);
  }
  const { dtype } = checkedOptions('array', options, { ...others, dtype: row.choice(arrayDtypes, given) });
  const part = checkPart(options, data);
  const width = isComplex(dtype) ? 2 : 1;
  const number = componentType(dtype);
  if (data && given !== number)
    throw new EwaldError(
      'Shape',
      `array: the data is ${kindOf(data)}; dtype ${dtype} needs ${withArticle(numberTypes[number].name)}`,
    );
  if (data && options.shape === undefined && lengthOf(data) % width !== 0)
    throw new EwaldError(
      'Shape',
      `array: the data has ${lengthOf(data)} numbers; dtype ${dtype} needs an even number, two for each element`,
    );
  const shape = checkShape(options.shape ?? (data ? [lengthOf(data) / width] : undefined));
  const on = part && 'buffer' in part ? 'webgpu' : options.backend;
  return openArray(planner, dtype, shape, on, { data, part });
}

/** The part of a buffer that is the memory of an array; undefined without one. */
function checkPart({ buffer, offset, backend }: ArrayOptions, data: ArrayNumbers | undefined): BufferPart | undefined {
  const wrong = (why: string): EwaldError => new EwaldError('Argument', `array: ${why}`);
  if (buffer === undefined) {
    if (offset !== undefined) throw wrong('offset is the place in a buffer; give the buffer as well');
    return undefined;
  }
  if (typeof buffer !== 'object' || buffer === null)
    throw wrong(`buffer is ${inspect(buffer)}; expected a GPUBuffer, or { address, bytes } of memory on a card`);
  if (data) throw wrong('the data and a buffer are given; write the data to the array, or omit the buffer');
  if ('address' in buffer) {
    if (backend !== undefined && wingOf(backend) !== 'cuda')
      throw wrong(`an address is memory of cuda, but the backend is ${backend}; omit it`);
    return memoryFrom(buffer, offset ?? 0);
  }
  if (backend !== undefined && backend !== 'webgpu')
    throw wrong(`a GPUBuffer is memory of webgpu, but the backend is ${backend}; omit it`);
  return { buffer, offset: offset ?? 0 };
}

/** The memory of another addon from an offset on. Throws `Argument`, and `Shape` for what kernels cannot use. */
function memoryFrom({ address, bytes, owner }: CudaMemory, offset: number): BufferPart {
  expects(
    typeof address === 'bigint' && address > 0n && address < 1n << 64n,
    'array: buffer.address',
    address,
    'a device address, a bigint above 0',
  );
  checkedValue('array: buffer.bytes', bytes, row.required(row.integer(1, Number.MAX_SAFE_INTEGER)));
  const from = address + BigInt(offset);
  if (from % 16n !== 0n)
    throw new EwaldError(
      'Shape',
      `array: the address 0x${from.toString(16)} is not a multiple of 16, which kernels need`,
    );
  return { address: from, bytes: bytes - offset, owner };
}

/**
 * Creates an array of lengths of at least 1; data has the numbers of its dtype. Throws `Shape`, `Limit`, `Unsupported`,
 * `OutOfMemory`.
 */
export async function openArray<D extends ArrayDtype>(
  planner: Planner,
  dtype: ArrayDtype,
  shape: readonly number[],
  on: BackendName | undefined,
  { data, part }: { readonly data?: ArrayNumbers | undefined; readonly part?: BufferPart | undefined } = {},
): Promise<DeviceArray<D>> {
  const number = componentType(dtype);
  const length = shape.reduce((product, n) => product * n, isComplex(dtype) ? 2 : 1);
  const count = data ? lengthOf(data) : 0;
  if (length > maxElements)
    throw new EwaldError(
      'Limit',
      `array: shape ${shape.join(' × ')} has ${length} numbers; the maximum is ${maxElements}`,
    );
  if (data && count !== length)
    throw new EwaldError(
      'Shape',
      `array: the data has ${count} numbers; the shape ${shape.join(' × ')} of dtype ${dtype} needs ${length}`,
    );
  const bytes = length * numberTypes[number].BYTES_PER_ELEMENT;
  if (part && 'address' in part && part.bytes < bytes)
    throw new EwaldError(
      'Shape',
      `array: the memory has ${Math.max(0, part.bytes)} bytes from there on; the shape ${shape.join(' × ')} of dtype ` +
        `${dtype} needs ${bytes}`,
    );
  const given = part && ('address' in part ? { memory: part } : { part });
  const { backend, kernel: memory } = await planner.plan(arrayFeature, { bytes, number, ...given }, on);
  const resource = new Resource('array', planner.resource, noted(memory, planner.dataOn, backend.name));
  if (data) {
    try {
      await resource.enqueue(() => memory.write(arrayBytes(data, length), 0));
    } catch (error) {
      await resource.dispose();
      throw error;
    }
  }
  return new OpenArray({ memory, resource, planner }, backend.name, shape, dtype, length) as unknown as DeviceArray<D>;
}

/** Memory that the planner counts as data on its backend until it is disposed. */
function noted(memory: ArrayMemory, { add, remove }: DataPlaces, backend: BackendName): Disposable {
  add(backend);
  return {
    dispose() {
      remove(backend);
      return memory.dispose();
    },
  };
}

function checkShape(given: ArrayOptions['shape']): number[] {
  const shape = typeof given === 'number' ? [given] : given;
  if (!Array.isArray(shape) || shape.length < 1 || Array.from(shape).some((n) => !Number.isInteger(n) || n < 1))
    throw new EwaldError(
      'Shape',
      `array: shape is ${inspect(given)}; expected lengths of at least 1, slowest axis first`,
    );
  return [...shape];
}

// A call may have to wait for its turn; the caller may have detached the array in the meantime.
function arrayBytes(data: ArrayNumbers, length: number): Uint8Array {
  assertIntact('array: the typed array', data, length, 'before its turn came');
  // An array that was transferred before the call is unusable.
  return length === 0 ? new Uint8Array() : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
