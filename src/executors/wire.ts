/** Errors as plain data: cloning keeps neither tags nor names. */
import { EwaldError, type EwaldErrorTag, isEwaldError, messageOf } from '../base/errors.js';

/** An error on its way. */
export interface FlatError {
  /** Tag of an error of ewald, else undefined. */
  readonly tag: EwaldErrorTag | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** An error, or anything else thrown, as data. */
export function flatError(error: unknown): FlatError {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  if (isEwaldError(error)) return { tag: error.tag, name: error.name, message: error.message, stack };
  // Libraries set anything as name and message.
  const name = error instanceof Error ? String(error.name) : 'Error';
  return { tag: undefined, name, message: String(messageOf(error)), stack: String(stack) };
}

/** The error again: its name, message, tag and where it was thrown. */
export function raisedError({ tag, name, message, stack }: FlatError): Error {
  const error = tag === undefined ? new Error(message) : new EwaldError(tag, message);
  if (tag === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}
