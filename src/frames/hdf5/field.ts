/** Reads a dataset with one value, or with one for each frame, such as the state of a laser. */

import { attributeText } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { typeName } from '../../hdf5/datatype.js';
import type { Hdf5File } from '../../hdf5/file.js';
import { EwaldError } from '../../util/errors.js';
import type { FieldValues } from '../dataset.js';

const integers: readonly string[] = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64'];
const floats: readonly string[] = ['f16', 'f32', 'f64'];

/** The values of a dataset; undefined if this path has no dataset. Throws `Shape`, `Unsupported`. */
export async function readField(file: Hdf5File, path: string): Promise<FieldValues | undefined> {
  const object = await file.get(path);
  if (!(object instanceof Hdf5Dataset)) return undefined;
  // Checked first, so that frames named by mistake are not read.
  if (object.shape.filter((n) => n !== 1).length > 1)
    throw new EwaldError(
      'Shape',
      `${file.source.name}: ${path} is ${object.summary}; expected one value, or one for each frame`,
    );
  const kind = valueKind(object);
  if (!kind)
    throw new EwaldError(
      'Unsupported',
      `${file.source.name}: ${path} contains ${typeName(object.type)}; expected numbers or text`,
    );
  const value = await object.value();
  const all = typeof value === 'object' ? Array.from(value as ArrayLike<unknown>) : [value];
  const isSingle = object.numbers?.dtype === 'f32';
  const unit = await attributeText(object, 'units');
  const number = isSingle ? shortest : plain;
  const values = all.map((one) => number(one as number));
  return { kind, values, ...(unit === undefined ? {} : { unit }) };
}

function valueKind({ numbers, type }: Hdf5Dataset): FieldValues['kind'] | undefined {
  if (numbers) {
    if (integers.includes(numbers.dtype)) return 'int';
    return floats.includes(numbers.dtype) ? 'float' : undefined;
  }
  const isText = type.kind === 'string' || (type.kind === 'variable' && type.text);
  return isText ? 'str' : undefined;
}

/** The shortest decimal that is this number in single precision. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function plain(value: unknown): number | string {
  if (typeof value !== 'bigint') return value as number | string;
  return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;
}
