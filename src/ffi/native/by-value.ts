/** Structs and unions by value: the fields by which koffi passes them as C does. */
import { EwaldError } from '../../util/errors.js';
import { layoutOf, placeFields } from '../header/layout.js';
import { type CField, type CType, type StructType, typeText } from '../header/types.js';
import type { Runtime } from '../runtime.js';

/**
 * The fields of a struct as koffi gets them: its own if koffi lays them out as C does, and otherwise others that the
 * ABI of this processor passes in the same registers.
 *
 * @throws `Unsupported` where there are none.
 */
export function passedFields(type: StructType, runtime: Runtime): readonly CField[] {
  const struct = runtime.table.structs[type.tag];
  const { fields, size = 0, align = 1 } = struct ?? {};
  if (!fields) throw refusal(type, 'the header keeps it opaque');
  if (fields.length === 0) throw refusal(type, 'it has no members');
  const own = align > 8 ? undefined : plainFields(type, runtime);
  if (own) return own;
  const leaves = leavesOf(type, 0, runtime);
  if (align > 8) throw refusal(type, `it is aligned to ${align} bytes, which calls do not support`);
  if (leaves.some((leaf) => leaf.offset % leaf.align !== 0))
    throw refusal(type, 'it is packed in a way that calls do not support');
  if (process.arch === 'arm64') return homogeneousFloats(leaves, size) ?? byteFields(0, size);
  if (process.platform === 'win32') return byteFields(0, size);
  // Larger ones are passed in memory on x86-64, whatever they are of.
  if (process.arch === 'x64') return size > 16 ? byteFields(0, size) : eightbyteFields(leaves, size);
  throw refusal(type, `it has bit-fields or unions, which calls on ${process.arch} do not support`);
}

const refusal = (type: CType, why: string): EwaldError =>
  new EwaldError(
    'Unsupported',
    `${typeText(type)} is passed by value, but ${why}; declare a function that takes a pointer to it`,
  );

/** A type as koffi lays it out: it knows no `_Alignas`, so members that have one are compared with where they would be. */
const withoutAlignment = ({ align: _, ...type }: CType): CType => type as CType;

/** Whether koffi lays out a type as C does. */
function isPlain(type: CType, runtime: Runtime): boolean {
  if (type.kind === 'struct') return plainFields(type, runtime) !== undefined;
  // koffi has no array without elements.
  if (type.kind === 'array') return !type.vector && type.length > 0 && isPlain(type.of, runtime);
  return type.kind !== 'opaque' || isComplex(type);
}

/** The fields themselves, if koffi lays them out as C does. */
function plainFields(type: StructType, runtime: Runtime): readonly CField[] | undefined {
  const struct = runtime.table.structs[type.tag];
  const fields = struct?.fields ?? [];
  if (struct?.kind === 'union' || fields.length === 0) return undefined;
  const arePlain = fields.every(
    ({ name, bits, type: inner }) => name !== '' && bits === undefined && isPlain(inner, runtime),
  );
  if (!arePlain) return undefined;
  const members = fields.flatMap(({ name, type: inner }) => {
    const layout = layoutOf(withoutAlignment(inner), runtime.model, runtime.table);
    return layout ? [{ name, type: inner, layout }] : [];
  });
  const natural = placeFields(members, { kind: 'struct' });
  return members.length === fields.length &&
    natural.size === struct?.size &&
    natural.fields.every(({ offset }, i) => offset === fields[i]?.offset)
    ? fields
    : undefined;
}

const isComplex = (type: CType): boolean => type.kind === 'opaque' && /^(?:float|double) _Complex$/.test(type.name);

/** A number of a struct, at whatever depth. */
interface Leaf {
  readonly offset: number;
  readonly size: number;
  readonly align: number;
  readonly isFloat: boolean;
}

function leavesOf(type: CType, base: number, runtime: Runtime): Leaf[] {
  if (type.kind === 'struct')
    return (runtime.table.structs[type.tag]?.fields ?? []).flatMap(({ name, type: inner, offset, shift = 0, bits }) => {
      if (bits === undefined) return leavesOf(inner, base + offset, runtime);
      // A bit-field counts by the bytes that it covers; one without a name is a gap.
      const size = Math.ceil((shift + bits) / 8);
      return name === '' ? [] : [{ offset: base + offset, size, align: 1, isFloat: false }];
    });
  if (type.kind === 'array' && !type.vector) {
    const size = runtime.sizeOf(type.of);
    return Array.from({ length: type.length }, (_, i) => leavesOf(type.of, base + i * size, runtime)).flat();
  }
  const layout = layoutOf(type, runtime.model, runtime.table);
  const scalar = runtime.scalar(type)?.layout;
  const complex = isComplex(type) && layout ? { size: layout.size / 2, isFloat: true } : undefined;
  if (complex) return [0, complex.size].map((offset) => ({ ...complex, offset: base + offset, align: complex.size }));
  if (!layout || (!scalar && type.kind !== 'pointer'))
    throw refusal(type, 'it is a type that calls of native libraries do not support');
  return [{ offset: base, size: layout.size, align: layout.size, isFloat: scalar?.kind === 'float' }];
}

const scalarType = (name: 'float' | 'double' | 'uint8_t' | 'uint64_t'): CType => ({ kind: 'scalar', name });

/** Bytes that count as integers. */
const byteFields = (offset: number, length: number): CField[] => [
  { name: `i${offset}`, offset, type: { kind: 'array', of: scalarType('uint8_t'), length } },
];

/** x86-64: each eight bytes are floats if all numbers in them are, and otherwise integers. */
function eightbyteFields(leaves: readonly Leaf[], size: number): CField[] {
  const fields: CField[] = [];
  for (let offset = 0; offset < size; offset += 8) {
    const length = Math.min(8, size - offset);
    const inside = leaves.filter((leaf) => leaf.offset < offset + 8 && leaf.offset + leaf.size > offset);
    if (inside.length === 0 || inside.some(({ isFloat }) => !isFloat)) {
      fields.push(
        ...(length === 8 ? [{ name: `i${offset}`, offset, type: scalarType('uint64_t') }] : byteFields(offset, length)),
      );
    } else if (inside.some((leaf) => leaf.size === 8))
      fields.push({ name: `d${offset}`, offset, type: scalarType('double') });
    else
      for (let at = offset; at < offset + length; at += 4)
        fields.push({ name: `f${at}`, offset: at, type: scalarType('float') });
  }
  return fields;
}

/** 64-bit ARM: up to four floats of one size, in a union as many as its longest member has. */
function homogeneousFloats(leaves: readonly Leaf[], size: number): CField[] | undefined {
  const [first] = leaves;
  const isAlone = first?.isFloat && leaves.every((leaf) => leaf.isFloat && leaf.size === first.size);
  const count = size / (first?.size ?? 1);
  if (!isAlone || count > 4) return undefined;
  return Array.from({ length: count }, (_, i) => ({
    name: `f${i}`,
    offset: i * first.size,
    type: scalarType(first.size === 4 ? 'float' : 'double'),
  }));
}
