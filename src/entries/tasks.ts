/** The modules of tasks that every worker has, by the names they are registered under. A room that gives tasks is a line here. */
import type { RegisteredModules } from '../executors/registered.js';

export const tasks: RegisteredModules = {
  pi: () => import('../pi/task.js'),
  heffte: () => import('../heffte/task.js'),
  pipeline: () => import('../pipeline/task.js'),
  udf: () => import('../udf/task.js'),
  indexing: () => import('../indexing/task.js'),
};
