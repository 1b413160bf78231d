/** Types of arrays as numbers, so that the type of a message travels with it. */
import { EwaldError } from '../base/errors.js';
import type { CommArray } from './communicator.js';

/** Bytes of the communicator's own messages have no type. */
export const untyped = 0;
const names = [
  'bytes',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float32Array',
  'Float64Array',
];

/** The number of an array's type; a Buffer of Node counts as the Uint8Array it is. */
export const kindOf = (array: CommArray): number => Math.max(untyped, names.indexOf(array[Symbol.toStringTag]));

/** "a Float32Array". */
export const kindName = (kind: number): string => {
  const name = names[kind] ?? 'array';
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`;
};

/** What is wrong with a message of another type or length than its receiver expected; undefined where it fits. */
export function mismatch(
  from: number,
  [sent, sentBytes]: readonly [kind: number, bytes: number],
  rank: number,
  [expected, expectedBytes]: readonly [kind: number, bytes: number],
): EwaldError | undefined {
  if (sent === expected && sentBytes === expectedBytes) return undefined;
  const [is, wanted] =
    sent === expected
      ? [`${sentBytes} bytes`, `${expectedBytes}`]
      : [`${kindName(sent)} of ${sentBytes} bytes`, `${kindName(expected)} of ${expectedBytes}`];
  return new EwaldError('Shape', `rank ${from} sent ${is} to rank ${rank}, which expected ${wanted}`);
}
