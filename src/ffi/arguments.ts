/**
 * Conversion of arguments: what each parameter accepts, where arrays are during a call, and what is copied back after
 * it.
 */

import { IndirectMemory2D } from '../memory/indirect.js';
import { classOf } from '../memory/no-index.js';
import { toMultiple } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import { withArticle } from '../util/options.js';
import { CArray } from './carray.js';
import { filled, isPlainText } from './filled.js';
import {
  type Argument,
  type Converter,
  copiedOnce,
  type Direct,
  Directed,
  type Direction,
  type Frame,
  type Parameter,
} from './frame.js';
import { type CFunction, type CType, type FunctionType, isText, type PointerType, typeText } from './header/types.js';
import { Callback } from './kept-callback.js';
import { lengthCheck, rowCheck } from './lengths.js';
import { type ListElement, listElement } from './list-elements.js';
import { assertElements, assertUsable, describePointee, isByte, refused } from './pointees.js';
import { Pointer } from './pointer.js';
import {
  alignedArgument,
  isNested,
  listArgument,
  nestedArgument,
  type Passing,
  plainText,
  pointersArgument,
  rowsArgument,
} from './pointer-arguments.js';
import type { Runtime } from './runtime.js';
import type { ArgumentName, Scalar } from './scalars.js';
import { structsArgument } from './struct-arguments.js';
import { partOf } from './wide-values.js';

/**
 * The parameters of a function. `lengths` supplements the header: parameter → number, or another parameter that contains
 * the length.
 */
export function callParameters(
  runtime: Runtime,
  fn: CFunction,
  lengths: Readonly<Record<string, number | string>> = {},
  byValue?: (type: CType, place: ArgumentName) => Converter | undefined,
): Parameter[] {
  const { name, parameters } = fn;
  const given = new Map(Object.entries(lengths));
  for (const array of given.keys()) {
    if (!parameters.some((parameter) => parameter.name === array))
      throw new EwaldError('Argument', `lengths names ${name}.${array}, but ${name}() has no such parameter`);
  }
  return parameters.map((parameter, i) => {
    const place = (): string => `${name}(): argument ${i + 1}${parameter.name ? ` (${parameter.name})` : ''}`;
    const { type } = parameter;
    const scalar = runtime.scalar(type);
    if (scalar) return { scalar, place, convert: scalar.into(place) };
    if (type.kind === 'pointer') {
      const stated = given.get(parameter.name);
      const length = stated ?? parameter.length;
      // `T a[3]` may be null in C; what the caller states, `T a[n]` and `T a[static 3]` may not.
      const isNullable = stated === undefined && typeof length !== 'string' && !parameter.static;
      const check = length === undefined ? rowCheck(runtime, fn, i) : lengthCheck(runtime, fn, i, length, isNullable);
      const direct = directOf(runtime, type, check);
      return { place, convert: pointerConverter(runtime, type, place, !isNullable), check, direct };
    }
    return { place, convert: byValue?.(type, place) ?? (() => unsupportedArgument(type, place)) };
  });
}

/** What koffi takes the address of by itself. */
function directOf(runtime: Runtime, type: PointerType, check: Parameter['check']): Direct | undefined {
  const passes = filled.get(runtime.scalar(type.to)?.format.array);
  if (!passes || runtime.memory.kind !== 'native' || runtime.alignOf(type.to) > 8) return undefined;
  // A text is no array that a check counts.
  return { passes: isText(type) && !check ? (value) => isPlainText(value) || passes(value) : passes, check };
}

/** The class of memory of C, or of rows; arrays of JavaScript, which are passed most, are told at once. */
const kindOfMemory = (value: unknown): unknown =>
  ArrayBuffer.isView(value) || Array.isArray(value) ? undefined : classOf(value);

function unsupportedArgument(type: CType, place: ArgumentName): never {
  throw new EwaldError(
    'Unsupported',
    `${place()} is ${typeText(type)} by value, which cannot be passed here; declare a function that takes a ` +
      'pointer to it',
  );
}

/** The converter of a pointer parameter. `sized` means that null is not accepted, since a length is declared. */
export function pointerConverter(runtime: Runtime, type: PointerType, place: ArgumentName, sized = false): Converter {
  const { to } = type;
  if (to.kind === 'function') return functionConverter(runtime, type, to, place);
  const parameter = new PointerParameter(runtime, type, place, sized);
  const general: Converter = (given, frame) => parameter.convert(given, frame);
  const align = runtime.alignOf(to);
  if (align > 8) return alignedConverter(general, align, place, type);
  const exact = runtime.scalar(to)?.format.array;
  if (!exact) return general;
  if (isText(type) && runtime.memory.kind === 'native')
    // koffi copies a text, for the call alone.
    return (given, frame) =>
      !frame.lending && !frame.asynchronous && isPlainText(given) ? (given as string) : general(given, frame);
  // Typed arrays of the exact type come first, in a separate function: tight loops pass them. Whether their buffer is
  // resizable is not checked, since nothing can resize it before a synchronous call returns.
  if (runtime.memory.kind === 'native') {
    return (given, frame) =>
      ArrayBuffer.isView(given) && given instanceof exact && given.length > 0 && !frame.asynchronous && !frame.lending
        ? given
        : general(given, frame);
  }
  const natural: Direction = to.const ? 'in' : 'inout';
  return (given, frame) =>
    ArrayBuffer.isView(given) && given instanceof exact && given.length > 0 && !frame.lending
      ? frame.place(given, natural)
      : general(given, frame);
}

/** Refuses memory at an address where C does not expect such a type. */
const alignedConverter =
  (general: Converter, align: number, place: ArgumentName, type: PointerType): Converter =>
  (given, frame) => {
    const argument = general(given, frame);
    const isAddress = typeof argument === 'number' || typeof argument === 'bigint';
    if (isAddress && toMultiple(argument, align) !== 0)
      throw new EwaldError(
        'Argument',
        `${place()} is at an address that is not a multiple of ${align}, as ${typeText(type)} needs; allocate it with ` +
          `alloc('${typeText({ ...type.to, const: undefined })}', n)`,
      );
    return argument;
  };

const functionConverter = (runtime: Runtime, type: PointerType, to: FunctionType, place: ArgumentName): Converter => {
  /** The type of a callback that was found to be the one that C takes. */
  let accepted: FunctionType | undefined;
  return (value, frame) => {
    if (typeof value === 'function') {
      // A worker has functions of its own.
      const isApart = frame.asynchronous && runtime.memory.kind === 'wasm';
      const own = isApart ? undefined : runtime.ownFunction(value, to);
      if (own) return runtime.addressOf(own, type, place);
      return frame.callback(to, value as (...values: unknown[]) => unknown, place);
    }
    if (value === null) return null;
    if (value instanceof Callback) {
      if (value.type === accepted) return value.addressFor(runtime, place);
      const address = runtime.addressOf(value, type, place);
      accepted = value.type;
      return address;
    }
    if (value instanceof Pointer || value instanceof CArray) return runtime.addressOf(value, type, place);
    const mark = runtime.markOf(value, type);
    if (mark !== undefined) return mark;
    throw refused(value, type, place, 'a function, a callback() or null');
  };
};

/** A pointer to data: everything that it accepts. */
class PointerParameter {
  readonly #runtime: Runtime;
  readonly #type: PointerType;
  readonly #place: ArgumentName;
  readonly #sized: boolean;
  readonly #scalar: Scalar | undefined;
  /** What lists consist of. */
  readonly #element: ListElement | undefined;
  readonly #isText: boolean;
  readonly #align: number;
  /** The numbers of an array of arrays, which follow each other. */
  readonly #flat: ListElement | undefined;
  /** The elements of rows, for a pointer to pointers. */
  readonly #rows: ListElement | undefined;
  /** The type of memory of this library that was found to be what C takes. */
  #accepted: CType | undefined;

  constructor(runtime: Runtime, type: PointerType, place: ArgumentName, sized: boolean) {
    [this.#runtime, this.#type, this.#place, this.#sized] = [runtime, type, place, sized];
    const { to } = type;
    this.#scalar = runtime.scalar(to);
    this.#align = runtime.alignOf(to);
    this.#isText = to.kind === 'scalar' && this.#scalar?.layout.size === 1;
    this.#element = listElement(runtime, to);
    let unit = to;
    while (unit.kind === 'array' && !unit.vector) unit = unit.of;
    this.#flat = unit === to ? undefined : listElement(runtime, unit);
    this.#rows = to.kind === 'pointer' ? listElement(runtime, to.to) : undefined;
  }

  convert(given: unknown, frame: Frame): Argument {
    const found = kindOfMemory(given);
    if ((found === CArray || found === Pointer) && !frame.lending) {
      const { type, runtime } = given as CArray | Pointer;
      if (type === this.#accepted && runtime === this.#runtime) return (given as CArray | Pointer).address;
    }
    const isMarked = found === undefined && given instanceof Directed;
    const value = isMarked ? given.value : given;
    if (frame.lending) frame.lending.place = this.#place;
    const passing = {
      runtime: this.#runtime,
      place: this.#place,
      frame,
      direction: this.#directionOf(isMarked ? given.direction : undefined),
      isMarked,
    };
    if (value === null && !this.#sized) return null;
    const kind = isMarked ? kindOfMemory(value) : found;
    let argument = kind && this.#memoryOfC(value, kind, passing);
    if (argument === undefined) argument = this.#buffer(value, passing);
    if (argument === undefined) argument = this.#plain(value, passing);
    if (argument === undefined) throw this.#refused(value);
    return argument;
  }

  #refused(value: unknown, expected = describePointee(this.#type, this.#runtime)): EwaldError {
    return refused(value, this.#type, this.#place, expected);
  }

  #directionOf(marked: Direction | undefined): Direction {
    const isConst = this.#type.to.const;
    if (marked === undefined) return isConst ? 'in' : 'inout';
    if (isConst && marked !== 'in')
      throw new EwaldError(
        'Argument',
        `${this.#place()} is marked ${marked}, but ${typeText(this.#type)} is const: C only reads it`,
      );
    return marked;
  }

  /** Memory of `ewald/memory` and of C; undefined for anything else. */
  #memoryOfC(given: unknown, kind: unknown, passing: Passing): Argument | undefined {
    const { runtime, place, frame } = passing;
    if (kind === IndirectMemory2D) return rowsArgument(given as IndirectMemory2D, this.#type, passing);
    const isArray = kind === CArray;
    if (!isArray && kind !== Pointer) return undefined;
    const value = given as CArray | Pointer;
    if (!isArray || value.runtime.memory === runtime.memory) {
      const address = runtime.addressOf(value, this.#type, place);
      if (value.runtime === runtime) this.#accepted = value.type;
      const { lending } = frame;
      // JavaScript may run before C has finished.
      if (frame.asynchronous || (isArray && lending?.runsJavaScript)) frame.release(value.hold());
      if (lending && value.lent) {
        lending.add(value.lent);
        if (isArray && runtime.hasPointers(value.type)) frame.after(() => (value as CArray).noteAfter(lending));
      }
      return address;
    }
    // The elements of an array in another memory are copied; its pointers would mean nothing.
    if (this.#type.to.kind === 'pointer') return undefined;
    const array = value as CArray;
    const copy = array.toTypedArray();
    const argument = this.#buffer(copy, passing);
    if (passing.direction !== 'in') frame.after(() => array.use((view) => view.set(copy as never)));
    return argument;
  }

  /** Typed arrays and buffers; undefined for anything else. */
  #buffer(value: unknown, passing: Passing): Argument | undefined {
    const { runtime, place, frame, direction } = passing;
    const { to } = this.#type;
    if (ArrayBuffer.isView(value)) {
      assertUsable(value, place);
      assertElements(value, to, this.#scalar, runtime, this.#type, place);
      return this.#align > 8 ? alignedArgument(value, this.#align, passing) : frame.place(value, direction);
    }
    const shared = typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer;
    if (!(value instanceof ArrayBuffer) && !shared) return undefined;
    if (to.kind !== 'void' && !this.#isText) throw this.#refused(value);
    const view = new Uint8Array(value);
    assertUsable(view, place);
    return frame.place(view, direction);
  }

  /** Texts, numbers, arrays and objects, which are copied; undefined for what the pointee does not accept. */
  #plain(value: unknown, passing: Passing): Argument | undefined {
    const { to } = this.#type;
    const { place, frame } = passing;
    const scalar = this.#scalar;
    if (typeof value === 'string') {
      if (this.#isText && to.const) return frame.text(plainText(value, place, '; pass a Uint8Array'));
      throw this.#refused(
        value,
        this.#isText
          ? 'an array to write into, such as alloc("char", n): the text of JavaScript cannot change'
          : undefined,
      );
    }
    if (scalar && (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')) {
      // C reads a text up to its NUL, which a number does not have.
      if (this.#isText && to.const) throw this.#refused(value, 'a text, or the bytes in a typed array');
      if (to.const)
        return listArgument([value], this.#element as ListElement, { ...passing, direction: 'in' }, this.#align);
      throw this.#refused(value, 'an array of one element, or ref(), to write into');
    }
    if (Array.isArray(value) && scalar)
      return copiedOnce(frame, value, scalar.format, passing.direction, () =>
        listArgument(value, this.#element as ListElement, passing, this.#align),
      );
    if (Array.isArray(value) && this.#flat) {
      this.#refuseParts(value, this.#flat.type, '');
      return listArgument(value, this.#flat, passing, this.#align);
    }
    if (this.#element && !scalar) return this.#wide(value, this.#element, passing);
    if (Array.isArray(value) && to.kind === 'pointer') return this.#table(value, to, passing);
    if (to.kind === 'struct' && typeof value === 'object' && value !== null) {
      const isList = Array.isArray(value);
      return copiedOnce(frame, value, to.tag, passing.direction, () =>
        structsArgument(isList ? value : [value], to, isList, passing, this.#align),
      );
    }
    return undefined;
  }

  /** Complex numbers, `long double` and 128-bit integers: a list of them, or one that C only reads. */
  #wide(value: unknown, element: ListElement, passing: Passing): Argument | undefined {
    const { to } = this.#type;
    const isList = Array.isArray(value);
    if (!isList && (!to.const || (typeof value === 'object' && value === null))) return undefined;
    if (isList) this.#refuseParts(value, to, '');
    return listArgument(
      isList ? value : [value],
      element,
      isList ? passing : { ...passing, direction: 'in' },
      this.#align,
    );
  }

  /** A list of numbers might be real parts alone, or both parts by turns. */
  #refuseParts(list: readonly unknown[], type: CType, rows: string): void {
    const part = partOf(type);
    if (part && list.some((one) => typeof one === 'number'))
      throw this.#refused(
        list,
        `${rows}${withArticle(part.array)} of re, im, re, im, or a list such as [{ re: 1, im: 0 }]; a list of numbers could ` +
          'be either',
      );
  }

  /** An array for a pointer to pointers; undefined for numbers, which are no rows. */
  #table(value: unknown[], to: PointerType, passing: Passing): Argument | undefined {
    if (this.#rows && isNested(value, this.#rows.array)) {
      for (const row of value) if (Array.isArray(row)) this.#refuseParts(row, to.to, 'rows, each ');
      return nestedArgument(value, this.#rows, to, passing);
    }
    const numbers = value.some((one) => typeof one === 'number' || typeof one === 'bigint');
    if (this.#rows && numbers && !isByte(to.to, this.#runtime)) return undefined;
    return pointersArgument(value, to, passing);
  }
}
