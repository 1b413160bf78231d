/** The rooms whose task.ts every worker knows by name. */
/* Written by `npm run layout` from the names of the files of the rooms; do not edit. */
export const registeredNames = ['pi', 'heffte', 'indexing', 'merging', 'pipeline', 'udf'] as const;
