/**
 * Limits virtual datasets that consist of virtual datasets: their depth, and how much is read for one read of the
 * outermost one. Files that refer to themselves or to each other are rejected.
 */
import { EwaldError } from '../util/errors.js';

/** More levels than any real file has: series of files, of files of modules, have two or three. */
const deepest = 16;
/** Elements read for one element of the outermost dataset: one per level if its parts do not overlap. */
const maxForOne = 256;

/** The state of a read: the virtual datasets it goes through, outermost first. */
export interface Nesting {
  readonly through: readonly string[];
  /** Elements that may still be read. */
  readonly work: { left: number };
}

/** The identity of an object: several links and file names may lead to the same one. */
export const objectKey = (
  source: { readonly name: string; readonly path?: string | undefined },
  address: number,
): string => `${source.path ?? source.name}\n${address}`;

/** Rejects a chain of virtual datasets that is cyclic or too deep. */
export function checkNesting(name: string, through: readonly string[], key: string): void {
  const circle = through.includes(key);
  if (!circle && through.length < deepest) return;
  throw new EwaldError(
    'Format',
    circle
      ? `${name} is a virtual dataset that contains itself; the files refer to each other in a cycle`
      : `${name} is a virtual dataset nested in ${deepest} others; the limit is ${deepest}`,
    { detail: { dataset: name, depth: through.length } },
  );
}

/** The same read, one virtual dataset further in. Throws `Format` if that dataset is already being read. */
export function enterVirtual(name: string, nesting: Nesting | undefined, key: string, elements: number): Nesting {
  const { through, work } = nesting ?? { through: [], work: { left: elements * maxForOne } };
  checkNesting(name, through, key);
  return { through: [...through, key], work };
}

/** Counts elements that are read for a part. Throws `Format` if the parts overlap excessively. */
export function countElements(name: string, { work }: Nesting, elements: number): void {
  work.left -= elements;
  if (work.left < 0)
    throw new EwaldError(
      'Format',
      `${name} is a virtual dataset whose parts overlap: more than ${maxForOne} elements are read for one`,
      { detail: { dataset: name } },
    );
}
