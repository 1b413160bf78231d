/** The modules of tasks that every worker has, by the names they are registered under. A room that gives tasks is a line here. */
import type { RegisteredModules } from '../executors/registered.js';

export const tasks: RegisteredModules = {
  pi: () => import('./pi.js'),
  heffte: () => import('./heffte.js'),
  pipeline: () => import('./pipeline.js'),
  udf: () => import('./udf.js'),
  indexing: () => import('./indexing.js'),
};
