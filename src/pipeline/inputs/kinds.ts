/** What kind of input a value is; loaded with the context, since frames may be pushed at once. */

import type { BytesInput } from '../../bytes/source-of.js';
import { expects } from '../../util/arguments.js';
import type { PlatformBlob, PlatformUrl } from '../../util/globals.js';
import type { FileInput } from './place.js';

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
export const isBlob = (value: unknown): value is PlatformBlob =>
  isObject(value) && 'arrayBuffer' in value && 'slice' in value;
export const isUrl = (value: unknown): value is PlatformUrl => isObject(value) && 'href' in value;
/** Whether a value is the bytes of a file. */
export const isBytes = (value: unknown): value is Uint8Array | ArrayBuffer =>
  value instanceof Uint8Array || value instanceof ArrayBuffer;

/** Whether a value can be opened as a file. */
export const isFile = (value: unknown): value is FileInput =>
  typeof value === 'string' || isUrl(value) || isBlob(value) || isBytes(value);

/** Bytes with their name. Throws `Argument`. */
export function checkedBytes(input: object, what: string): BytesInput {
  const { bytes, name } = input as Partial<BytesInput>;
  expects(isBytes(bytes), `${what}: bytes`, bytes, 'a Uint8Array or an ArrayBuffer, the bytes of a file of frames');
  expects(typeof name === 'string' && name !== '', `${what}: name`, name, 'the name of the file in the stream');
  return input as BytesInput;
}
