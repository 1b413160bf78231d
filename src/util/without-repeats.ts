/** Inputs that are given more than once: they are read once, and said, by every command and function alike. */

/** The inputs without repeats, and a remark on each that was left out. */
interface GivenOnce<T> {
  readonly once: readonly T[];
  readonly remarks: readonly string[];
}

/** Leaves out inputs of an identity that was there before, whatever their names. */
export async function givenOnce<T>(
  inputs: readonly T[],
  nameOf: (input: T) => string,
  identityOf: (input: T) => unknown,
): Promise<GivenOnce<T>> {
  const names = new Map<unknown, string>();
  const once: T[] = [];
  const remarks: string[] = [];
  const left = new Set<string>();
  for (const input of inputs) {
    const name = nameOf(input);
    const identity = (await identityOf(input)) ?? name;
    const other = names.get(identity);
    if (other === undefined) {
      names.set(identity, name);
      once.push(input);
    } else if (!left.has(name)) {
      left.add(name);
      remarks.push(givenTwice(name, other));
    }
  }
  return { once, remarks };
}

/** The remark on an input that was there before as `other`. */
const givenTwice = (name: string, other: string): string =>
  `${name}${other === name ? '' : `, which is ${other},`} is given twice; it is read once`;
