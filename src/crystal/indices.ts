/** Miller indices in files: lists hold them in 16 bits, which wrap without an error. */

/** Largest index of a reflection. */
const maxIndex = 32767;

const isIndex = (x: number): boolean => Number.isInteger(x) && x <= maxIndex && x >= -maxIndex;

/** Whether these are the indices of a reflection. */
export const areIndices = (h: number, k: number, l: number): boolean => isIndex(h) && isIndex(k) && isIndex(l);

/** What is wrong with indices, for messages. */
export const wrongIndices = (h: number, k: number, l: number): string =>
  `the indices ${h} ${k} ${l}; expected whole numbers from -${maxIndex} to ${maxIndex}`;
