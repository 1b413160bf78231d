/** Arrays without elements: C must not touch them, which only a length of 0 tells it. */
import { EwaldError } from '../../base/errors.js';
import { isDetached } from './arguments.js';
import { CArray } from './carray.js';
import { Directed, type Parameter } from './frame.js';
import { type CFunction, typeText } from './header/types.js';
import type { Runtime } from './runtime.js';

/** Whether a value is an array without elements; a detached one has an error of its own. */
function isEmpty(given: unknown): boolean {
  const value = given instanceof Directed ? given.value : given;
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value)) return value.byteLength === 0 && !isDetached(value.buffer);
  if (value instanceof ArrayBuffer) return value.byteLength === 0 && !isDetached(value);
  return (Array.isArray(value) || value instanceof CArray) && value.length === 0;
}

/**
 * A pointer parameter that refuses an array without elements, unless an integer of the same call is 0, which may be its
 * length. A parameter whose length is declared has a check already.
 */
export function refusingEmpty(parameter: Parameter, fn: CFunction, i: number, runtime: Runtime): Parameter {
  const type = fn.parameters[i]?.type;
  if (type?.kind !== 'pointer' || parameter.check) return parameter;
  const counts = fn.parameters.flatMap(({ type: other }, at) =>
    (runtime.scalar(other)?.layout.kind ?? 'float') === 'float' ? [] : [at],
  );
  const check = (values: readonly unknown[]): void => {
    if (!isEmpty(values[i]) || counts.some((at) => Number(values[at]) === 0)) return;
    throw new EwaldError(
      'Shape',
      `${parameter.place()} is an array without elements, and no integer of the call says so with 0; C would go beyond ` +
        `it: ${typeText(type)} needs at least one element, or null where the function allows it`,
    );
  };
  return { ...parameter, check };
}
