/** The rooms whose task.ts every worker knows by name. */
export const registeredNames = ['pi', 'heffte', 'indexing', 'merging', 'pipeline', 'udf'] as const;
