/** A copy of an object that lacks some members. */
export function without<T extends object, K extends keyof T>(given: T, ...names: readonly K[]): Omit<T, K> {
  const rest: Partial<T> = { ...given };
  for (const name of names) delete rest[name];
  return rest as Omit<T, K>;
}
