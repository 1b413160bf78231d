/** Numbers that are computed part by part, for results that are as large as frames: a file takes them as they come. */

/** The member of a result, and of the function that makes its numbers, which writes a part of them. */
export const inParts: unique symbol = Symbol('in parts');

/** Writes the numbers from `from` on, as many as `out` has; each begins and ends with a row of the last axis. */
export type WritePart = (from: number, out: Float64Array) => void;

/** What may have its numbers in parts. */
export interface InParts {
  readonly [inParts]?: WritePart | undefined;
}

/** A function that computes all numbers, and those of a part. */
export const computedInParts = (length: number, write: WritePart): (() => Float64Array) & InParts =>
  Object.assign(
    () => {
      const out = new Float64Array(length);
      write(0, out);
      return out;
    },
    { [inParts]: write },
  );
