/** The names of `ewald/executors` that refer to a context with every room. */
export type { TaskFunction, TaskScope } from './tasks.js';
