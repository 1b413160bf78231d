/** Datatypes: the element type of a dataset or attribute. */

import type { DataType } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import type { Fields } from './fields.js';

/** A member of a compound. */
export interface Member {
  readonly name: string;
  readonly offset: number;
  readonly type: Hdf5Type;
}

/** The bits of an element that are its number. */
export interface Padding {
  /** The lowest of them. */
  readonly offset: number;
  /** How many they are. */
  readonly precision: number;
}

/** An element type as stored. `size` is in bytes. */
export type Hdf5Type =
  | {
      readonly kind: 'integer';
      readonly size: number;
      readonly signed: boolean;
      readonly big: boolean;
      /** The bits that are its number, where these are not all. */
      readonly padding?: Padding;
    }
  | { readonly kind: 'float'; readonly size: number; readonly big: boolean; readonly ieee: boolean }
  | { readonly kind: 'string'; readonly size: number; readonly padding: number }
  | { readonly kind: 'bytes'; readonly size: number; readonly name: string }
  | { readonly kind: 'compound'; readonly size: number; readonly members: readonly Member[] }
  | {
      readonly kind: 'enum';
      readonly size: number;
      readonly base: Hdf5Type;
      readonly names: readonly string[];
      readonly values: Uint8Array;
    }
  | { readonly kind: 'variable'; readonly size: number; readonly text: boolean; readonly base: Hdf5Type }
  | { readonly kind: 'array'; readonly size: number; readonly shape: readonly number[]; readonly base: Hdf5Type }
  | { readonly kind: 'complex'; readonly size: number; readonly base: Hdf5Type }
  | { readonly kind: 'reference'; readonly size: number; readonly to: 'object' | 'region' }
  | { readonly kind: 'other'; readonly size: number; readonly name: string };

/** Reads a datatype message. */
export function readDatatype(fields: Fields, depth = 0): Hdf5Type {
  if (depth > 16) throw fields.wrong('its types are nested too deeply');
  const head = fields.u8();
  const [kind, version] = [head & 15, head >> 4];
  if (version < 1 || version > 5) throw fields.wrong(`version ${version} of a datatype is not supported`);
  const bits = fields.uint(3);
  const size = fields.u32();
  const inner = (): Hdf5Type => readDatatype(fields, depth + 1);
  switch (kind) {
    case 0:
    case 4: {
      const [offset, precision] = [fields.u16(), fields.u16()];
      if (precision < 1 || offset + precision > size * 8)
        throw fields.wrong(`${precision} bits from bit ${offset} on do not fit in ${size} bytes`);
      const padding = precision === size * 8 ? {} : { padding: { offset, precision } };
      return { kind: 'integer', size, big: (bits & 1) !== 0, signed: kind === 0 && (bits & 8) !== 0, ...padding };
    }
    case 1: {
      const [offset, precision] = [fields.u16(), fields.u16()];
      const [exponentAt, exponent, mantissaAt, mantissa] = [fields.u8(), fields.u8(), fields.u8(), fields.u8()];
      fields.u32();
      const wanted = { 2: [10, 5, 10], 4: [23, 8, 23], 8: [52, 11, 52] }[size];
      const ieee =
        wanted !== undefined &&
        offset === 0 &&
        precision === size * 8 &&
        mantissaAt === 0 &&
        [exponentAt, exponent, mantissa].every((value, i) => value === wanted[i]) &&
        (bits & 0x40) === 0;
      return { kind: 'float', size, big: (bits & 1) !== 0, ieee };
    }
    case 2:
      fields.skip(2);
      return { kind: 'other', size, name: 'time' };
    case 3:
      return { kind: 'string', size, padding: bits & 15 };
    case 5:
      return { kind: 'bytes', size, name: fields.text(bits & 255) };
    case 6:
      return { kind: 'compound', size, members: readMembers(fields, version, bits & 0xffff, size, inner) };
    case 7:
      // Those of HDF5 1.12, which may lead into other files, have other codes.
      if ((bits & 15) > 1) return { kind: 'other', size, name: 'reference of HDF5 1.12' };
      return { kind: 'reference', size, to: (bits & 15) === 1 ? 'region' : 'object' };
    case 8: {
      const base = inner();
      const names = Array.from({ length: bounded(fields, bits & 0xffff) }, () => {
        const from = fields.at;
        const name = fields.textToZero();
        if (version < 3) padName(fields, from);
        return name;
      });
      return { kind: 'enum', size, base, names, values: fields.take(names.length * base.size) };
    }
    case 9:
      return { kind: 'variable', size, text: (bits & 15) === 1, base: inner() };
    case 10: {
      const rank = fields.u8();
      if (version < 3) fields.skip(3);
      const shape = Array.from({ length: rank }, () => fields.u32());
      if (version < 3) fields.skip(4 * rank);
      return { kind: 'array', size, shape, base: inner() };
    }
    case 11:
      return { kind: 'complex', size, base: inner() };
    default:
      throw fields.wrong(`datatype class ${kind} is not supported`);
  }
}

function readMembers(fields: Fields, version: number, count: number, size: number, inner: () => Hdf5Type): Member[] {
  return Array.from({ length: bounded(fields, count) }, () => {
    const from = fields.at;
    const name = fields.textToZero();
    if (version < 3) padName(fields, from);
    let bytes = 4;
    if (version >= 3) for (bytes = 1; bytes < 4 && size >= 256 ** bytes; ) bytes++;
    const offset = fields.uint(bytes);
    let shape: number[] = [];
    if (version === 1) {
      const rank = fields.u8();
      fields.skip(3 + 4 + 4);
      shape = [fields.u32(), fields.u32(), fields.u32(), fields.u32()].slice(0, rank);
    }
    const type = inner();
    const total = shape.reduce((product, n) => product * n, type.size);
    if (offset + total > size) throw fields.wrong(`member ${name} is outside its compound`);
    return { name, offset, type: shape.length > 0 ? { kind: 'array', size: total, shape, base: type } : type };
  });
}

// Names, with their terminating zero, are padded to eight bytes.
const padName = (fields: Fields, from: number): void => {
  fields.skip(Math.min(fields.left, (8 - ((fields.at - from) % 8)) % 8));
};

function bounded(fields: Fields, count: number): number {
  if (count > fields.left) throw fields.wrong(`${count} members do not fit in ${fields.left} bytes`);
  return count;
}

/** The in-memory type of an element, and whether the file stores its numbers big-endian. */
export interface Numbers {
  readonly dtype: DataType;
  readonly big: boolean;
  /** The bits of an element that are its number, where these are not all. */
  readonly padding?: Padding;
}

const integers: Record<string, DataType> = {
  '1u': 'u8',
  '1s': 'i8',
  '2u': 'u16',
  '2s': 'i16',
  '4u': 'u32',
  '4s': 'i32',
  '8u': 'u64',
  '8s': 'i64',
};
const floats: Record<number, DataType> = { 2: 'f16', 4: 'f32', 8: 'f64' };
const complexes: Record<number, DataType> = { 8: 'c64', 16: 'c128' };

/**
 * Names of the two numbers of a complex one: h5py writes r and i, EMD real and imag, Velox realFloat and imagFloat, for
 * half of a transform realFloatHalfEven and imagFloatHalfEven.
 */
const realPart = /^(?:r|re|real)(float(?:half(?:even|odd))?)?$/i;
const imaginaryPart = /^(?:i|im|imag)(float(?:half(?:even|odd))?)?$/i;

/** Whether complex numbers are half of the Fourier transform of a real image, as their names state. */
export const isHalfTransform = (type: Hdf5Type): boolean =>
  type.kind === 'compound' &&
  realPart
    .exec(type.members[0]?.name ?? '')?.[1]
    ?.toLowerCase()
    .includes('half') === true;

/** The dtype of a numeric type; undefined for others (text, records, unusual precisions). */
export function numberType(type: Hdf5Type): Numbers | undefined {
  switch (type.kind) {
    case 'integer': {
      const dtype = integers[`${type.size}${type.signed ? 's' : 'u'}`];
      return dtype && { dtype, big: type.big, ...(type.padding && { padding: type.padding }) };
    }
    case 'float': {
      const dtype = type.ieee ? floats[type.size] : undefined;
      return dtype && { dtype, big: type.big };
    }
    case 'enum': {
      // h5py writes bool as an enumeration of FALSE and TRUE.
      const base = numberType(type.base);
      const bool = base?.dtype === 'i8' && type.names.length === 2 && /^false$/i.test(type.names[0] ?? '');
      return bool ? { dtype: 'u8', big: false } : base;
    }
    case 'complex': {
      const base = numberType(type.base);
      const dtype = base && ['f32', 'f64'].includes(base.dtype) ? complexes[type.size] : undefined;
      return dtype && { dtype, big: base?.big ?? false };
    }
    case 'compound': {
      const [first, second] = type.members;
      if (type.members.length !== 2 || !first || !second) return undefined;
      const [real, imaginary] = [realPart.exec(first.name), imaginaryPart.exec(second.name)];
      if (!real || !imaginary || real[1] !== imaginary[1]) return undefined;
      const [a, b] = [numberType(first.type), numberType(second.type)];
      if (!a || a.dtype !== b?.dtype || a.big !== b.big || !['f32', 'f64'].includes(a.dtype)) return undefined;
      if (first.offset !== 0 || second.offset !== first.type.size || type.size !== 2 * first.type.size)
        return undefined;
      return { dtype: type.size === 8 ? 'c64' : 'c128', big: a.big };
    }
    default:
      return undefined;
  }
}

/** The name of a type, for messages and `ewald info`. */
export function typeName(type: Hdf5Type): string {
  const numbers = numberType(type);
  if (numbers) {
    const { dtype, big, padding } = numbers;
    const details = [big ? 'big-endian' : '', padding ? `${padding.precision} bits of it` : ''].filter((text) => text);
    return `${dtype}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
  }
  switch (type.kind) {
    case 'string':
      return `text of ${type.size}`;
    case 'variable':
      return type.text ? 'text' : `lists of ${typeName(type.base)}`;
    case 'compound':
      return `records {${type.members.map(({ name, type: member }) => `${name}: ${typeName(member)}`).join(', ')}}`;
    case 'array':
      return `[${type.shape.join(', ')}] of ${typeName(type.base)}`;
    case 'enum':
      return `names in ${typeName(type.base)}`;
    case 'other':
    case 'bytes':
      return type.name || 'bytes';
    case 'reference':
      return `references to ${type.to}s`;
    default:
      return `${type.kind} of ${type.size} bytes`;
  }
}

/** Rejects an impossible element size. */
export function checkElement(type: Hdf5Type, what: string): void {
  if (type.size < 1 || type.size > 2 ** 26)
    throw new EwaldError('Format', `${what}: elements of ${type.size} bytes are impossible`);
}
