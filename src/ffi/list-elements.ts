/** The elements of lists in the memory of a call: numbers, complex numbers, and what else is more than one number. */

import type { CType } from './header/types.js';
import type { Runtime } from './runtime.js';
import type { ArgumentName, Bits, Scalar } from './scalars.js';
import { putMember } from './struct-values.js';
import { partOf } from './wide-values.js';

/** How elements of a type are converted, whose values are those of a list. */
export interface ListElement<T = unknown> {
  readonly type: CType;
  /** Bytes. */
  readonly size: number;
  /** Typed arrays of it. */
  readonly array: (new (...values: never[]) => ArrayBufferView & { readonly length: number }) | undefined;
  /** Whether one is a number of JavaScript, so that each length of a typed array is whole. */
  readonly isNumber: boolean;
  checked(value: unknown, place: ArgumentName): T;
  put(view: DataView, offset: number, checked: T): void;
  get(view: DataView, offset: number): unknown;
}

export const scalarElement = (type: CType, { layout, format, in: checked, out }: Scalar): ListElement<Bits> => ({
  type,
  size: layout.size,
  array: format.array,
  isNumber: true,
  checked,
  put: (view, offset, bits) => format.put(view, offset, bits),
  get: (view, offset) => out(format.read(view, offset)),
});

/** The element of a type; undefined for structs, pointers, and what has no value in JavaScript. */
export function listElement(runtime: Runtime, type: CType): ListElement | undefined {
  const scalar = runtime.scalar(type);
  if (scalar) return scalarElement(type, scalar) as ListElement;
  const wide = runtime.wide(type);
  if (!wide) return undefined;
  const size = runtime.sizeOf(type);
  const part = partOf(type);
  const element: ListElement<Uint8Array> = {
    type,
    size,
    array: part && (part.bytes === 4 ? Float32Array : Float64Array),
    isNumber: false,
    checked(value, place) {
      const bytes = new Uint8Array(size);
      wide.write(new DataView(bytes.buffer), 0, value, place);
      return bytes;
    },
    put: (view, offset, bytes) => new Uint8Array(view.buffer, view.byteOffset + offset, size).set(bytes),
    get: (view, offset) => wide.read(view, offset),
  };
  return element as ListElement;
}

/**
 * Puts the elements of a list into memory. What reads a list may call C (accessors, proxies), and have a wasm heap grow,
 * whose views are empty then.
 */
export function putElements(
  view: () => DataView,
  values: readonly unknown[],
  element: ListElement,
  place: ArgumentName,
): void {
  let now = view();
  const { length } = values;
  let i = 0;
  const where: ArgumentName = () => `${place()}[${i}]`;
  for (; i < length; i++) {
    const checked = element.checked(values[i], where);
    if (now.buffer.byteLength === 0) now = view();
    element.put(now, i * element.size, checked);
  }
}

/** Puts what C left back into a list. @throws `Argument` if C changed an element of a list that cannot change. */
export function takeElements(view: () => DataView, values: unknown[], element: ListElement): void {
  let now = view();
  const length = Math.min(values.length, Math.floor(now.byteLength / element.size));
  for (let i = 0; i < length; i++) {
    if (now.buffer.byteLength === 0) now = view();
    setElement(values, i, element.get(now, i * element.size));
  }
}

/** Sets an element, which a frozen list refuses. */
export function setElement(values: unknown[], i: number, value: unknown): void {
  try {
    values[i] = value;
  } catch {
    putMember(values, `${i}`, value);
  }
}
