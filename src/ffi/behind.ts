/** Structs that end with `T a[]`: their elements are behind them, in memory that an object has not. */

import { type Address, offsetBy } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import { type ArrayType, type CField, type CType, type StructType, typeText } from './header/types.js';
import type { Lent } from './lent.js';
import type { ArgumentName } from './scalars.js';
import { adopt, memberNames, membersGiven } from './struct-values.js';

/** Whether an object has no elements behind it: none is given, and an integer that may be their number is 0 if any is. */
function hasNone(access: Access, { tag }: StructType, behind: CField, given: Record<string, unknown>): boolean {
  const { fields = [] } = access.table.structs[tag] ?? {};
  const isInteger = (type: CType): boolean => /signed/.test(access.scalar(type)?.layout.kind ?? '');
  const counts = fields.flatMap(({ name, type }) =>
    isInteger(type) && given[name] !== undefined ? [given[name]] : [],
  );
  const isRead = given[behind.name] instanceof Object && 'address' in (given[behind.name] as object);
  const isNone = (counts.length === 0 && !isRead) || counts.some((count) => Number(count) === 0);
  return isNone && !(given[behind.name] as { readonly length?: unknown } | undefined)?.length;
}

/** Adds a pointer to the elements behind an object that was read, whose number C alone knows. */
export function withElementsBehind(
  access: Access,
  object: unknown,
  type: CType,
  at: Address,
  lent: Lent | undefined,
): unknown {
  const behind = type.kind === 'struct' ? access.membersOf(type.tag)?.behind : undefined;
  if (!behind) return object;
  const { of } = behind.type as ArrayType;
  const value = access.pointer(offsetBy(at, behind.offset), of, lent);
  Object.defineProperty(object, behind.name, { value, enumerable: true, writable: true, configurable: true });
  return object;
}

const declared = ({ type, name }: CField): string => `${typeText((type as ArrayType).of)} ${name}[]`;

/** Refuses an object for the time of a call, if C may read elements behind the copy, which has none. */
export function refuseElementsBehind(value: unknown, to: StructType, access: Access, place: ArgumentName): void {
  const behind = access.membersOf(to.tag)?.behind;
  if (!behind || typeof value !== 'object' || value === null) return;
  if (hasNone(access, to, behind, value as Record<string, unknown>)) return;
  const own = typeText({ ...to, const: undefined });
  throw new EwaldError(
    'Argument',
    `${place()} is an object, which cannot have the elements of ${declared(behind)} behind it; pass ` +
      `the bytes of the ${own} with its elements as a Uint8Array, or memory of alloc() as ` +
      `pointer('${own}', memory), whose write() takes this object`,
  );
}

/** An object as it is written to memory: the struct alone, and the elements behind it. */
interface Split {
  readonly plain: unknown;
  /** Where the elements begin, from the struct on. */
  readonly offset: number;
  readonly type: ArrayType;
  readonly elements: unknown;
}

/**
 * Splits an object for a struct that ends with `T a[]`; undefined for any other value. `at` is its address, and
 * `room` the number of bytes from there to the end of its memory.
 *
 * @throws `Shape` if the elements, or one that an integer of the object may announce, have no room.
 */
export function splitBehind(
  access: Access,
  type: CType,
  value: unknown,
  { at, room }: { readonly at: Address; readonly room: number },
  place: ArgumentName,
): Split | undefined {
  if (type.kind !== 'struct' || typeof value !== 'object' || value === null) return undefined;
  const members = access.membersOf(type.tag);
  const behind = members?.behind;
  if (!members || !behind) return undefined;
  memberNames(value, type, members, place);
  const given = membersGiven(value, members);
  let one = given.get(behind.name);
  const isRead = typeof one === 'object' && one !== null && 'address' in one;
  if (isRead) {
    if ((one as { address: Address }).address !== offsetBy(at, behind.offset))
      throw new EwaldError(
        'Argument',
        `${place()} has a pointer for ${declared(behind)}, whose elements are behind the struct; give them as an array, such ` +
          'as array(n).toArray() of the pointer',
      );
    // They are there.
    given.delete(behind.name);
    one = undefined;
  }
  const of = (behind.type as ArrayType).of;
  const size = access.sizeOf(of);
  const isGiven = typeof one === 'string' || (one as { readonly length?: unknown } | undefined)?.length !== undefined;
  const elements = typeof one === 'string' ? `${one}\0` : isGiven ? [...(one as Iterable<unknown>)] : [];
  const count = typeof elements === 'string' ? new TextEncoder().encode(elements).length : elements.length;
  const needed = isRead ? 0 : Math.max(count, hasNone(access, type, behind, Object.fromEntries(given)) ? 0 : 1);
  const fits = Math.max(0, Math.floor((room - behind.offset) / size));
  if (needed > fits)
    throw new EwaldError(
      'Shape',
      `${place()} has ${count > 0 ? '' : 'at least '}${needed} elements of ${declared(behind)} behind it, and its memory has ` +
        `room for ${fits}; write it to more: pointer('${typeText(type)}', alloc('char', ${behind.offset + needed * size}))`,
    );
  if (count === 0 && !isRead && (one === undefined || isGiven)) return undefined;
  given.set(behind.name, []);
  const plain = Object.fromEntries(given);
  adopt(plain, value);
  return { plain, offset: behind.offset, type: { kind: 'array', of, length: count }, elements: isRead ? [] : one };
}
