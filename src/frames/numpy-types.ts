/** The types of numbers in the short notation of NumPy, without the byte order: u2, f4, c8. */

import { type DataType, dataTypes, elementBytes, elements, numberBytes } from '../bytes/dtype.js';
import { littleEndianMachine } from '../util/number-bytes.js';
import { wordTable } from '../util/word-table.js';

/** The element type of each short name: a letter for the kind and the number of bytes. */
export const numpyTypes: Readonly<Record<string, DataType>> = /* @__PURE__ */ wordTable<DataType>({
  b1: 'u8',
  ...Object.fromEntries(dataTypes.map((dtype) => [`${dtype[0]}${elementBytes(dtype)}`, dtype])),
});

/** The element type of each long name: uint16, float32. */
export const numpyNames: Readonly<Record<string, DataType>> = /* @__PURE__ */ wordTable<DataType>(
  Object.fromEntries(dataTypes.map((dtype) => [elements[dtype].numpy, dtype])),
);

/** The short name of a type with its byte order, that of the machine: `<u2`, `|u1`, `<c8`. */
export const numpyTypeOf = (dtype: DataType): string =>
  `${numberBytes(dtype) === 1 ? '|' : littleEndianMachine ? '<' : '>'}${dtype[0]}${elementBytes(dtype)}`;

/**
 * NumPy's words for types of numbers, and the options that they stand for: `uint16`, `<u2`, `>u2`, `|u1`. Short names
 * without a byte order are not among them: u8 has eight bits here, and eight bytes there.
 */
export const numpyWords: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries([
  ...Object.entries(numpyNames).map(([name, dtype]) => [name, { dtype }] as const),
  ...Object.entries(numpyTypes).flatMap(([name, dtype]) =>
    (
      [
        ['<', { dtype, endian: 'little' }],
        ['>', { dtype, endian: 'big' }],
        ['|', { dtype }],
        ['=', { dtype }],
      ] as const
    ).map(([order, stands]) => [`${order}${name}`, stands] as const),
  ),
]);
