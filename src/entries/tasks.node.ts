/** The task modules on Node: those of tasks.ts, some of them with Node's versions. */
import type { RegisteredModules } from '../parallel/registered.js';
import { tasks as everywhere } from './tasks.js';

export const tasks: RegisteredModules = {
  ...everywhere,
};
