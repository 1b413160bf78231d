/** Sizes, alignments and kinds of C's types per data model. */
import { type DataModel, longBytes, pointerBytes } from '../../memory/model.js';
import type { CStruct, CType, ScalarName } from './types.js';

/** How a scalar lies in memory. */
export interface ScalarLayout {
  readonly kind: 'bool' | 'signed' | 'unsigned' | 'float';
  readonly size: 1 | 2 | 4 | 8;
}

/** Bits of `long`. */
export const longBits = (model: DataModel): 32 | 64 => (longBytes[model] === 8 ? 64 : 32);

const fixed: Partial<Record<ScalarName, ScalarLayout>> = {
  bool: { kind: 'bool', size: 1 },
  char: { kind: 'signed', size: 1 },
  'signed char': { kind: 'signed', size: 1 },
  'unsigned char': { kind: 'unsigned', size: 1 },
  short: { kind: 'signed', size: 2 },
  'unsigned short': { kind: 'unsigned', size: 2 },
  int: { kind: 'signed', size: 4 },
  'unsigned int': { kind: 'unsigned', size: 4 },
  'long long': { kind: 'signed', size: 8 },
  'unsigned long long': { kind: 'unsigned', size: 8 },
  int8_t: { kind: 'signed', size: 1 },
  uint8_t: { kind: 'unsigned', size: 1 },
  int16_t: { kind: 'signed', size: 2 },
  uint16_t: { kind: 'unsigned', size: 2 },
  int32_t: { kind: 'signed', size: 4 },
  uint32_t: { kind: 'unsigned', size: 4 },
  int64_t: { kind: 'signed', size: 8 },
  uint64_t: { kind: 'unsigned', size: 8 },
  char16_t: { kind: 'unsigned', size: 2 },
  char32_t: { kind: 'unsigned', size: 4 },
  float: { kind: 'float', size: 4 },
  double: { kind: 'float', size: 8 },
};

/** The layout of a scalar on a target. */
export function scalarLayout(name: ScalarName, model: DataModel): ScalarLayout {
  const known = fixed[name];
  if (known) return known;
  switch (name) {
    case 'long':
      return { kind: 'signed', size: longBytes[model] };
    case 'unsigned long':
      return { kind: 'unsigned', size: longBytes[model] };
    case 'size_t':
    case 'uintptr_t':
      return { kind: 'unsigned', size: pointerBytes[model] };
    case 'wchar_t':
      return model === 'llp64' ? { kind: 'unsigned', size: 2 } : { kind: 'signed', size: 4 };
    default:
      return { kind: 'signed', size: pointerBytes[model] };
  }
}

/** Bytes and alignment of a type; undefined for void, functions and opaque structs. */
export function layoutOf(
  type: CType,
  model: DataModel,
  structs: Readonly<Record<string, CStruct>>,
): { readonly size: number; readonly align: number } | undefined {
  switch (type.kind) {
    case 'scalar': {
      const { size } = scalarLayout(type.name, model);
      return { size, align: size };
    }
    case 'enum':
      return { size: 4, align: 4 };
    case 'pointer':
      return { size: pointerBytes[model], align: pointerBytes[model] };
    case 'array': {
      const element = layoutOf(type.of, model, structs);
      return element && { size: element.size * type.length, align: element.align };
    }
    case 'struct': {
      const struct = structs[type.tag];
      return struct?.size === undefined || struct.align === undefined
        ? undefined
        : { size: struct.size, align: struct.align };
    }
    default:
      return undefined;
  }
}

/** Places fields one behind the other, each at its alignment, and rounds the whole up to the largest. */
export function placeFields(layouts: readonly { readonly size: number; readonly align: number }[]): {
  readonly offsets: readonly number[];
  readonly size: number;
  readonly align: number;
} {
  let end = 0;
  let align = 1;
  const offsets = layouts.map((field) => {
    const offset = Math.ceil(end / field.align) * field.align;
    end = offset + field.size;
    align = Math.max(align, field.align);
    return offset;
  });
  return { offsets, size: Math.ceil(end / align) * align, align };
}
