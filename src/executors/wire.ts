/** Errors as plain data, because structured cloning keeps neither tags nor names. */
import { EwaldError, type EwaldErrorTag, isEwaldError, messageOf } from '../base/errors.js';

/** An error as plain data. */
export interface FlatError {
  /** Tag of an EwaldError, otherwise undefined. */
  readonly tag: EwaldErrorTag | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The plain values of the detail of an EwaldError: numbers, strings and booleans. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** An error, or anything else thrown, as data. */
export function flatError(error: unknown): FlatError {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  if (isEwaldError(error))
    return { tag: error.tag, name: error.name, message: error.message, stack, detail: plainDetail(error.detail) };
  // Some libraries set name and message to values that are not strings.
  const name = error instanceof Error ? String(error.name) : 'Error';
  return { tag: undefined, name, message: String(messageOf(error)), stack: String(stack) };
}

/** The members of an error detail that are sent. */
export const plainDetail = (detail: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(detail).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value)),
  );

/** The built-in error classes, so that a task's TypeError is again a TypeError. */
const classes: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Restores the error: its class, name, message, tag, detail and stack. */
export function raisedError({ tag, name, message, stack, detail }: FlatError): Error {
  const Class = (Object.hasOwn(classes, name) ? classes[name] : undefined) ?? Error;
  const error = tag === undefined ? new Class(message) : new EwaldError(tag, message, detail ? { detail } : {});
  if (tag === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack) Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}
