/** Recorded tasks: a graph of dependencies that is computed later on any other executor. */
import { checkedOptions, row } from '../options/call-options.js';
import { EwaldError } from '../util/errors.js';
import { checkTask } from './check-task.js';
import type { Executor, RunOptions, TaskResult } from './executor.js';
import type { Task } from './task.js';

/** A future value, which may occur in the argument of a later task at any depth of plain objects and arrays. */
export class Delayed<R = unknown> {
  readonly task: Task;
  declare readonly result: R;

  constructor(task: Task) {
    this.task = task;
  }
}

/** How a graph is computed: on which executor, and the options of its run. */
export interface ComputeOptions extends Pick<RunOptions, 'signal' | 'onProgress' | 'retries' | 'taskTimeoutS'> {
  readonly on: Executor;
}

const rows = row.others('on', 'signal', 'onProgress', 'retries', 'taskTimeoutS');

/** The types of the values of a list of delayed values. */
export type Computed<T extends readonly unknown[]> = { [K in keyof T]: T[K] extends Delayed<infer R> ? R : T[K] };

/**
 * Calls `found` for each delayed value in an argument, and returns the argument with these values replaced by the
 * results.
 */
function walk(argument: unknown, found: (delayed: Delayed) => unknown): unknown {
  if (argument instanceof Delayed) return found(argument);
  if (Array.isArray(argument)) return argument.map((item) => walk(item, found));
  if (argument && typeof argument === 'object' && Object.getPrototypeOf(argument) === Object.prototype)
    return Object.fromEntries(Object.entries(argument).map(([key, item]) => [key, walk(item, found)]));
  return argument;
}

/** The task's module if it is a plain name, which the executor that computes it may know. */
export const assumedModules = (task: Task): string[] => {
  const name = String(task?.module);
  return /^[\w-]+$/.test(name) ? [name] : [];
};

/** Records a task without running it. Throws `Argument` for an invalid one. */
export function delay<R = unknown>(task: Task): Delayed<R> {
  checkTask(task, 0, assumedModules(task));
  return new Delayed<R>(task);
}

interface Node {
  readonly delayed: Delayed;
  missing: number;
  readonly dependents: Node[];
}

/** Every node on which `wanted` depends, with its dependents. */
function graphOf(wanted: readonly unknown[]): Map<Delayed, Node> {
  const nodes = new Map<Delayed, Node>();
  // No recursion: a chain may be longer than the stack is deep.
  const unvisited: Node[] = [];
  const nodeOf = (delayed: Delayed): Node => {
    const known = nodes.get(delayed);
    if (known) return known;
    const node: Node = { delayed, missing: 0, dependents: [] };
    nodes.set(delayed, node);
    unvisited.push(node);
    return node;
  };
  walk(wanted, nodeOf);
  for (let node = unvisited.pop(); node; node = unvisited.pop()) {
    const needed = new Set<Delayed>();
    walk(node.delayed.task.argument, (one) => needed.add(one));
    for (const one of needed) nodeOf(one).dependents.push(node);
    node.missing = needed.size;
  }
  return nodes;
}

/**
 * Computes delayed values on an executor: common dependencies are computed once, and independent tasks concurrently.
 * Returns the values in order. Throws the errors of tasks and of `run`.
 */
export async function compute<T extends readonly unknown[]>(wanted: T, options: ComputeOptions): Promise<Computed<T>> {
  const { on, ...run } = checkedOptions('compute', options, rows);
  if (typeof on?.run !== 'function')
    throw new EwaldError('Argument', 'compute: on is not an executor; pass { on: await Executor.workers() }');
  const nodes = graphOf(wanted);
  const values = new Map<Delayed, unknown>();
  const put = (argument: unknown): unknown => walk(argument, (delayed) => values.get(delayed));
  const ready = [...nodes.values()].filter(({ missing }) => missing === 0);
  const begun: Node[] = [];
  let wake = (): void => {};
  async function* source(): AsyncGenerator<Task> {
    for (let left = nodes.size; left > 0; left--) {
      while (ready.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const node = ready.shift() as Node;
      begun.push(node);
      yield { ...node.delayed.task, argument: put(node.delayed.task.argument) };
    }
  }
  for await (const { index, value } of on.run(source(), { ...run, ordered: false }) as AsyncGenerator<TaskResult>) {
    const node = begun[index] as Node;
    values.set(node.delayed, value);
    for (const dependent of node.dependents) if (--dependent.missing === 0) ready.push(dependent);
    wake();
  }
  return put(wanted) as Computed<T>;
}
