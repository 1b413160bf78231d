/**
 * A table that is looked up by words of files, messages and users: it has no prototype, so that `constructor` and
 * `toString` are as unknown as any other word.
 */
export const wordTable = <Value>(entries: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
  Object.assign(Object.create(null), entries);
