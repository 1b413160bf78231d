/**
 * What values from other processes must be. A shape throws `Argument` for a value that is not of it; `what` names the
 * value in the message.
 */
import { expects } from '../util/arguments.js';
import { nearest } from '../util/options.js';

export type Shape = (what: string, value: unknown) => unknown;

const shapeOf =
  (is: (value: unknown) => boolean, expected: string): Shape =>
  (what, value) =>
    expects(is(value), what, value, expected);

export const text = shapeOf((value) => typeof value === 'string', 'text');
export const truth = shapeOf((value) => typeof value === 'boolean', 'true or false');
/** A number, which may be NaN or infinite. */
export const number = shapeOf((value) => typeof value === 'number', 'a number');
export const finite = shapeOf(Number.isFinite, 'a finite number');

export const count = (low = 0, high = Number.MAX_SAFE_INTEGER): Shape =>
  shapeOf(
    (value) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high,
    `an integer from ${low} to ${high}`,
  );

export const oneOf =
  (names: readonly string[]): Shape =>
  (what, value) => {
    if (names.includes(value as string)) return;
    const near = typeof value === 'string' ? nearest(value, names) : undefined;
    expects(false, what, value, `one of ${names.join(', ')}${near ? ` (did you mean "${near}"?)` : ''}`);
  };

/** A typed array of one of these classes, of `length` elements if given. */
export const typed = (classes: readonly (abstract new (...args: never[]) => unknown)[], length?: number): Shape =>
  shapeOf(
    (value) =>
      classes.some((one) => value instanceof one) &&
      (length === undefined || (value as ArrayLike<unknown>).length === length),
    `a ${classes.map(({ name }) => name).join(' or ')}${length === undefined ? '' : ` of ${length}`}`,
  );

export const maybe =
  (shape: Shape): Shape =>
  (what, value) =>
    value === undefined || shape(what, value);

/** An object of any class with a method of this name. */
export const having = (method: string, expected: string): Shape =>
  shapeOf((value) => typeof (value as Readonly<Record<string, unknown>> | null)?.[method] === 'function', expected);

/** A list, of `length` values if given. */
export const listOf =
  (shape: Shape, length?: number): Shape =>
  (what, value) => {
    const is = Array.isArray(value) && (length === undefined || value.length === length);
    expects(is, what, value, length === undefined ? 'a list' : `a list of ${length}`);
    for (const [i, one] of (value as readonly unknown[]).entries()) shape(`${what}[${i}]`, one);
  };

/** An object with these members; others are not looked at. */
export const members =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (what, value) => {
    const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
    expects(prototype === Object.prototype, what, value, `an object with ${Object.keys(shapes).join(', ')}`);
    for (const [name, shape] of Object.entries(shapes))
      shape(`${what}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
  };

/** The shape that `choose` finds for a value. */
export const either =
  (choose: (value: Readonly<Record<string, unknown>>) => Shape): Shape =>
  (what, value) => {
    members({})(what, value);
    choose(value as Readonly<Record<string, unknown>>)(what, value);
  };
