/** The modules every worker knows by name: the one file of this room that has heard of the others. */
/** Functions as task.ts says: (argument, scope). */
type Module = Readonly<Record<string, (argument: never, scope: never) => unknown>>;

const registered: Readonly<Record<string, () => Promise<Module>>> = {
  pi: async () => (await import('./tasks/pi.js')) as unknown as Module,
  heffte: async () => (await import('./tasks/heffte.js')) as unknown as Module,
  pipeline: async () => (await import('./tasks/pipeline.js')) as unknown as Module,
  udf: async () => (await import('./tasks/udf.js')) as unknown as Module,
  indexing: async () => (await import('./tasks/indexing.js')) as unknown as Module,
};

/** Names of the package's own modules. */
export const registeredNames: readonly string[] = Object.keys(registered);

/** The registered module of this name; undefined when there is none. */
export const loadRegistered = (name: string): Promise<Module> | undefined =>
  Object.hasOwn(registered, name) ? registered[name]?.() : undefined;
