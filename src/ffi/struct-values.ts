/** Structs, unions and bit-fields on their way into memory and back. */
import { EwaldError } from '../errors.js';
import type { CField, CType } from './header/types.js';
import { typeText } from './header/types.js';
import { type Place, shown } from './scalars.js';

/** What the codec of structs needs of the codec of everything. */
export interface ValueCodec {
  /** The members of a struct that have a name; undefined for an opaque one. */
  membersOf(tag: string): { readonly kind: 'struct' | 'union'; readonly fields: readonly CField[] } | undefined;
  sizeOf(type: CType): number;
  read(view: DataView, offset: number, type: CType): unknown;
  write(view: DataView, offset: number, type: CType, value: unknown, place: Place): void;
  /** Bits of a scalar as the value that JavaScript has for it, and back. */
  fromBits(type: CType, bits: bigint): unknown;
  toBits(type: CType, value: unknown, place: Place): bigint;
  isSigned(type: CType): boolean;
}

type StructType = CType & { kind: 'struct' };

const opaque = (type: CType): EwaldError =>
  new EwaldError('Unsupported', `${typeText(type)} is opaque; only its library can look into it`);

/** The object of a struct: a property a member; of a union every reading of its bytes that is a value. */
export function readStruct(codec: ValueCodec, view: DataView, offset: number, type: StructType): unknown {
  const members = codec.membersOf(type.tag);
  if (!members) throw opaque(type);
  const entries = members.fields.flatMap((field): [string, unknown][] => {
    const read = (): unknown =>
      field.bits === undefined
        ? codec.read(view, offset + field.offset, field.type)
        : codec.fromBits(field.type, readBitField(view, offset, field, codec.isSigned(field.type)));
    if (members.kind === 'struct' && field.type.kind !== 'opaque') return [[field.name, read()]];
    try {
      return [[field.name, read()]];
    } catch {
      // Bytes of another member, or a type without values here.
      return [];
    }
  });
  return Object.fromEntries(entries);
}

/** Writes the members of an object; what is not given is zero, as in C's initialisers. */
export function writeStruct(
  codec: ValueCodec,
  view: DataView,
  offset: number,
  type: StructType,
  value: unknown,
  place: Place,
): void {
  const members = codec.membersOf(type.tag);
  if (!members)
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(value)}, but ${typeText(type)} is opaque; pass the handle that the library gave`,
    );
  const { fields, kind } = members;
  if (typeof value !== 'object' || value === null)
    throw new EwaldError(
      'Argument',
      `${place()} is ${shown(value)}; needed is an object with the fields ${fields.map(({ name }) => name).join(', ')}`,
    );
  const given = new Map(Object.entries(value as Record<string, unknown>).filter(([, one]) => one !== undefined));
  const byName = new Map(fields.map((field) => [field.name, field]));
  for (const name of given.keys()) {
    if (!byName.has(name))
      throw new EwaldError(
        'Argument',
        `${place()} has the field "${name}", which ${typeText(type)} lacks; it has ${fields.map((field) => field.name).join(', ')}`,
      );
  }
  const own = new Uint8Array(view.buffer, view.byteOffset + offset, codec.sizeOf(type));
  own.fill(0);
  /** What was written to each byte, so that members of unions that differ are seen. */
  const taken = new Uint8Array(own.length);
  for (const [name, one] of given) {
    const field = byName.get(name) as CField;
    const where = (): string => `${place()}.${name}`;
    const bytes = field.bits === undefined ? codec.sizeOf(field.type) : undefined;
    const before = own.slice();
    if (bytes === undefined)
      writeBitField(view, offset, field, codec.toBits(field.type, one, where), codec.isSigned(field.type), where);
    else codec.write(view, offset + field.offset, field.type, one, where);
    if (bytes === undefined) continue;
    for (let i = field.offset; i < field.offset + bytes; i++) {
      if (taken[i] === 1 && before[i] !== own[i])
        throw new EwaldError(
          'Argument',
          `${where()} says other bytes than the members given before it; ${kind === 'union' ? 'give one member of the union' : 'give one member of each union'}`,
        );
      taken[i] = 1;
    }
  }
}

/** The bits of a bit-field. */
export function readBitField(view: DataView, base: number, field: CField, signed: boolean): bigint {
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
