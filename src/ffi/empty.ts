/** Arrays without elements, which only a length of 0 tells C, and texts without an end. */
import { classOf } from '../memory/no-index.js';
import { EwaldError } from '../util/errors.js';
import { CArray } from './carray.js';
import { isPlainText } from './filled.js';
import { Directed, type Parameter } from './frame.js';
import { type CFunction, type CType, isChar, isText, typeText } from './header/types.js';
import { isDetached } from './pointees.js';
import type { Runtime } from './runtime.js';

/** Whether a value is an array without elements; a detached one has an error of its own. */
function isEmpty(given: unknown): boolean {
  if (ArrayBuffer.isView(given)) return given.byteLength === 0 && !isDetached(given.buffer);
  if (Array.isArray(given)) return given.length === 0;
  const found = classOf(given);
  if (found) return found === CArray && (given as CArray).length === 0;
  if (given instanceof Directed) return isEmpty(given.value);
  return given instanceof ArrayBuffer && given.byteLength === 0 && !isDetached(given);
}

/** Whether bytes that C reads as a text have no zero: it would read on behind them. */
function isEndless(given: unknown): boolean {
  if (classOf(given)) return false;
  const value = given instanceof Directed ? given.value : given;
  if (value instanceof ArrayBuffer) return value.byteLength > 0 && !new Uint8Array(value).includes(0);
  return ArrayBuffer.isView(value) && value.byteLength > 0 && !bytesOf(value).includes(0);
}

const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);

/** Whether only a zero can tell C where the text of a parameter ends: a `const char *`, and no integer beside it. */
const needsZero = (fn: CFunction, i: number, runtime: Runtime): boolean => {
  const type = fn.parameters[i]?.type;
  const isOne = type !== undefined && isText(type) && !fn.variadic;
  return isOne && !fn.parameters.some(({ type: other }, at) => at !== i && mayCount(other, runtime));
};

/** Whether a parameter may tell a length: an integer, or a pointer to one or to what is unknown. */
const mayCount = (type: CType, runtime: Runtime): boolean => {
  if (type.kind === 'pointer')
    return type.to.kind === 'struct' || type.to.kind === 'void' || (!isChar(type.to) && mayCount(type.to, runtime));
  return type.kind === 'struct' || (runtime.scalar(type)?.layout.kind ?? 'float') !== 'float';
};

/**
 * A pointer parameter that refuses an array without elements, unless an integer of the same call is 0, which may be its
 * length, and bytes without an end where C looks for a zero. A parameter whose length is declared has a check already.
 */
export function refusingEmpty(parameter: Parameter, fn: CFunction, i: number, runtime: Runtime): Parameter {
  const type = fn.parameters[i]?.type;
  if (type?.kind !== 'pointer' || parameter.check) return parameter;
  const counts = fn.parameters.flatMap(({ type: other }, at) =>
    (runtime.scalar(other)?.layout.kind ?? 'float') === 'float' ? [] : [at],
  );
  // Nothing but its NULL can end it.
  if (type.to.kind === 'pointer' && counts.length === 0) return parameter;
  const endsWithZero = needsZero(fn, i, runtime);
  const isCounted = type.to.const && type.to.kind !== 'struct' && !isText(type) && counts.length > 0;
  const check = (values: readonly unknown[]): void => {
    const given = values[i];
    if (isCounted && (typeof given === 'number' || typeof given === 'bigint')) {
      const at = counts.find((other) => Number(values[other]) > 1);
      if (at === undefined) return;
      throw new EwaldError(
        'Shape',
        `${parameter.place()} is one number, and argument ${at + 1} (${fn.parameters[at]?.name || 'an integer'}) is ` +
          `${String(values[at])}, as many as C may read: pass an array, [${String(given)}] if it has one element`,
      );
    }
    if (typeof given !== 'object' || given === null) return;
    if (endsWithZero && isEndless(values[i]))
      throw new EwaldError(
        'Shape',
        `${parameter.place()} has bytes without a zero at their end, and no integer of ${fn.name}() says how many there ` +
          'are; C would read on behind them: pass a text, or bytes that end with 0',
      );
    if (!isEmpty(values[i]) || counts.some((at) => Number(values[at]) === 0)) return;
    throw new EwaldError(
      'Shape',
      `${parameter.place()} is an array without elements, and no integer of the call says so with 0; C would go beyond ` +
        `it: ${typeText(type)} needs at least one element, or null where the function allows it` +
        (type.to.kind === 'pointer' ? '; a table that its NULL ends is [null]' : ''),
    );
  };
  const { direct } = parameter;
  // What is passed as it is has elements; only bytes without an end are left to refuse.
  return { ...parameter, check, direct: direct && endsWithZero ? { ...direct, passes: isPlainText } : direct };
}
