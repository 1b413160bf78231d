/**
 * Virtual datasets made of virtual datasets: how deep, and how much is read for one read of the outermost one. Files
 * that refer to themselves or to each other end here.
 */
import { EwaldError } from '../../base/errors.js';

/** More levels than any file has: series of files, of files of modules, are two or three. */
const deepest = 16;
/** Elements read for one element of the outermost dataset: one a level where its parts do not overlap. */
const mostForOne = 256;

/** Where a read is: the virtual datasets it goes through, outermost first. */
export interface Nesting {
  readonly through: readonly string[];
  /** Elements that may still be read. */
  readonly work: { left: number };
}

/** What an object is known by: links and files of several names lead to the same one. */
export const objectKey = (source: { readonly name: string; readonly path?: string }, address: number): string =>
  `${source.path ?? source.name}\n${address}`;

/** Refuses a chain of virtual datasets that comes back to itself, or is deeper than any file has. */
export function checkNesting(name: string, through: readonly string[], key: string): void {
  const circle = through.includes(key);
  if (!circle && through.length < deepest) return;
  throw new EwaldError(
    'Format',
    circle
      ? `${name} is a virtual dataset that is made of itself; the files refer to each other in a circle`
      : `${name} is a virtual dataset within ${deepest} others; at most ${deepest} are followed`,
    { detail: { dataset: name, depth: through.length } },
  );
}

/** The same read, one virtual dataset further in. Throws `Format` where it was there before. */
export function nested(name: string, nesting: Nesting | undefined, key: string, elements: number): Nesting {
  const { through, work } = nesting ?? { through: [], work: { left: elements * mostForOne } };
  checkNesting(name, through, key);
  return { through: [...through, key], work };
}

/** Counts elements that are read for a part. Throws `Format` where the parts overlap without end. */
export function countElements(name: string, { work }: Nesting, elements: number): void {
  work.left -= elements;
  if (work.left < 0)
    throw new EwaldError(
      'Format',
      `${name} is a virtual dataset whose parts overlap: more than ${mostForOne} elements are read for one`,
      { detail: { dataset: name } },
    );
}
