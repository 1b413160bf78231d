/** What C keeps beyond a call: it lives as long as its owner. */

import type { Address } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import { CArray } from './carray.js';
import type { ScalarName } from './header/types.js';
import { Callback } from './kept-callback.js';
import { Pointer } from './pointer.js';
import { shown } from './scalars.js';

/** The types of C for the elements of typed arrays. */
const elements: Readonly<Record<string, ScalarName>> = {
  Int8Array: 'signed char',
  Uint8Array: 'unsigned char',
  Uint8ClampedArray: 'unsigned char',
  Int16Array: 'short',
  Uint16Array: 'unsigned short',
  Int32Array: 'int',
  Uint32Array: 'unsigned int',
  BigInt64Array: 'long long',
  BigUint64Array: 'unsigned long long',
  Float32Array: 'float',
  Float64Array: 'double',
};

/** Something that C keeps, and how it ends if it was made for that. */
interface Thing {
  readonly value: unknown;
  readonly free?: () => void;
}

/** Things by their owner. Handles own by their address, since C knows them by it; they end with the call that frees them. */
export class Kept {
  readonly #ofAddress = new Map<Address, Thing[]>();
  readonly #ofObject = new WeakMap<object, Thing[]>();

  add(thing: Thing, owner: object): void {
    const things = owner instanceof Pointer ? this.#ofAddress.get(owner.address) : this.#ofObject.get(owner);
    if (things) things.push(thing);
    else if (owner instanceof Pointer) this.#ofAddress.set(owner.address, [thing]);
    else this.#ofObject.set(owner, [thing]);
  }

  /** Ends what an owner kept. */
  ended(owner: Address | object): void {
    const things = typeof owner === 'object' ? this.#ofObject.get(owner) : this.#ofAddress.get(owner);
    if (!things) return;
    if (typeof owner === 'object') this.#ofObject.delete(owner);
    else this.#ofAddress.delete(owner);
    for (const { free } of things) free?.();
  }
}

/**
 * Memory of C with a copy of a text or a typed array, which lives until its owner ends; memory of alloc(), a pointer or a
 * callback is itself kept.
 */
export function keep(access: Access, all: Kept, value: unknown, owner: unknown): unknown {
  if ((typeof owner !== 'object' && typeof owner !== 'function') || owner === null)
    throw new EwaldError(
      'Argument',
      `keep() is given ${shown(owner)} as the owner; expected the object whose end is that of the value: a handle, an ` +
        'array of alloc(), the library, or any other object',
    );
  if (value instanceof Callback || value instanceof Pointer || value instanceof CArray) {
    all.add({ value }, owner);
    return value;
  }
  const kept = copied(access, value);
  all.add({ value: kept, free: () => kept.dispose() }, owner);
  return kept;
}

function copied(access: Access, value: unknown): CArray {
  const isText = typeof value === 'string';
  const bytes = isText ? new TextEncoder().encode(`${value}\0`) : value;
  const name = isText
    ? 'char'
    : ArrayBuffer.isView(bytes)
      ? elements[bytes[Symbol.toStringTag as never] as string]
      : undefined;
  if (!ArrayBuffer.isView(bytes) || name === undefined)
    throw new EwaldError(
      'Argument',
      `keep() is given ${shown(value)}; expected a text, a typed array, memory of alloc(), a pointer or a callback`,
    );
  if (isText && value.includes('\0'))
    throw new EwaldError('Argument', 'keep() is given a text that contains a NUL character, where C would stop');
  const type = { kind: 'scalar', name } as const;
  const size = access.sizeOf(type);
  const allocation = access.memory.allocate(Math.max(1, bytes.byteLength));
  const view = allocation.view();
  new Uint8Array(view.buffer, view.byteOffset, bytes.byteLength).set(
    new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );
  return new CArray(access, type, bytes.byteLength / size, allocation, () => allocation.free());
}
