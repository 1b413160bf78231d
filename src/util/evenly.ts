/** Some of many items, spread evenly over them, that tell as well as all. */

/** At most `most` of the items, in their order; all of them if there are no more. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  const step = Math.max(1, items.length / most);
  return Array.from({ length: Math.floor(items.length / step) }, (_, n) => items[Math.floor(n * step)] as T);
}
