/** The task modules that every worker has, by their registered names. */
import type { RegisteredModules } from '../executors/registered.js';

export const tasks: RegisteredModules = {
  pi: () => import('../core/pi/task.js'),
  heffte: () => import('../transforms/heffte/task.js'),
  indexing: () => import('../serial/indexing/task.js'),
  merging: () => import('../serial/merging/task.js'),
  pipeline: () => import('../serial/pipeline/task.js'),
  udf: () => import('../udf/execution/task.js'),
};
