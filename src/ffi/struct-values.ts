/** Reads and writes structs, unions and bit-fields in memory. */
import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import { type CField, type CType, isChar, type StructType, typeText } from './header/types.js';
import { type Place, type Scalar, shown } from './scalars.js';

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
  const { fields = [] } = access.membersOf(type.tag) ?? {};
  if (fields.some((field) => losesBytes(access, bytes, field, object[field.name])))
    (object as Carrier)[bytesOfC] = bytes;
  else delete (object as Carrier)[bytesOfC];
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

/** Writes the members of an object; missing members are zero, as in C's initialisers. */
export function writeStruct(
  access: Access,
  view: DataView,
  offset: number,
  type: StructType,
  value: unknown,
  place: Place,
): void {
  const members = access.membersOf(type.tag);
  if (!members)
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(value)}, but ${typeText(type)} is opaque; pass the handle that the library returned`,
    );
  const { fields, kind, overlaps } = members;
  if (typeof value !== 'object' || value === null)
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(value)}; expected an object with the fields ${fields.map(({ name }) => name).join(', ')}`,
    );
  const given = value as Record<string, unknown>;
  const names = Object.keys(given);
  const { byName } = members;
  for (const name of names) {
    if (given[name] !== undefined && !byName.has(name))
      throw new EwaldError(
        'Argument',
        `${place()} has the field "${name}", which ${typeText(type)} lacks; it has ` +
          `${fields.map((field) => field.name).join(', ')}`,
      );
  }
  if (!members.keepsBytes) {
    // Arrays of bytes and entries would take longer than most structs.
    const end = offset + access.sizeOf(type);
    for (let at = offset; at < end; at++) view.setUint8(at, 0);
    for (const name of names) {
      const one = given[name];
      if (one !== undefined)
        writeField(access, view, offset, byName.get(name) as CField, one, () => `${place()}.${name}`);
    }
    return;
  }
  const member = bytesAt(view, offset, access.sizeOf(type));
  const read = originOf(value);
  const origin = read?.length === member.length ? read : undefined;
  if (overlaps && origin) member.set(origin);
  else member.fill(0);
  /** The bits covered by the given members so far, to detect members that contradict each other. */
  const taken = new Uint8Array(overlaps ? member.length : 0);
  for (const name of names) {
    const one = given[name];
    if (one === undefined) continue;
    const field = byName.get(name) as CField;
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

function writeField(access: Access, view: DataView, offset: number, field: CField, one: unknown, where: Place): void {
  if (field.bits === undefined) {
    access.write(view, offset + field.offset, field.type, one, where);
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
  place: Place,
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
