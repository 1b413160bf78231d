/** The values that a pointer parameter accepts, and their description in errors. */

import { EwaldError } from '../util/errors.js';
import { kindOf, withArticle } from '../util/options.js';
import { isOpaque } from './header/layout.js';
import { type CType, isChar, type PointerType, typeText } from './header/types.js';
import type { Runtime } from './runtime.js';
import { type ArgumentName, type Scalar, shown } from './scalars.js';
import { partOf } from './wide-values.js';

export const isByte = (type: CType, runtime: Runtime): boolean =>
  type.kind === 'scalar' && runtime.scalar(type)?.layout.size === 1;

export function refused(value: unknown, type: CType, place: ArgumentName, needed: string): EwaldError {
  return new EwaldError('Argument', `${place()} is ${shown(value)}; ${typeText(type)} needs ${needed}`);
}

/** Describes the values that a pointer parameter accepts. */
export function describePointee({ to }: PointerType, runtime: Runtime): string {
  const scalar = runtime.scalar(to);
  if (to.kind === 'void') return 'a typed array, memory from alloc(), a pointer or null';
  if (scalar)
    return (
      `${to.const && scalar.layout.size === 1 ? 'text, ' : ''}${withArticle(arrayName(scalar))}, memory from alloc(), a ` +
      'pointer or null'
    );
  const part = partOf(to);
  if (part)
    return `${withArticle(part.array)} of re, im, re, im, a list such as [{ re: 1, im: 0 }], memory from alloc(), a pointer or null`;
  if (runtime.wide(to)) return 'a list of numbers, memory from alloc(), a pointer or null';
  if (isOpaque(to, runtime.table)) return 'the handle that the library returned, or null';
  if (to.kind === 'struct') return 'an object, a list of objects, memory from alloc(), a pointer or null';
  if (to.kind === 'pointer' && runtime.scalar(to.to))
    return (
      'rows such as [[1, 2], [3, 4]], an IndirectMemory2D (IndirectMemory2D.fromRows creates one from typed arrays), ' +
      'memory from alloc(), a pointer or null'
    );
  if (to.kind === 'pointer' && partOf(to.to))
    return `rows such as [[{ re: 1, im: 0 }]], or ${arrayOf(to.to)}s of re, im, re, im, memory from alloc(), a pointer or null`;
  const element = elementOf(to, runtime);
  const flat = element ? `${withArticle(arrayName(element))} of all rows one after the other, ` : '';
  return `${flat}memory from alloc(), a pointer or null`;
}

const arrayOf = (type: CType): string => partOf(type)?.array ?? '';

/** What an array of arrays consists of. */
const innermost = (type: CType): CType => (type.kind === 'array' ? innermost(type.of) : type);

/** What the rows of an array of arrays consist of; undefined for what is no array, and for structs. */
const elementOf = (type: CType, runtime: Runtime): Scalar | undefined =>
  type.kind === 'array' ? runtime.scalar(innermost(type)) : undefined;

/** The typed array of a scalar's elements. */
export const arrayName = ({ format }: Scalar): string => format.array?.name ?? '';

export function assertElements(
  view: ArrayBufferView,
  to: CType,
  scalar: Scalar | undefined,
  runtime: Runtime,
  type: CType,
  place: ArgumentName,
): void {
  if (to.kind === 'void') return;
  const part = partOf(to);
  if (part) {
    const { array } = part;
    if ((view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] !== array)
      throw new EwaldError('Argument', `${place()} is ${kindOf(view)}; ${typeText(type)} needs ${withArticle(array)}`);
    if ((view as Float64Array).length % 2 === 0) return;
    throw new EwaldError(
      'Shape',
      `${place()} has ${(view as Float64Array).length} numbers; ${typeText(type)} needs two for each element: re, im, re, im`,
    );
  }
  const element = to.kind === 'array' ? elementOf(to, runtime) : scalar;
  if (!element) {
    // The bytes of a struct are passed unchanged.
    if (to.kind === 'struct' && view instanceof Uint8Array && view.byteLength >= runtime.sizeOf(to)) return;
    throw refused(view, type, place, describePointee(type as PointerType, runtime));
  }
  const tag = (view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  const wanted = arrayName(element);
  if (tag === wanted) return;
  const { kind, size } = element.layout;
  // All arrays of bytes are accepted, signed or not, clamped or not.
  if (size === 1 && (tag === 'Uint8Array' || tag === 'Int8Array' || tag === 'Uint8ClampedArray')) {
    if (kind !== 'signed' || isChar(innermost(to)) || tag === 'Int8Array') return;
  }
  throw new EwaldError('Argument', `${place()} is ${kindOf(view)}; ${typeText(type)} needs ${withArticle(wanted)}`, {
    detail: { found: tag, needed: wanted },
  });
}

/** Refuses an array whose buffer was transferred, or may move under C. */
export function assertUsable(view: ArrayBufferView, place: ArgumentName): void {
  const { buffer } = view as { buffer: ArrayBufferLike & { resizable?: boolean; growable?: boolean } };
  if (view.byteLength === 0 && isDetached(buffer)) {
    throw new EwaldError(
      'Shape',
      `${place()} is an array whose buffer was transferred away (detached); pass the array that holds the data now`,
    );
  }
  if (buffer.resizable || buffer.growable)
    throw new EwaldError(
      'Shape',
      `${place()} is an array over a resizable buffer, which may move under C; copy it into a plain one: array.slice()`,
    );
}

/** Node 20 has no `detached`: a detached buffer is one that can no longer be viewed. */
export function isDetached(buffer: ArrayBufferLike & { detached?: boolean }): boolean {
  if (buffer.detached !== undefined) return buffer.detached;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
