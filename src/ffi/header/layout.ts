/** Sizes, alignments and kinds of C's types per data model, and the placement of struct members. */
import { type DataModel, pointerBytes } from '../../memory/model.js';
import { scalarLayout } from './scalar-types.js';
import type { CEnum, CField, CStruct, CType, OpaqueName } from './types.js';

/** Size and alignment of a type in bytes. */
export interface TypeSize {
  readonly size: number;
  readonly align: number;
}

/** The tables of named types, from which layouts are computed. */
export interface Tags {
  readonly structs: Readonly<Record<string, CStruct>>;
  readonly enums: Readonly<Record<string, CEnum>>;
}

const opaque: Readonly<Record<Exclude<OpaqueName, 'va_list'>, TypeSize>> = {
  'long double': { size: 16, align: 16 },
  __float128: { size: 16, align: 16 },
  __int128: { size: 16, align: 16 },
  'unsigned __int128': { size: 16, align: 16 },
  'float _Complex': { size: 8, align: 4 },
  'double _Complex': { size: 16, align: 8 },
  'long double _Complex': { size: 32, align: 16 },
  _Float16: { size: 2, align: 2 },
};

function opaqueLayout(name: OpaqueName, model: DataModel): TypeSize {
  if (name === 'va_list') return model === 'lp64' ? { size: 24, align: 8 } : { size: 4, align: 4 };
  if (model === 'llp64' && name === 'long double') return { size: 8, align: 8 };
  // Emscripten aligns it to 8 bytes; other compilers for wasm to 16.
  if (model === 'wasm32' && name.startsWith('long double')) return { ...opaque[name], align: 8 };
  return opaque[name];
}

/** Bytes and alignment of a type; undefined for void, functions, opaque structs and enums that are not defined. */
export function layoutOf(type: CType, model: DataModel, tags: Tags): TypeSize | undefined {
  const plain = plainLayout(type, model, tags);
  // A typedef with aligned(n) raises or lowers the alignment; the size stays.
  return plain && type.align !== undefined ? { size: plain.size, align: type.align } : plain;
}

function plainLayout(type: CType, model: DataModel, tags: Tags): TypeSize | undefined {
  switch (type.kind) {
    case 'scalar': {
      const { size } = scalarLayout(type.name, model);
      return { size, align: size };
    }
    case 'enum': {
      const known = tags.enums[type.tag];
      if (!known) return undefined;
      const { size } = scalarLayout(known.type, model);
      return { size, align: size };
    }
    case 'opaque':
      return opaqueLayout(type.name, model);
    case 'pointer':
      return { size: pointerBytes[model], align: pointerBytes[model] };
    case 'array': {
      const element = layoutOf(type.of, model, tags);
      return element && { size: element.size * type.length, align: element.align };
    }
    case 'struct': {
      const struct = tags.structs[type.tag];
      return struct?.size === undefined || struct.align === undefined
        ? undefined
        : { size: struct.size, align: struct.align };
    }
    default:
      return undefined;
  }
}

/** Whether a type is a struct whose members only its library knows, or an enum that is not defined. */
export const isOpaque = (type: CType, { structs, enums }: Tags): boolean =>
  (type.kind === 'struct' && structs[type.tag]?.fields === undefined) ||
  (type.kind === 'enum' && enums[type.tag] === undefined);

/** A member that has not been placed yet. */
export interface Member extends Omit<CField, 'offset' | 'shift'> {
  readonly layout: TypeSize;
}

/** The attributes and pragmas that apply to a whole struct. */
type StructRules = Pick<CStruct, 'kind' | 'packed' | 'pack' | 'aligned'>;

/** Whether a bit-field occupies a whole, aligned integer: gcc then treats it as one. */
const wholeInteger = (bits: number, at: number): boolean => [8, 16, 32, 64].includes(bits) && at % bits === 0;

const up = (value: number, to: number): number => Math.ceil(value / to) * to;

/**
 * Places the members of a struct or union as gcc does on x86-64 and clang on wasm32: each at its alignment, bit-fields
 * in what is left of a unit of their type, the whole rounded up to the largest alignment.
 */
export function placeFields(members: readonly Member[], rules: StructRules): TypeSize & { readonly fields: CField[] } {
  let bit = 0;
  let end = 0;
  let align = 1;
  const cap = (value: number): number => (rules.pack === undefined ? value : Math.min(value, rules.pack));
  const fields = members.map(({ layout, ...field }): CField => {
    if (rules.kind === 'union') bit = 0;
    const packed = rules.packed || field.packed;
    const declaredAlign = field.align === undefined ? 1 : cap(field.align);
    if (field.bits === undefined) {
      const needed = Math.max(declaredAlign, packed ? 1 : cap(layout.align));
      bit = up(bit, needed * 8);
      align = Math.max(align, needed);
      const offset = bit / 8;
      bit += layout.size * 8;
      end = Math.max(end, bit);
      return { ...field, offset };
    }
    const unit = layout.align * 8;
    const whole = wholeInteger(field.bits, bit) && !(packed && field.bits > 8);
    if (field.align !== undefined) bit = up(bit, declaredAlign * 8);
    if (field.bits === 0) bit = up(bit, unit);
    else if (!packed && rules.pack === undefined && !whole) {
      // A bit-field must not span more aligned units than its type.
      const spanned = Math.floor(((bit % unit) + field.bits + unit - 1) / unit);
      if (spanned > (layout.size * 8) / unit) bit = up(bit, unit);
    }
    // Bit-fields without a name fill, and align nothing.
    if (field.name !== '') {
      const needed = rules.pack !== undefined ? cap(layout.align) : packed ? 1 : layout.align;
      align = Math.max(align, declaredAlign, needed, whole ? cap(field.bits / 8) : 1);
    }
    const offset = Math.floor(bit / 8);
    const shift = bit % 8;
    bit += field.bits;
    end = Math.max(end, bit);
    return { ...field, offset, shift };
  });
  align = Math.max(align, rules.aligned ?? 1);
  return { fields, size: up(Math.ceil(end / 8), align), align };
}

/** The members with a name, including those of unnamed structs and unions, with offsets in the whole. */
export function namedFields(fields: readonly CField[], structs: Readonly<Record<string, CStruct>>, base = 0): CField[] {
  return fields.flatMap((field): CField[] => {
    if (field.name !== '') return [base === 0 ? field : { ...field, offset: base + field.offset }];
    const inner =
      field.type.kind === 'struct' && field.bits === undefined ? structs[field.type.tag]?.fields : undefined;
    return inner ? namedFields(inner, structs, base + field.offset) : [];
  });
}
