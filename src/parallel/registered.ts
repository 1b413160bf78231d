/** The modules that every worker knows by name: a room has one in its task.ts, and a `Place` provides them. */
import { registeredNames } from './registered-names.js';

type RegisteredName = (typeof registeredNames)[number];

/** Loaders of the modules by name, called on first use; exports are task functions, see task.ts. */
export type RegisteredModules = Readonly<Record<RegisteredName, () => Promise<unknown>>>;

/** Whether a module is the package's own. */
export const isRegistered = (name: string): name is RegisteredName =>
  (registeredNames as readonly string[]).includes(name);
