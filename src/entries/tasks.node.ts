/** The task modules on Node: those of tasks.ts, some of them with Node's versions. */
/* Written by `npm run layout` from the names of the files of the rooms; do not edit. */
import type { RegisteredModules } from '../executors/registered.js';
import { tasks as everywhere } from './tasks.js';

export const tasks: RegisteredModules = {
  ...everywhere,
  heffte: () => import('../transforms/heffte/task.node.js'),
};
