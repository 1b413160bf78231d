/** Reads and writes structs, unions and bit-fields in memory. */
import { EwaldError } from '../util/errors.js';
import type { Access, Members } from './access.js';
import { type CField, type CType, isChar, type StructType, typeText } from './header/types.js';
import { type ArgumentName, type Scalar, shown } from './scalars.js';

/**
 * The bytes that objects with unions, texts or rounded numbers were read from: an unchanged member must not overwrite
 * another one, and an unchanged text or number keeps all bytes that C has.
 */
const origins = new WeakMap<object, Uint8Array>();

/** The same bytes, where the object alone would lose some of them: `{ ...object, x: 7 }` has them, too. */
const bytesOfC = Symbol('bytes in C');

interface Carrier {
  [bytesOfC]?: Uint8Array | undefined;
}

const originOf = (value: object): Uint8Array | undefined => origins.get(value) ?? (value as Carrier)[bytesOfC];

/** Whether a type is read as less than its bytes: as a text up to its zero, or as a rounded number. */
export const isShortened = (type: CType, access: Access): boolean =>
  type.kind === 'array' ? isChar(type.of) || isShortened(type.of, access) : access.wide(type)?.isRounded === true;

/** Copies the recorded bytes of an object to another one that received its values. */
export function adopt(target: object, source: unknown): void {
  const bytes = typeof source === 'object' && source !== null ? originOf(source) : undefined;
  if (!bytes) return;
  origins.set(target, bytes);
  if (Object.hasOwn(source as object, bytesOfC)) (target as Carrier)[bytesOfC] = bytes;
  else delete (target as Carrier)[bytesOfC];
}

/** Whether two values are the same to C. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if ('address' in a) return (a as { address: unknown }).address === (b as { address: unknown }).address;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length && left.every(([name, one], i) => right[i]?.[0] === name && same(one, right[i]?.[1]))
  );
}

const opaque = (type: StructType): EwaldError =>
  new EwaldError('Unsupported', `${typeText(type)} is opaque; only its library can access its fields`);

/**
 * The object of a struct, with a property per member; for a union, every member of which its bytes are a valid value.
 */
export function readStruct(access: Access, view: DataView, offset: number, type: StructType): unknown {
  const members = access.membersOf(type.tag);
  if (!members) throw opaque(type);
  const entries = members.fields.flatMap((field): [string, unknown][] => {
    if (!members.overlaps && field.type.kind !== 'opaque')
      return [[field.name, readField(access, view, offset, field)]];
    try {
      return [[field.name, readField(access, view, offset, field)]];
    } catch {
      // The bytes belong to another member, or the type has no value in JavaScript.
      return [];
    }
  });
  const object: Record<string, unknown> = Object.fromEntries(entries);
  if (members.keepsBytes) {
    origins.set(object, bytesAt(view, offset, access.sizeOf(type)).slice());
    carryBytes(access, object, type);
  }
  return object;
}

/** Has an object that was read carry its bytes where its members alone would lose some of them. */
export function carryBytes(access: Access, object: Record<string, unknown>, type: StructType): void {
  const bytes = origins.get(object);
  if (!bytes) return;
  const { fields = [], overlaps = false } = access.membersOf(type.tag) ?? {};
  const isLess = overlaps
    ? differsAnew(access, bytes, object, type)
    : fields.some((field) => losesBytes(access, bytes, field, object[field.name]));
  if (isLess) (object as Carrier)[bytesOfC] = bytes;
  else delete (object as Carrier)[bytesOfC];
}

/** Whether the members of a union alone are other bytes, or contradict each other: a NaN, a bool of 2, a gap. */
function differsAnew(access: Access, bytes: Uint8Array, object: object, type: StructType): boolean {
  const again = new Uint8Array(bytes.length);
  try {
    access.write(new DataView(again.buffer), 0, type, Object.fromEntries(Object.entries(object)), () => '');
  } catch {
    return true;
  }
  return again.some((byte, i) => byte !== bytes[i]);
}

/** Whether a member that is written as it was read has other bytes: behind a zero, in another encoding, or rounded. */
function losesBytes(access: Access, bytes: Uint8Array, { type, offset }: CField, value: unknown): boolean {
  if (value === undefined || !isShortened(type, access)) return false;
  const own = bytes.subarray(offset, offset + access.sizeOf(type));
  const again = new Uint8Array(own.length);
  try {
    access.write(new DataView(again.buffer), 0, type, value, () => '');
  } catch {
    // A text without a zero.
    return true;
  }
  return again.some((byte, i) => byte !== own[i]);
}

const bytesAt = (view: DataView, offset: number, size: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, size);

function readField(access: Access, view: DataView, offset: number, field: CField): unknown {
  if (field.bits === undefined) return access.read(view, offset + field.offset, field.type);
  const { layout, out } = access.scalar(field.type) as Scalar;
  const bits = readBitField(view, offset, field, layout.kind === 'signed');
  return out(layout.size === 8 ? bits : Number(bits));
}

/** Whether a member still has the value that the bytes of its object were read as. */
function unchanged(access: Access, origin: Uint8Array, field: CField, value: unknown): boolean {
  try {
    return same(value, readField(access, new DataView(origin.buffer, origin.byteOffset, origin.length), 0, field));
  } catch {
    return false;
  }
}

const builtIn =
  /^(?:Map|Set|Weak\w+|Promise|Date|RegExp|Error|Symbol|BigInt|Boolean|Number|String|Arguments|\w*Array|\w*Buffer|DataView|\w*(?:Function|Iterator|Generator))$/;

const isRoot = (value: object): boolean =>
  Object.getPrototypeOf(value) === null && Object.hasOwn(value, 'hasOwnProperty');

/** Whether an object is one of its own members alone, as `{ x: 1 }` is. */
function isPlain(value: object): boolean {
  const parent: object | null = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null || isRoot(parent);
}

/** Whether an object has a member: itself, or of its class, by an accessor as well. */
function hasMember(value: object, name: string): boolean {
  for (let at: object | null = value; at && !(isRoot(at) && at !== value); at = Object.getPrototypeOf(at))
    if (Object.hasOwn(at, name) && (at === value || name !== 'constructor')) return true;
  return false;
}

/**
 * The names of the members of an object that stands for a struct: those of a plain object, and the members of the struct
 * that an instance of a class has or inherits, by accessors as well.
 *
 * @throws `Argument` for what is no such object: a Map, a Date, a promise, an instance without any member of the struct.
 */
export function memberNames(
  value: unknown,
  type: StructType,
  members: Members,
  place: ArgumentName,
): readonly string[] {
  if (typeof value !== 'object' || value === null) throw noStruct(value, members.fields, place);
  const names = Object.keys(value);
  if (isPlain(value) && isWhole(names, members)) return names;
  return sortedOut(value, names, type, members, place);
}

/** Whether all members are given, and nothing else, as in most objects. */
function isWhole(names: readonly string[], { fields, byName }: Members): boolean {
  if (names.length !== fields.length) return false;
  for (let i = 0; i < names.length; i++) if (!byName.has(names[i] as string)) return false;
  return true;
}

function sortedOut(
  value: object,
  names: readonly string[],
  type: StructType,
  { fields, byName }: Members,
  place: ArgumentName,
): readonly string[] {
  const isOwn = isPlain(value);
  if (!isOwn && builtIn.test(Object.prototype.toString.call(value).slice(8, -1))) throw noStruct(value, fields, place);
  let found = 0;
  let unknown: string | undefined;
  for (const name of names)
    if (byName.has(name)) found++;
    else if ((value as Record<string, unknown>)[name] !== undefined) unknown ??= name;
  // Members of the class, and those that are not enumerable.
  const more: string[] = [];
  if (found < fields.length)
    for (const { name } of fields) if (hasMember(value, name) && !names.includes(name)) more.push(name);
  if (!isOwn && found === 0 && more.length === 0) throw noStruct(value, fields, place);
  if (unknown !== undefined)
    throw new EwaldError(
      'Argument',
      `${place()} has the field "${unknown}", which ${typeText(type)} lacks; it has ${namesOf(fields)}`,
    );
  return more.length > 0 ? [...names, ...more] : names;
}

const namesOf = (fields: readonly CField[]): string => fields.map(({ name }) => name).join(', ');

function noStruct(value: unknown, fields: readonly CField[], place: ArgumentName): EwaldError {
  const isPromise = typeof value === 'object' && value !== null && 'then' in value;
  return new EwaldError(
    'Argument',
    `${place()} is ${shown(value)}; expected an object with the fields ${namesOf(fields)}${isPromise ? '; await the promise' : ''}`,
  );
}

/** The members of an object that stands for a struct, as it has them. */
export const membersGiven = (value: object, { fields }: Members): Map<string, unknown> =>
  new Map(
    fields.flatMap(({ name }): [string, unknown][] =>
      hasMember(value, name) ? [[name, (value as Record<string, unknown>)[name]]] : [],
    ),
  );

/**
 * Puts a value into a member, which may be named `__proto__`. @throws `Argument` if it is another one than before, and
 * the object does not let it change.
 */
export function putMember(value: object, name: string, one: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(value, name, { value: one, enumerable: true, writable: true, configurable: true });
    return;
  }
  if (Reflect.set(value, name, one) || same((value as Record<string, unknown>)[name], one)) return;
  throw new EwaldError(
    'Argument',
    `C changed ${name} of ${shown(value)}, which cannot change: it is frozen, or has no setter; pass an object that can, or ` +
      'in(object) of the library where what C leaves does not matter',
  );
}

/** Writes the members of an object; missing members are zero, as in C's initialisers. */
export function writeStruct(
  access: Access,
  view: DataView,
  offset: number,
  type: StructType,
  value: unknown,
  place: ArgumentName,
): void {
  const members = access.membersOf(type.tag);
  if (!members)
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(value)}, but ${typeText(type)} is opaque; pass the handle that the library returned`,
    );
  const { kind, overlaps, byName } = members;
  const names = memberNames(value, type, members, place);
  const given = value as Record<string, unknown>;
  if (!members.keepsBytes) {
    // Arrays of bytes and entries would take longer than most structs.
    const end = offset + members.size;
    let at = offset;
    for (; at + 8 <= end; at += 8) view.setFloat64(at, 0);
    for (; at < end; at++) view.setUint8(at, 0);
    let current = '';
    const where: ArgumentName = () => `${place()}.${current}`;
    for (let i = 0; i < names.length; i++) {
      current = names[i] as string;
      const field = byName.get(current);
      if (field) writeField(access, view, offset, field, given[current], where);
    }
    return;
  }
  const member = bytesAt(view, offset, access.sizeOf(type));
  const read = originOf(given);
  const origin = read?.length === member.length ? read : undefined;
  if (overlaps && origin) member.set(origin);
  else member.fill(0);
  /** The bits covered by the given members so far, to detect members that contradict each other. */
  const taken = new Uint8Array(overlaps ? member.length : 0);
  for (const name of names) {
    const one = given[name];
    const field = byName.get(name);
    if (!field || (one === undefined && overlaps)) continue;
    const where = (): string => `${place()}.${name}`;
    if (origin && (overlaps || isShortened(field.type, access)) && unchanged(access, origin, field, one)) {
      if (!overlaps) member.set(origin.subarray(field.offset, field.offset + access.sizeOf(field.type)), field.offset);
      continue;
    }
    if (!overlaps) {
      writeField(access, view, offset, field, one, where);
      continue;
    }
    const before = member.slice();
    writeField(access, view, offset, field, one, where);
    const mask = fieldMask(field, access);
    for (let i = 0; i < member.length; i++) {
      if (((taken[i] ?? 0) & (mask[i] ?? 0) & ((before[i] ?? 0) ^ (member[i] ?? 0))) !== 0)
        throw new EwaldError(
          'Argument',
          `${where()} contradicts the members given before it; pass one member of ` +
            `${kind === 'union' ? 'the' : 'each'} union`,
        );
      taken[i] = (taken[i] ?? 0) | (mask[i] ?? 0);
    }
  }
}

/** Writes a member; undefined is what null is: no pointer, and no number. */
function writeField(
  access: Access,
  view: DataView,
  offset: number,
  field: CField,
  one: unknown,
  where: ArgumentName,
): void {
  if (field.bits === undefined) {
    const value = one === undefined && field.type.kind === 'pointer' ? null : one;
    access.write(view, offset + field.offset, field.type, value, where);
    return;
  }
  const scalar = access.scalar(field.type) as Scalar;
  writeBitField(view, offset, field, BigInt(scalar.in(one, where)), scalar.layout.kind === 'signed', where);
}

/** The bits of a struct that a member occupies. */
function fieldMask({ offset, shift = 0, bits, type }: CField, access: Access): number[] {
  const mask: number[] = [];
  const [from, count] = [offset * 8 + shift, bits ?? access.sizeOf(type) * 8];
  for (let i = from; i < from + count; i++) mask[i >> 3] = (mask[i >> 3] ?? 0) | (1 << (i & 7));
  return mask;
}

/** The bits of a bit-field. */
function readBitField(view: DataView, base: number, field: CField, signed: boolean): bigint {
  const { offset, shift = 0, bits = 0 } = field;
  let value = 0n;
  for (let i = Math.ceil((shift + bits) / 8) - 1; i >= 0; i--)
    value = (value << 8n) | BigInt(view.getUint8(base + offset + i));
  value >>= BigInt(shift);
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function writeBitField(
  view: DataView,
  base: number,
  field: CField,
  value: bigint,
  signed: boolean,
  place: ArgumentName,
): void {
  const { offset, shift = 0, bits = 0 } = field;
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  if (value < low || value > high)
    throw new EwaldError('Argument', `${place()} is ${value}; ${bits} bits hold ${low} to ${high}`);
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
  const placed = BigInt.asUintN(bits, value) << BigInt(shift);
  for (let i = 0; i < Math.ceil((shift + bits) / 8); i++) {
    const at = base + offset + i;
    const keep = view.getUint8(at) & ~Number((mask >> BigInt(8 * i)) & 0xffn);
    view.setUint8(at, keep | Number((placed >> BigInt(8 * i)) & 0xffn));
  }
}
