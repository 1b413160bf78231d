/**
 * Encodes values as bytes to send them between processes, identically in Node and in browsers.
 *
 * Layout: u32 length of the JSON text, the text, then typed arrays at multiples of 8 bytes, which are decoded as
 * views. Supports the values of structured cloning except cycles and blobs: null, undefined, booleans, numbers (NaN,
 * ±∞, −0), bigints, strings, dates, arrays, plain objects, maps, sets, typed arrays, buffers, errors with their tags
 * and causes.
 */

import { EwaldError, errorFromPlain, isEwaldError, plainError } from '../util/errors.js';
import { kindOf } from '../util/options.js';

const arrays = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
} as const;
type ArrayName = keyof typeof arrays;
const isArrayName = (name: unknown): name is ArrayName => typeof name === 'string' && Object.hasOwn(arrays, name);

// In the text, every value other than strings, booleans, null and finite numbers is written as `[tag, …]`.
// Not by bits, which JavaScript has 32 of.
export const aligned = (bytes: number): number => 8 * Math.ceil(bytes / 8);
const deepest = 500;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const throwUnencodable = (what: string): never => {
  throw new EwaldError('Argument', `${what} cannot be sent to another process; send plain data and typed arrays`);
};

/** Encodes a value; throws `Argument` for values that cannot be encoded. */
export function encode(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const append = (bytes: Uint8Array): number => {
    const at = size;
    parts.push(bytes);
    size += aligned(bytes.byteLength);
    return at;
  };
  const pack = (item: unknown, depth: number): unknown => {
    if (depth > deepest) return throwUnencodable(`a value nested more than ${deepest} deep, or containing a cycle,`);
    const each = (tag: string, items: Iterable<unknown>): unknown[] => {
      const packed: unknown[] = [tag];
      for (const item of items) packed.push(pack(item, depth + 1));
      return packed;
    };
    switch (typeof item) {
      case 'string':
      case 'boolean':
        return item;
      case 'number':
        return Number.isFinite(item) && !Object.is(item, -0) ? item : ['n', Object.is(item, -0) ? '-0' : String(item)];
      case 'bigint':
        return ['b', String(item)];
      case 'undefined':
        return ['u'];
      case 'object':
        break;
      default:
        return throwUnencodable(`a ${typeof item}`);
    }
    if (item === null) return null;
    if (ArrayBuffer.isView(item)) {
      const given = item.constructor.name;
      const name = !isArrayName(given) && item instanceof Uint8Array ? 'Uint8Array' : given;
      if (!isArrayName(name)) return throwUnencodable(`a ${name}`);
      const { length } = item as Uint8Array;
      return ['t', name, append(new Uint8Array(item.buffer, item.byteOffset, item.byteLength)), length];
    }
    if (item instanceof ArrayBuffer || (typeof SharedArrayBuffer === 'function' && item instanceof SharedArrayBuffer))
      return ['t', 'ArrayBuffer', append(new Uint8Array(item)), item.byteLength];
    if (Array.isArray(item)) return each('a', item);
    if (item instanceof Map) return each('m', [...item].flat(1));
    if (item instanceof Set) return each('s', item);
    if (item instanceof Date) return ['d', pack(item.getTime(), depth)];
    if (item instanceof Error) return ['e', pack(plainError(item), depth + 1)];
    const prototype = Object.getPrototypeOf(item);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return throwUnencodable(kindOf(item));
    const packed: unknown[] = ['o'];
    for (const [key, one] of Object.entries(item)) packed.push(key, pack(one, depth + 1));
    return packed;
  };
  const text = encoder.encode(JSON.stringify(pack(value, 0)));
  const head = aligned(4 + text.byteLength);
  const bytes = new Uint8Array(head + size);
  new DataView(bytes.buffer).setUint32(0, text.byteLength, true);
  bytes.set(text, 4);
  let at = head;
  for (const part of parts) {
    bytes.set(part, at);
    at += aligned(part.byteLength);
  }
  return bytes;
}

const throwDamaged = (why: string): never => {
  throw new EwaldError('Format', `bytes from another process do not hold a value: ${why}`);
};

/** Decodes a value; typed arrays are views of the bytes if these are aligned. Throws `Format` for invalid bytes. */
export function decode(given: Uint8Array): unknown {
  // Typed arrays must be aligned, and a part of a socket's buffer may not be. slice() of a Node Buffer makes no copy.
  const bytes = given.byteOffset % 8 === 0 ? given : new Uint8Array(given);
  if (bytes.byteLength < 4) return throwDamaged(`there are ${bytes.byteLength}, expected at least 4`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > bytes.byteLength - 4) return throwDamaged('they are truncated');
  const head = aligned(4 + length);
  // Arrays must follow one another as written: overlapping ones would turn few bytes into much memory.
  let next = 0;
  const view = (name: unknown, at: unknown, count: unknown): unknown => {
    const make = isArrayName(name) ? arrays[name] : Uint8Array;
    const place = head + Number(at);
    const size = Number(count) * make.BYTES_PER_ELEMENT;
    const fits = at === next && Number.isInteger(count) && size >= 0 && place + size <= bytes.byteLength;
    if (!fits) return throwDamaged('an array is misplaced');
    next += aligned(size);
    if (name === 'ArrayBuffer') {
      const from = bytes.byteOffset + place;
      return bytes.buffer.slice(from, from + size);
    }
    return new make(bytes.buffer as ArrayBuffer, bytes.byteOffset + place, Number(count));
  };
  // Written without spreads and iterators, since a client decodes thousands of results each second.
  const unpackAll = (item: readonly unknown[]): unknown[] => {
    const all = new Array<unknown>(item.length - 1);
    for (let i = 1; i < item.length; i++) all[i - 1] = unpack(item[i]);
    return all;
  };
  const unpack = (item: unknown): unknown => {
    if (!Array.isArray(item)) return item;
    switch (item[0]) {
      case 'n':
        return Number(item[1]);
      case 'b':
        return BigInt(String(item[1]));
      case 'u':
        return undefined;
      case 't':
        return view(item[1], item[2], item[3]);
      case 'a':
        return unpackAll(item);
      case 's':
        return new Set(unpackAll(item));
      case 'd':
        return new Date(Number(unpack(item[1])));
      case 'e':
        return errorFromPlain(unpack(item[1]) as Parameters<typeof errorFromPlain>[0]);
      case 'm': {
        const map = new Map<unknown, unknown>();
        for (let i = 1; i + 1 < item.length; i += 2) map.set(unpack(item[i]), unpack(item[i + 1]));
        return map;
      }
      case 'o': {
        const object: Record<string, unknown> = {};
        for (let i = 1; i + 1 < item.length; i += 2) {
          const key = String(item[i]);
          const value = unpack(item[i + 1]);
          if (key !== '__proto__') object[key] = value;
          // Defined, because an assignment would set the prototype.
          else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
        }
        return object;
      }
      default:
        return throwDamaged(`unknown tag ${String(JSON.stringify(item[0])).slice(0, 40)}`);
    }
  };
  try {
    return unpack(JSON.parse(decoder.decode(bytes.subarray(4, 4 + length))));
  } catch (error) {
    if (isEwaldError(error)) throw error;
    return throwDamaged(String(error).slice(0, 200));
  }
}
