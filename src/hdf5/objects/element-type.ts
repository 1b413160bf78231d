/** Types of elements, as users of `ewald/hdf5` see them. */

import { swapBytes } from '../../bytes/byte-order.js';
import { type DataType, type FrameArray, numberBytes, viewAs } from '../../bytes/dtype.js';
import { type Hdf5Type, numberType, typeName } from '../datatype.js';

/**
 * The type of an element; `size` is its bytes in the file. What is a `number` is read into a typed array of `dtype`,
 * whatever its byte order and the bits that the file has of it.
 */
export type HdfElementType =
  | {
      readonly kind: 'number';
      readonly size: number;
      readonly dtype: DataType;
      readonly bigEndian: boolean;
      /** The bits of each that are the number, where these are not all. */
      readonly bits?: number | undefined;
    }
  /** Numbers with names; h5py's bool is one of FALSE and TRUE with the dtype u8. */
  | {
      readonly kind: 'enum';
      readonly size: number;
      readonly dtype: DataType;
      readonly bigEndian: boolean;
      readonly values: Readonly<Record<string, number | bigint>>;
    }
  /** Text of `size` bytes in UTF-8, or of any length. */
  | { readonly kind: 'text'; readonly size: number; readonly isVariable: boolean }
  /** Bytes that only their writer understands. */
  | { readonly kind: 'opaque'; readonly size: number; readonly tag: string }
  | {
      readonly kind: 'compound';
      readonly size: number;
      readonly members: readonly { readonly name: string; readonly offset: number; readonly type: HdfElementType }[];
    }
  | { readonly kind: 'array'; readonly size: number; readonly shape: readonly number[]; readonly of: HdfElementType }
  /** A list of any length, another one in each element. */
  | { readonly kind: 'list'; readonly size: number; readonly of: HdfElementType }
  | { readonly kind: 'reference'; readonly size: number; readonly to: 'object' | 'region' }
  /** A type without a counterpart here, such as long double: its elements are read as bytes, in the file's order. */
  | { readonly kind: 'bytes'; readonly size: number; readonly name: string };

/** The type as users see it. */
export function elementTypeOf(type: Hdf5Type): HdfElementType {
  const { size } = type;
  const numbers = numberType(type);
  if (type.kind === 'enum' && numbers) {
    const { dtype, big } = numbers;
    return { kind: 'enum', size, dtype, bigEndian: big, values: namedValues(type, dtype) };
  }
  if (numbers) {
    const { dtype, big, padding } = numbers;
    return { kind: 'number', size, dtype, bigEndian: big, ...(padding && { bits: padding.precision }) };
  }
  switch (type.kind) {
    case 'string':
      return { kind: 'text', size, isVariable: false };
    case 'variable':
      return type.text
        ? { kind: 'text', size, isVariable: true }
        : { kind: 'list', size, of: elementTypeOf(type.base) };
    case 'bytes':
      return { kind: 'opaque', size, tag: type.name };
    case 'compound': {
      const members = type.members.map(({ name, offset, type: own }) => ({ name, offset, type: elementTypeOf(own) }));
      return { kind: 'compound', size, members };
    }
    case 'array':
      return { kind: 'array', size, shape: type.shape, of: elementTypeOf(type.base) };
    case 'reference':
      return { kind: 'reference', size, to: type.to };
    default:
      return { kind: 'bytes', size, name: typeName(type) };
  }
}

/** The numbers of an enumeration by their names. */
function namedValues(type: Hdf5Type & { kind: 'enum' }, dtype: DataType): Record<string, number | bigint> {
  const copy = type.values.slice();
  const base = numberType(type.base);
  if (base?.big) swapBytes(copy, numberBytes(base.dtype), {});
  const values: FrameArray = viewAs(copy, dtype);
  const named: Record<string, number | bigint> = Object.create(null);
  for (const [i, name] of type.names.entries()) named[name] = values[i] as number | bigint;
  return named;
}
