/**
 * Arguments that are objects, or lists of objects, for a pointer to structs; their texts, arrays and functions exist until
 * the call ends.
 */

import type { Address } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import { refuseElementsBehind } from './behind.js';
import type { Argument } from './frame.js';
import { isOpaque } from './header/layout.js';
import { type CType, isChar, type PointerType, type StructType, typeText } from './header/types.js';
import { lentView } from './lent.js';
import { listElement } from './list-elements.js';
import { membersIn, Original } from './originals.js';
import { assertElements, assertUsable, isByte } from './pointees.js';
import type { Pointer } from './pointer.js';
import { type Passing, placedList, placedText } from './pointer-arguments.js';
import { type ArgumentName, shown } from './scalars.js';
import { adopt, carryBytes, memberNames, membersGiven, putMember } from './struct-values.js';

/** What the call places for a member: a text, an array, or a function. */
interface Placed {
  readonly address: Address;
  /** The text that C left, if C wrote another one. */
  readonly left?: (() => string | undefined) | undefined;
}

/** The texts, arrays and functions of an object that C uses, by the place of the member. */
type Texts = Map<string, Placed>;

const none: Texts = new Map();

/** Passes an object, or several that follow each other in memory; all are read back unless C only reads them. */
export function structsArgument(
  values: readonly unknown[],
  to: StructType,
  isList: boolean,
  { runtime, place, frame, direction, isMarked }: Passing,
  align: number,
): Argument {
  if (isOpaque(to, runtime.table))
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(isList ? values : values[0])}; ${typeText(to)} is opaque; pass the handle that the ` +
        'library returned',
    );
  const members = runtime.membersOf(to.tag);
  if (members?.behind) for (const value of values) refuseElementsBehind(value, to, runtime, place);
  const size = members?.size ?? runtime.sizeOf(to);
  const count = values.length;
  const placeOf = (i: number): ArgumentName => (isList ? () => `${place()}[${i}]` : place);
  if (direction === 'out' && members)
    for (const [i, value] of values.entries()) memberNames(value, to, members, placeOf(i));
  // Texts come first: allocating them may move the memory under a view.
  const texts: Texts | undefined = members?.hasPointers ? new Map() : undefined;
  const plain = texts
    ? values.map((value, i) =>
        withPointers(value, to, `${i}`, texts, { runtime, place: placeOf(i), frame, direction, isMarked }),
      )
    : values;
  const { argument, view, lent } = frame.scratch(Math.max(1, values.length) * size, direction, align);
  lent?.leadsInto(frame.lending);
  if (direction !== 'out')
    for (let i = 0; i < plain.length; i++)
      runtime.writeTo(view, i * size, to, plain[i], isList ? placeOf(i) : place, frame.lending);
  if (frame.watches(direction)) {
    const original = new Original(values, (all) => membersIn(all, to.tag, runtime), frame.isBeside);
    frame.after(() => {
      if (!frame.hasFailed) original.assertSame(place);
    });
  }
  if (direction !== 'in')
    frame.after(() => {
      const left = runtime.memory.kind === 'wasm' ? copyOf(view()) : view();
      // What was added to the list meanwhile is nothing to C.
      for (const [i, value] of values.slice(0, count).entries())
        if (typeof value === 'object' && value !== null)
          takeBack(value, readAsGiven(value, left, i * size, to, runtime) as object, `${i}`, texts ?? none);
    });
  // C may write to a text that a const struct points at.
  else if (!isMarked && texts && [...texts.values()].some(({ left }) => left))
    frame.after(() => {
      for (const [i, value] of values.slice(0, count).entries()) takeTexts(value as object, `${i}`, texts);
    });
  return argument;
}

/** What is written for a struct that is passed by value: the call places its texts, arrays and functions. */
export function placedValue(value: unknown, to: StructType, passing: Omit<Passing, 'direction' | 'isMarked'>): unknown {
  const members = passing.runtime.membersOf(to.tag);
  if (!members?.hasPointers) return value;
  const texts: Texts = new Map();
  const plain = withPointers(value, to, '0', texts, { ...passing, direction: 'in', isMarked: false });
  if ([...texts.values()].some(({ left }) => left)) passing.frame.after(() => takeTexts(value as object, '0', texts));
  return plain;
}

/** A copy, which lasts when members of objects are functions of the caller that have a heap grow. */
const copyOf = ({ buffer, byteOffset, byteLength }: DataView): DataView =>
  new DataView(buffer.slice(byteOffset, byteOffset + byteLength));

/** A copy of an object whose texts, arrays and functions are pointers to what the call places; the object itself without any. */
function withPointers(value: unknown, to: StructType, path: string, texts: Texts, passing: Passing): unknown {
  const { runtime, place } = passing;
  const members = runtime.membersOf(to.tag);
  if (typeof value !== 'object' || value === null || !members) return value;
  const names = memberNames(value, to, members, place);
  const given = new Map(names.map((name) => [name, (value as Record<string, unknown>)[name]]));
  let isChanged = false;
  for (const { name, type } of members.fields) {
    const one = given.get(name);
    const placed = placedMember(one, type, `${path}.${name}`, texts, { ...passing, place: () => `${place()}.${name}` });
    if (placed === one) continue;
    given.set(name, placed);
    isChanged = true;
  }
  if (!isChanged) return value;
  const copy = Object.fromEntries(given);
  adopt(copy, value);
  return copy;
}

/** What is written for a member, or an element of one that is an array; `path` is its place. */
function placedMember(one: unknown, type: CType, path: string, texts: Texts, passing: Passing): unknown {
  const { runtime, place, frame } = passing;
  if (type.kind === 'struct') return withPointers(one, type, path, texts, passing);
  if (type.kind === 'array') {
    if (!Array.isArray(one) || !runtime.hasPointers(type.of)) return one;
    const elements = one.map((element, i) =>
      placedMember(element, type.of, `${path}.${i}`, texts, { ...passing, place: () => `${place()}[${i}]` }),
    );
    return elements.every((element, i) => element === one[i]) ? one : elements;
  }
  if (type.kind !== 'pointer') return one;
  // A worker has functions of its own.
  const isApart = frame.asynchronous && runtime.memory.kind === 'wasm';
  const own = isApart ? undefined : runtime.ownFunction(one, type.to);
  if (own) {
    texts.set(path, { address: own.address });
    return own;
  }
  let placed: Placed | undefined;
  if (typeof one === 'string' && isByte(type.to, runtime)) {
    const { address, left } = placedText(one, place, frame);
    placed = { address, left: type.to.const ? undefined : left };
  } else if (typeof one === 'function' && type.to.kind === 'function')
    placed = { address: frame.callback(type.to, one as (...values: unknown[]) => unknown, place) as Address };
  else if (!isApart && isArray(one)) {
    const address = placedArray(one, type, passing);
    placed = address === undefined ? undefined : { address };
  }
  if (!placed) return one;
  texts.set(path, placed);
  return runtime.pointer(placed.address, type.to);
}

const isArray = (value: unknown): value is unknown[] | ArrayBufferView =>
  ArrayBuffer.isView(value) || Array.isArray(value);

/** Where an array is that a member points to for the time of the call; undefined for what is no array of numbers. */
function placedArray(
  value: unknown[] | ArrayBufferView,
  type: PointerType,
  { runtime, place, frame, direction, isMarked }: Passing,
): Address | undefined {
  const { to } = type;
  const way = to.const || (isMarked && direction === 'in') ? 'in' : 'inout';
  // Arrays are not aligned to more.
  if (runtime.alignOf(to) > 8) return undefined;
  if (ArrayBuffer.isView(value)) {
    assertUsable(value, place);
    assertElements(value, to, runtime.scalar(to), runtime, type, place);
    const [address] = frame.at([value], way) as [Address];
    if (runtime.memory.kind === 'native') frame.lending?.add(lentView(value, place, () => address));
    return address;
  }
  const element = listElement(runtime, to);
  return element?.isNumber && value.length > 0
    ? placedList(value, element, { place, frame, direction: way }).address
    : undefined;
}

/**
 * What C left of a struct: as it is read, but for arrays of `char` that the caller gave as numbers, which stay numbers, in
 * the caller's own typed array if it is one. A text ends at the first zero.
 */
function readAsGiven(
  given: unknown,
  view: DataView,
  offset: number,
  type: CType,
  runtime: Passing['runtime'],
): unknown {
  const value = runtime.read(view, offset, type);
  if (typeof given !== 'object' || given === null) return value;
  if (type.kind === 'array' && isChar(type.of)) {
    const numbers = Array.from({ length: type.length }, (_, i) => runtime.read(view, offset + i, type.of) as number);
    if (!(given instanceof Int8Array || given instanceof Uint8Array)) return numbers;
    given.set(numbers);
    return given;
  }
  if (type.kind !== 'struct') return value;
  const read = value as Record<string, unknown>;
  const members = runtime.membersOf(type.tag);
  const before = members ? membersGiven(given, members) : new Map<string, unknown>();
  for (const { name, type: of, offset: at, bits } of members?.fields ?? [])
    if (bits === undefined && Object.hasOwn(read, name) && name !== '__proto__')
      read[name] = readAsGiven(before.get(name), view, offset + at, of, runtime);
  carryBytes(runtime, read, type);
  return read;
}

/**
 * Puts what C left into the object of the caller; a text is replaced only where C wrote to it, or stored another pointer.
 */
function takeBack(value: object, read: object, path: string, texts: Texts): void {
  for (const [name, one] of Object.entries(read)) {
    const where = `${path}.${name}`;
    const placed = texts.get(where);
    if (placed && one !== null && BigInt((one as Pointer).address) === BigInt(placed.address)) {
      const left = placed.left?.();
      if (left !== undefined) putMember(value, name, left);
      continue;
    }
    const before = (value as Record<string, unknown>)[name];
    const isNested = [...texts.keys()].some((key) => key.startsWith(`${where}.`));
    if (isNested && typeof before === 'object' && before !== null) takeBack(before, one as object, where, texts);
    else putMember(value, name, one);
  }
  adopt(value, read);
}

/** Puts the texts to which C wrote into the object of the caller. */
function takeTexts(value: object, path: string, texts: Texts): void {
  for (const [where, { left }] of texts) {
    const text = where.startsWith(`${path}.`) ? left?.() : undefined;
    if (text === undefined) continue;
    const names = where.slice(path.length + 1).split('.');
    const last = names.pop() as string;
    putMember(
      names.reduce((inner, name) => (inner as Record<string, object>)[name] as object, value),
      last,
      text,
    );
  }
}
