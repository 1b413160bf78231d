/**
 * Checks the arguments of a communicator's calls: an invalid call is refused on its own rank before anything is sent.
 */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import type { CommArray, Parts } from './communicator.js';

/** The bytes of an array, as a view. */
export const sentBytes = (array: CommArray): Uint8Array =>
  new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);

/** Throws unless the value is a typed array. */
export function checkArray(what: string, array: CommArray): void {
  if (!ArrayBuffer.isView(array) || array instanceof DataView)
    throw new EwaldError('Argument', `${what} is ${Object.prototype.toString.call(array)}; expected a typed array`);
}

/** Throws unless the value is a rank of the group. */
export function checkRank(what: string, rank: number, size: number): number {
  if (!Number.isInteger(rank) || rank < 0 || rank >= size)
    throw new EwaldError('Argument', `${what} is rank ${rank}; this communicator has ranks 0 to ${size - 1}`);
  return rank;
}

/** Refuses a tag outside its range. */
export function checkTag(tag: number): number {
  if (!Number.isInteger(tag) || tag < 0 || tag > 32767)
    throw new EwaldError('Argument', `tag is ${inspect(tag)}; expected an integer from 0 to 32767`);
  return tag;
}

/** Refuses arrays of different kinds. */
export function checkAlike(what: string, a: CommArray, b: CommArray): void {
  checkArray(`${what}: send`, a);
  checkArray(`${what}: recv`, b);
  if (a.constructor !== b.constructor) {
    const found = `${a.constructor.name} and recv a ${b.constructor.name}`;
    throw new EwaldError('Shape', `${what}: send is a ${found}; expected two of a kind`);
  }
}

/** Refuses a wrong length. */
export function checkLength(what: string, array: CommArray, length: number): void {
  if (array.length !== length)
    throw new EwaldError('Shape', `${what} has ${array.length} elements; expected ${length}`);
}

/** Counts and offsets of parts that lie inside an array. */
export function checkParts(
  what: string,
  array: CommArray,
  parts: Parts,
  size: number,
): [counts: number[], offsets: number[]] {
  const counts = Array.from(parts.counts);
  if (counts.length !== size)
    throw new EwaldError('Shape', `${what} has ${counts.length} counts; expected one a rank, ${size}`);
  const offsets = parts.offsets ? Array.from(parts.offsets) : ends(counts).map((end, r) => end - (counts[r] ?? 0));
  if (offsets.length !== size)
    throw new EwaldError('Shape', `${what} has ${offsets.length} offsets; expected one a rank, ${size}`);
  for (let r = 0; r < size; r++) {
    const [count, offset] = [counts[r] ?? -1, offsets[r] ?? -1];
    const whole = Number.isInteger(count) && Number.isInteger(offset);
    if (!whole || count < 0 || offset < 0 || offset + count > array.length) {
      const found = `part ${r} is ${count} elements from ${offset} on`;
      throw new EwaldError('Shape', `${what}: ${found}; the array has ${array.length}`);
    }
  }
  return [counts, offsets];
}

/** The parts of two arrays that are divided in the same way, one part per rank. */
export function equalParts(what: string, send: CommArray, recv: CommArray, size: number): Parts {
  checkAlike(what, send, recv);
  const each = send.length / size;
  if (!Number.isInteger(each))
    throw new EwaldError(
      'Shape',
      `${what}: send has ${send.length} elements; expected a multiple of the ${size} ranks`,
    );
  checkLength(`${what}: recv`, recv, send.length);
  return { counts: Array(size).fill(each) };
}

/** The end of each part when they follow one another. */
function ends(counts: readonly number[]): number[] {
  let end = 0;
  return counts.map((count) => {
    end += count;
    return end;
  });
}

/** The error of a rank that waits for another one that has left. */
export const leftError = (rank: number): EwaldError =>
  new EwaldError(
    'Lost',
    `rank ${rank} ended, freed its communicator or lost a rank itself, and this rank still waits for it`,
    {
      detail: { rank },
    },
  );
