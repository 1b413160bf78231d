/** Values that many tasks read: named by the hash of their bytes, and shared between threads if possible. */
import { EwaldError } from '../util/errors.js';
import { encode } from './codec.js';

/** SHA-256 of bytes, as 64 hexadecimal digits. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new EwaldError('Unsupported', 'this page is not secure and so has no SHA-256; serve it by https');
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The hash that names a value. */
export const contentHash = (value: unknown): Promise<string> => hashOf(encode(value));

/** Whether memory can be shared between threads here: always on Node, in isolated pages in browsers. */
export const sharesMemory = (): boolean =>
  typeof SharedArrayBuffer === 'function' &&
  ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ?? true);

/** A copy of the value whose typed arrays are in shared memory, so that workers need no copies. */
export function toShared(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const array = value as Uint8Array;
    const buffer = new SharedArrayBuffer(array.byteLength);
    new Uint8Array(buffer).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return new (array.constructor as new (buffer: SharedArrayBuffer) => Uint8Array)(buffer);
  }
  if (Array.isArray(value)) return value.map(toShared);
  if (value && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toShared(item)]));
  return structuredClone(value);
}
