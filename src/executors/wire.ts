/** Errors as plain data, because structured cloning keeps neither tags nor names. */
import { EwaldError, type EwaldErrorTag, isEwaldError, messageOf } from '../base/errors.js';

/** An error as plain data. */
export interface FlatError {
  /** Tag of an ewald error, otherwise undefined. */
  readonly tag: EwaldErrorTag | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The values of the message of an error of ewald that are plain: numbers, strings, true and false. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Converts an error, or anything else thrown, to plain data. */
export function flatError(error: unknown): FlatError {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  if (isEwaldError(error)) return { tag: error.tag, name: error.name, message: error.message, stack };
  // Some libraries set name and message to values that are not strings.
  const name = error instanceof Error ? String(error.name) : 'Error';
  return { tag: undefined, name, message: String(messageOf(error)), stack: String(stack) };
}

/** Restores the error, with its name, message, tag and stack. */
export function raisedError({ tag, name, message, stack }: FlatError): Error {
  const error = tag === undefined ? new Error(message) : new EwaldError(tag, message);
  if (tag === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}
