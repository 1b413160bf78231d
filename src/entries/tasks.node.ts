/** The modules of tasks on Node: those of tasks.ts, some with what Node has. */
import type { RegisteredModules } from '../executors/registered.js';
import { tasks as everywhere } from './tasks.js';

export const tasks: RegisteredModules = {
  ...everywhere,
  heffte: () => import('../heffte/task.node.js'),
};
