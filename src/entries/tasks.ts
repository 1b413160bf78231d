/** The task modules that every worker has, by their registered names. */
import type { RegisteredModules } from '../parallel/registered.js';

export const tasks: RegisteredModules = {
  pi: () => import('../pi/task.js'),
  indexing: () => import('../indexing/task.js'),
  merging: () => import('../merging/task.js'),
  pipeline: () => import('../pipeline/task.js'),
  udf: () => import('../stem/task.js'),
};
