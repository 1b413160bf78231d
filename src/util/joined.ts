/** Arrays one after the other. */

/** An array of numbers that is filled from others of its type. */
interface Filled {
  readonly length: number;
  set(numbers: never, at: number): void;
}

/** The elements of several arrays as one array of a type, those of the first one first. */
export function joined<A extends Filled>(Numbers: new (length: number) => A, parts: readonly ArrayLike<number>[]): A {
  const all = new Numbers(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part as never, at);
    at += part.length;
  }
  return all;
}
