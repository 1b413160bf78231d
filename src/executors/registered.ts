/**
 * The modules that every worker knows by name. They belong to other rooms: each has a task.ts, src/entries/tasks.ts
 * lists them, and a `Place` provides them.
 */

/** Names of the package's own modules. */
export const registeredNames = ['pi', 'heffte', 'pipeline', 'udf', 'indexing', 'merging'] as const;
export type RegisteredName = (typeof registeredNames)[number];

/** Loaders of the modules by name, called on first use; exports are task functions, see task.ts. */
export type RegisteredModules = Readonly<Record<RegisteredName, () => Promise<unknown>>>;

/** Whether a module is the package's own. */
export const isRegistered = (name: string): name is RegisteredName =>
  (registeredNames as readonly string[]).includes(name);
