/** The scope of users' tasks, whose context has every room. */
import type { TaskFunction as FunctionOf, TaskScope as ScopeOf } from '../parallel/task.js';
import type { Context } from './rooms.js';

/** The second argument of a task's function. */
export interface TaskScope extends ScopeOf<Context> {}

/** A function that a module exports for tasks. */
export type TaskFunction = FunctionOf<Context>;
