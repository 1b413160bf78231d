/** The rooms whose task.ts every worker knows by name. */
export const registeredNames = ['pi', 'indexing', 'merging', 'pipeline', 'udf'] as const;
