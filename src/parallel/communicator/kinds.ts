/** Types of arrays as numbers, which are sent along with messages. */
import { EwaldError } from '../../util/errors.js';
import type { CommArray } from './communicator.js';

/** The kind of the communicator's own messages, whose bytes have no type. */
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

/** The number of an array's type; a Buffer of Node counts as a Uint8Array. */
export const elementKind = (array: CommArray): number => Math.max(untyped, names.indexOf(array[Symbol.toStringTag]));

/** The name of a kind for messages, such as "a Float32Array". */
export const kindName = (kind: number): string => {
  const name = names[kind] ?? 'array';
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`;
};

/** Describes how a message differs in type or length from what its receiver expected; undefined if it fits. */
export function describeMismatch(
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
