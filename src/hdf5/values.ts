/** Elements as JavaScript values: attributes, and datasets that are not frames. */

import { swapBytes } from '../bytes/byte-order.js';
import { type FrameArray, numberBytes, viewAs } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import { halfToNumber } from '../util/number-bytes.js';
import { type Hdf5Type, numberType } from './datatype.js';
import { Fields, nowhere } from './fields.js';
import { globalHeapObject } from './heaps.js';
import { withoutPadding } from './padded.js';
import type { Pages } from './pages.js';
import { type Hdf5Reference, readReference } from './references.js';

/** A value: numbers in a typed array, texts and records in an array; a scalar by itself. */
export type Hdf5Value =
  | number
  | bigint
  | string
  | FrameArray
  | Uint8Array
  | Hdf5Reference
  | { readonly [member: string]: Hdf5Value }
  | readonly Hdf5Value[];

/** Limit on the number of values: a damaged file may claim any number and refer to the same ones again and again. */
const maxValues = 1 << 20;
/** Limit on their total size in bytes. */
const maxBytes = 2 ** 28;

/** The amounts that may still be read for one value. */
export interface Left {
  values: number;
  bytes: number;
}

/** The value of a single element: a complex number is a pair. */
export const singleValue = (values: Hdf5Value[] | FrameArray): Hdf5Value | undefined =>
  ArrayBuffer.isView(values) && values.length === 2 ? values : (values[0] as Hdf5Value | undefined);

/**
 * `count` elements from bytes of the file; half floats are widened. Throws `Limit` beyond a million, as nested lists may
 * claim.
 */
export async function readValues(
  pages: Pages,
  type: Hdf5Type,
  count: number,
  bytes: Uint8Array,
  depth = 0,
  left: Left = { values: maxValues, bytes: maxBytes },
): Promise<Hdf5Value[] | FrameArray> {
  take(pages, left, Math.min(bytes.length, count * type.size));
  const numbers = numberType(type);
  if (numbers) {
    const copy = bytes.slice(0, count * type.size);
    if (numbers.big) swapBytes(copy, numberBytes(numbers.dtype), pages.source);
    withoutPadding(copy, numbers);
    const values = viewAs(copy, numbers.dtype);
    return numbers.dtype === 'f16' ? Float32Array.from(values as Uint16Array, halfToNumber) : values;
  }
  const out: Hdf5Value[] = [];
  // Elements of zero bytes are skipped.
  for (let i = 0; type.size > 0 && i < count; i++)
    out.push(await readValue(pages, type, bytes.subarray(i * type.size, (i + 1) * type.size), depth, left));
  return out;
}

/** Counts bytes of a value. Many elements may refer to the same ones. */
function take(pages: Pages, left: Left, bytes: number): void {
  left.bytes -= bytes;
  if (left.bytes < 0) throw tooMany(pages);
}

const tooMany = ({ source }: Pages): EwaldError =>
  new EwaldError(
    'Limit',
    `${source.name}: a value has more elements or bytes than are read at once; read parts of it`,
    {
      detail: { path: source.name },
    },
  );

async function readValue(
  pages: Pages,
  type: Hdf5Type,
  bytes: Uint8Array,
  depth: number,
  left: Left,
): Promise<Hdf5Value> {
  if (--left.values < 0) throw tooMany(pages);
  if (pages.pace.due) await pages.pace.rest();
  switch (type.kind) {
    case 'string': {
      return fixedText(bytes, type.padding);
    }
    case 'variable': {
      const fields = new Fields(bytes, pages.widths, `${pages.source.name}: a value of variable length`);
      const length = fields.u32();
      const address = fields.address();
      if (address === nowhere || address === 0 || length === 0 || depth > 8) return type.text ? '' : [];
      const object = await globalHeapObject(pages, address, fields.u32());
      if (type.text) take(pages, left, Math.min(length, object.length));
      if (type.text) return new TextDecoder().decode(object.subarray(0, length)).replace(/\0.*$/s, '');
      if (length * type.base.size > object.length) throw fields.wrong('it claims more than its object holds');
      return readValues(pages, type.base, length, object, depth + 1, left);
    }
    case 'compound': {
      const record: Record<string, Hdf5Value> = Object.create(null);
      for (const { name, offset, type: member } of type.members) {
        const values = await readValues(
          pages,
          member,
          1,
          bytes.subarray(offset, offset + member.size),
          depth + 1,
          left,
        );
        record[name] = singleValue(values) ?? '';
      }
      return record;
    }
    case 'array': {
      const count = type.shape.reduce((product, n) => product * n, 1);
      return readValues(
        pages,
        type.base,
        Math.min(count, Math.floor(bytes.length / Math.max(1, type.base.size))),
        bytes,
        depth + 1,
        left,
      );
    }
    case 'reference':
      return readReference(pages, type.to, bytes);
    default:
      return bytes.slice();
  }
}

/** Text of a fixed length: up to a zero, or without the zeros or blanks (2) with which it is filled up. */
function fixedText(bytes: Uint8Array, padding: number): string {
  const zero = bytes.indexOf(0);
  let end = padding === 0 && zero >= 0 ? zero : bytes.length;
  const filler = padding === 2 ? 32 : 0;
  while (end > 0 && (bytes[end - 1] === filler || bytes[end - 1] === 0)) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
