/**
 * Arguments on their way into C: what each parameter takes, where arrays lie during a call, and what is copied back
 * behind it.
 */
import { EwaldError } from '../errors.js';
import type { TypedArray } from '../memory/format.js';
import { IndirectMemory2D } from '../memory/indirect.js';
import { pointerBytes } from '../memory/model.js';
import { RaggedRows } from '../memory/ragged.js';
import { Rows } from '../memory/rows.js';
import type { Allocation } from '../memory/space.js';
import { Callback } from './callback.js';
import { CArray } from './carray.js';
import { type CFunction, type CParameter, type CType, typeText } from './header/types.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';
import { letterOf, type Place, readBits, type Scalar, shown, writeBits } from './scalars.js';

/** What the binding hands to C: bits, an address, or (natively) an array whose address is taken. */
export type Argument = number | bigint | ArrayBufferView | object | null;

/** Which way the elements of an array go. */
export type Direction = 'in' | 'out' | 'inout';

/** An array marked with a direction. */
export class Directed {
  readonly direction: Direction;
  readonly value: unknown;
  constructor(direction: Direction, value: unknown) {
    this.direction = direction;
    this.value = value;
  }
}

/** How a target puts things where C reaches them; everything placed lives until the call ends. */
export interface Frame {
  /** Whether JavaScript goes on while C works on the arguments. */
  readonly asynchronous: boolean;
  /** A JavaScript array for the time of the call. */
  place(view: ArrayBufferView, direction: Direction): Argument;
  /** Scratch memory: fill it, pass the argument, and read it behind the call. */
  scratch(bytes: number): { readonly argument: Argument; view(): DataView };
  /** A function of JavaScript for the time of the call. */
  callback(type: CType & { kind: 'function' }, use: (...values: unknown[]) => unknown): Argument;
  /** Runs behind the call, before anything is freed; not when the call failed to start. */
  after(work: () => void): void;
  /** Runs at the very end. */
  release(work: () => void): void;
}

/** Turns one value into an argument. */
export type Converter = (value: unknown, frame: Frame) => Argument;

/** What one parameter takes. */
export interface Parameter {
  readonly convert: Converter;
  /** The scalar it is, when it needs no frame. */
  readonly scalar: Scalar | undefined;
  /** Its name in messages. */
  readonly place: Place;
}

/**
 * How the parameters of a function take their values. `lengths` adds to what the header says: parameter → number or
 * other parameter.
 */
export function parametersOf(
  runtime: Runtime,
  { name, parameters }: CFunction,
  lengths: Readonly<Record<string, number | string>> = {},
  byValue?: (type: CType & { kind: 'struct' }, place: Place) => Converter,
): Parameter[] {
  const own = new Map(Object.entries(lengths));
  for (const array of own.keys()) {
    if (!parameters.some((parameter) => parameter.name === array))
      throw new EwaldError('Argument', `lengths names ${name}.${array}, but ${name}() has no such parameter`);
  }
  return parameters.map((parameter, i) => {
    const place = (): string => `${name}(): argument ${i + 1}${parameter.name ? ` (${parameter.name})` : ''}`;
    const { type } = parameter;
    const scalar = runtime.scalar(type);
    if (scalar) return { scalar, place, convert: scalar.into(place) };
    if (type.kind === 'pointer') {
      const sized = (own.get(parameter.name) ?? parameter.length) !== undefined;
      return { scalar: undefined, place, convert: pointerConverter(runtime, type, place, sized) };
    }
    if (type.kind === 'struct' && byValue) return { scalar: undefined, place, convert: byValue(type, place) };
    return { scalar: undefined, place, convert: () => unsupportedArgument(type, place) };
  });
}

function unsupportedArgument(type: CType, place: Place): never {
  throw new EwaldError(
    'Unsupported',
    `${place()} is ${typeText(type)} by value, which cannot be passed here; declare a function that takes a pointer to it`,
  );
}

/**
 * Checks of array lengths that a header or the caller declares: run on the JavaScript values before anything is placed.
 */
export function lengthChecks(
  runtime: Runtime,
  { name, parameters }: CFunction,
  lengths: Readonly<Record<string, number | string>> = {},
): ((values: readonly unknown[]) => void)[] {
  const own = new Map(Object.entries(lengths));
  return parameters.flatMap((parameter: CParameter, i) => {
    const length = own.get(parameter.name) ?? parameter.length;
    const { type } = parameter;
    if (length === undefined || type.kind !== 'pointer') return [];
    const counter = typeof length === 'string' ? parameters.findIndex((other) => other.name === length) : -1;
    if (typeof length === 'string' && counter < 0)
      throw new EwaldError(
        'Argument',
        `lengths says that ${parameter.name} of ${name}() has ${length} elements, but there is no such parameter`,
      );
    return [
      (values: readonly unknown[]): void => {
        const needed = typeof length === 'number' ? length : Number(values[counter]);
        const found = elementsOf(values[i], type, runtime);
        if (found === undefined || !(needed > found)) return;
        const because = typeof length === 'string' ? ` (${length} is ${needed})` : '';
        const of = values[i] === null ? 'null' : `${found} elements`;
        throw new EwaldError(
          'Shape',
          `${name}(): argument ${i + 1} (${parameter.name}) has ${of}; needed are at least ${needed}${because}`,
          {
            detail: { found, needed },
          },
        );
      },
    ];
  });
}

/** Elements a value has, where that can be known. */
function elementsOf(given: unknown, type: CType & { kind: 'pointer' }, runtime: Runtime): number | undefined {
  const value = given instanceof Directed ? given.value : given;
  if (value === null) return 0;
  if (value instanceof Rows) return value.rowCount;
  if (value instanceof CArray) return value.length;
  if (Array.isArray(value)) return value.length;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    const size =
      type.to.kind === 'void'
        ? 1
        : (runtime.scalar(type.to)?.layout.size ?? (type.to.kind === 'array' ? runtime.sizeOf(type.to) : 1));
    return Math.floor(value.byteLength / size);
  }
  return undefined;
}

const utf8 = new TextEncoder();

/** The converter of a pointer parameter. `sized` says that null is no answer, since elements are declared. */
export function pointerConverter(
  runtime: Runtime,
  type: CType & { kind: 'pointer' },
  place: Place,
  sized = false,
): Converter {
  const { to } = type;
  if (to.kind === 'function') {
    return (value, frame) => {
      if (typeof value === 'function') return frame.callback(to, value as (...values: unknown[]) => unknown);
      if (value instanceof Callback) return value.addressFor(runtime, place);
      if (value === null) return null;
      if (value instanceof Pointer) return value.address;
      throw refused(value, type, place, 'a function, a callback() or null');
    };
  }
  const scalar = runtime.scalar(to);
  const natural: Direction = to.const ? 'in' : 'inout';
  const isText = to.kind === 'scalar' && scalar?.layout.size === 1;
  const exact =
    scalar && (globalThis as unknown as Record<string, (new () => TypedArray) | undefined>)[arrayName(scalar)];
  const rows = to.kind === 'pointer' ? runtime.scalar(to.to) : undefined;
  const general: Converter = (given, frame) => {
    let value = given;
    let direction: Direction = natural;
    if (given instanceof Directed) {
      ({ value } = given);
      direction = given.direction;
      if (to.const && direction !== 'in')
        throw new EwaldError(
          'Argument',
          `${place()} is marked ${direction}, but ${typeText(type)} is const: C only reads it`,
        );
    }
    if (value === null && !sized) return null;
    if (value instanceof Pointer) {
      if (value.runtime !== runtime)
        throw new EwaldError(
          'Argument',
          `${place()} belongs to the library ${value.runtime.name}, not to ${runtime.name}`,
        );
      runtime.assertPointee(value.type, type, place);
      return value.address;
    }
    if (value instanceof CArray) {
      if (value.runtime === runtime) {
        runtime.assertPointee(value.type, type, place);
        return value.address;
      }
      if (to.kind !== 'pointer' && value.runtime !== runtime)
        return value.use((view) => frame.place(view.slice(), 'in'));
    }
    if (value instanceof Rows) return rowsArgument(value, rows, runtime, type, place, frame);
    if (ArrayBuffer.isView(value)) {
      assertUsable(value, place);
      assertElements(value, to, scalar, runtime, type, place);
      return frame.place(value, direction);
    }
    if (
      value instanceof ArrayBuffer ||
      (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer)
    ) {
      if (to.kind !== 'void' && !isText) throw refused(value, type, place, needs(type, runtime));
      const view = new Uint8Array(value);
      assertUsable(view, place);
      return frame.place(view, direction);
    }
    if (typeof value === 'string') {
      if (!isText || !to.const) {
        throw refused(
          value,
          type,
          place,
          isText
            ? 'an array to write into, such as alloc("char", n): the text of JavaScript cannot change'
            : needs(type, runtime),
        );
      }
      return textArgument(value, place, frame);
    }
    if (scalar && (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')) {
      if (!to.const) throw refused(value, type, place, 'an array of one element, or ref(), to write into');
      return numbersArgument([value], scalar, place, frame, undefined);
    }
    if (Array.isArray(value)) {
      if (scalar) return numbersArgument(value, scalar, place, frame, direction === 'in' ? undefined : value);
      if (to.kind === 'pointer' && isByte(to.to, runtime)) return textsArgument(value, runtime, place, frame);
      if (to.kind === 'pointer') return pointersArgument(value, to, runtime, place, frame, direction);
    }
    if (to.kind === 'struct' && typeof value === 'object' && value !== null)
      return structArgument(value, to, runtime, place, frame, direction);
    throw refused(value, type, place, needs(type, runtime));
  };
  if (!exact) return general;
  // Typed arrays of the very type come first, in a function of its own: they are what a tight loop passes. Whether
  // their buffer may be resized is not asked here, since nothing can resize it before a synchronous call returns.
  if (runtime.memory.kind === 'native') {
    return (given, frame) =>
      given instanceof exact && given.length > 0 && !frame.asynchronous ? given : general(given, frame);
  }
  return (given, frame) =>
    given instanceof exact && given.length > 0 ? frame.place(given, natural) : general(given, frame);
}

const isByte = (type: CType, runtime: Runtime): boolean =>
  type.kind === 'scalar' && runtime.scalar(type)?.layout.size === 1;

function refused(value: unknown, type: CType, place: Place, needed: string): EwaldError {
  return new EwaldError('Argument', `${place()} is ${shown(value)}; ${typeText(type)} needs ${needed}`);
}

/** What a pointer parameter takes, in words. */
function needs({ to }: CType & { kind: 'pointer' }, runtime: Runtime): string {
  const scalar = runtime.scalar(to);
  if (to.kind === 'void') return 'a typed array, memory from alloc(), a pointer or null';
  if (scalar)
    return `${to.const && scalar.layout.size === 1 ? 'text, ' : ''}a ${arrayName(scalar)}, memory from alloc(), a pointer or null`;
  if (to.kind === 'struct')
    return runtime.table.structs[to.tag]?.fields
      ? 'an object, memory from alloc(), a pointer or null'
      : 'the handle that the library gave, or null';
  if (to.kind === 'pointer' && runtime.scalar(to.to))
    return 'an IndirectMemory2D, memory from alloc(), a pointer or null';
  return 'memory from alloc(), a pointer or null';
}

/** The typed array of a scalar's elements. */
export function arrayName({ layout: { kind, size } }: Scalar): string {
  if (kind === 'float') return `Float${size * 8}Array`;
  return size === 8
    ? kind === 'signed'
      ? 'BigInt64Array'
      : 'BigUint64Array'
    : `${kind === 'signed' ? 'Int' : 'Uint'}${size * 8}Array`;
}

function assertUsable(view: ArrayBufferView, place: Place): void {
  const { buffer } = view as { buffer: ArrayBufferLike & { detached?: boolean } };
  // Node 20 has no `detached`: a detached buffer is one that can no longer be viewed.
  if (view.byteLength === 0 && isDetached(buffer)) {
    throw new EwaldError(
      'Shape',
      `${place()} is an array whose buffer was transferred away (detached); pass the array that holds the data now`,
    );
  }
  assertFixed(view, place);
}

function assertFixed(view: ArrayBufferView, place: Place): void {
  const { buffer } = view as { buffer: ArrayBufferLike & { resizable?: boolean; growable?: boolean } };
  if (buffer.resizable || buffer.growable)
    throw new EwaldError(
      'Shape',
      `${place()} is an array over a resizable buffer, which may move under C; copy it into a plain one: array.slice()`,
    );
}

function isDetached(buffer: ArrayBufferLike & { detached?: boolean }): boolean {
  if (buffer.detached !== undefined) return buffer.detached;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function assertElements(
  view: ArrayBufferView,
  to: CType,
  scalar: Scalar | undefined,
  runtime: Runtime,
  type: CType,
  place: Place,
): void {
  if (to.kind === 'void') return;
  let element = scalar;
  if (to.kind === 'array') {
    let inner: CType = to;
    while (inner.kind === 'array') inner = inner.of;
    element = runtime.scalar(inner);
  }
  if (!element) {
    // The bytes of a struct are taken as they are.
    if (to.kind === 'struct' && view instanceof Uint8Array && view.byteLength >= runtime.sizeOf(to)) return;
    throw refused(view, type, place, needs(type as CType & { kind: 'pointer' }, runtime));
  }
  const tag = (view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  const wanted = arrayName(element);
  if (tag === wanted) return;
  const { kind, size } = element.layout;
  // Bytes are bytes, signed or not, clamped or not.
  if (size === 1 && (tag === 'Uint8Array' || tag === 'Int8Array' || tag === 'Uint8ClampedArray')) {
    if (kind !== 'signed' || (to.kind === 'scalar' && to.name === 'char') || tag === 'Int8Array') return;
  }
  throw new EwaldError('Argument', `${place()} is a ${tag}; ${typeText(type)} needs a ${wanted}`, {
    detail: { found: tag, needed: wanted },
  });
}

function textArgument(text: string, place: Place, frame: Frame): Argument {
  if (text.includes('\0'))
    throw new EwaldError('Argument', `${place()} is text with a zero in it, where C would stop; pass a Uint8Array`);
  const bytes = utf8.encode(`${text}\0`);
  return frame.place(bytes, 'in');
}

function numbersArgument(
  values: readonly unknown[],
  scalar: Scalar,
  place: Place,
  frame: Frame,
  back: unknown[] | undefined,
): Argument {
  const { size } = scalar.layout;
  const { argument, view } = frame.scratch(Math.max(1, values.length) * size);
  const data = view();
  values.forEach((value, i) => {
    writeBits(
      scalar.layout,
      data,
      i * size,
      scalar.in(value, () => `${place()}[${i}]`),
    );
  });
  if (back) {
    frame.after(() => {
      const now = view();
      for (let i = 0; i < back.length; i++) back[i] = scalar.out(readBits(scalar.layout, now, i * size));
    });
  }
  return argument;
}

function textsArgument(values: readonly unknown[], runtime: Runtime, place: Place, frame: Frame): Argument {
  const bytes = values.map((value, i) => {
    if (value === null) return null;
    if (typeof value !== 'string')
      throw new EwaldError('Argument', `${place()}[${i}] is ${shown(value)}; needed is text or null`);
    return utf8.encode(`${value}\0`);
  });
  const places = bytes.map((text) => {
    if (!text) return 0;
    const { view, address } = addressed(runtime, text.length, frame);
    new Uint8Array(view.buffer, view.byteOffset, text.length).set(text);
    return address;
  });
  return pointerTable(places, runtime, frame).argument;
}

/** Scratch memory with an address: what a table of pointers refers to. */
function addressed(runtime: Runtime, bytes: number, frame: Frame): { view: DataView; address: number | bigint } {
  const allocation: Allocation = runtime.memory.allocate(bytes, 'an argument');
  frame.release(() => allocation.free());
  return { view: allocation.view(), address: allocation.address as number | bigint };
}

function pointerTable(
  addresses: readonly (number | bigint)[],
  runtime: Runtime,
  frame: Frame,
): { argument: Argument; allocation: Allocation } {
  const size = pointerBytes[runtime.model];
  const allocation = runtime.memory.allocate(Math.max(1, addresses.length) * size, 'a table of pointers');
  frame.release(() => allocation.free());
  const view = allocation.view();
  addresses.forEach((address, i) => {
    if (size === 4) view.setUint32(i * 4, Number(address), true);
    else view.setBigUint64(i * 8, BigInt(address), true);
  });
  return { argument: allocation.address as number | bigint, allocation };
}

/** `[null]` for `T **out`: the pointers C wrote stand in the array behind the call. */
function pointersArgument(
  values: unknown[],
  to: CType & { kind: 'pointer' },
  runtime: Runtime,
  place: Place,
  frame: Frame,
  direction: Direction,
): Argument {
  const addresses = values.map((value, i) => runtime.addressOf(value ?? null, to, () => `${place()}[${i}]`));
  const { argument, allocation } = pointerTable(addresses, runtime, frame);
  if (direction !== 'in') {
    const size = pointerBytes[runtime.model];
    frame.after(() => {
      const view = allocation.view();
      for (let i = 0; i < values.length; i++) {
        const address = size === 4 ? view.getUint32(i * 4, true) : view.getBigUint64(i * 8, true);
        if (BigInt(address) !== BigInt(addresses[i] ?? 0)) values[i] = runtime.pointer(address, to.to);
      }
    });
  }
  return argument;
}

function structArgument(
  value: object,
  to: CType & { kind: 'struct' },
  runtime: Runtime,
  place: Place,
  frame: Frame,
  direction: Direction,
): Argument {
  const { fields } = runtime.table.structs[to.tag] ?? {};
  if (!fields)
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(value)}; ${typeText(to)} is opaque, so the handle that the library gave is needed`,
    );
  const { argument, view } = frame.scratch(runtime.sizeOf(to));
  if (direction !== 'out') runtime.write(view(), 0, to, value, place);
  if (direction !== 'in') frame.after(() => Object.assign(value, runtime.read(view(), 0, to)));
  return argument;
}

function rowsArgument(
  value: Rows,
  rows: Scalar | undefined,
  runtime: Runtime,
  type: CType & { kind: 'pointer' },
  place: Place,
  frame: Frame,
): Argument {
  if (!rows) throw refused(value, type, place, needs(type, runtime));
  const letter = letterOf(rows.layout);
  const same =
    value.format === letter ||
    (value.itemSize === rows.layout.size && rows.layout.size === 1) ||
    (rows.layout.kind !== 'float' &&
      value.formatInUse.kind === rows.layout.kind &&
      value.itemSize === rows.layout.size);
  if (!same)
    throw new EwaldError(
      'Argument',
      `${place()} has rows of format "${value.format}"; ${typeText(type)} needs "${letter}"`,
    );
  const row = type.to as CType & { kind: 'pointer' };
  if (value.isReadonly && !row.to.const)
    throw new EwaldError(
      'Argument',
      `${place()} is read-only, but ${typeText(type)} lets C write to it; declare its elements const, or pass a writable memory`,
    );
  if (value.space === runtime.memory) return value.pointer;
  if (!(value instanceof IndirectMemory2D) && !(value instanceof RaggedRows))
    throw refused(value, type, place, needs(type, runtime));
  const staged = value.stage(runtime.memory, { copyBack: !row.to.const });
  frame.release(() => staged.dispose());
  return staged.pointer;
}
