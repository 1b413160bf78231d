/** Options of executors and their checks. */

import type { ContextOptions } from '../compute/context/context.js';
import { type Checked, checkedOptions, row } from '../options/call-options.js';
import { checkParameter } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformUrl } from '../util/globals.js';
import { list } from '../util/options.js';
import type { JoinParameters, WorkerParameters } from './parameter-types.js';
import { joinRows } from './parameters.js';
import { isRegistered } from './registered.js';

/** Options of every executor that runs tasks in this process. */
export interface InlineOptions {
  /** Options of the contexts that tasks open; default: those of `createContext()`. */
  readonly context?: ContextOptions | undefined;
  /** Modules registered under names of your choice, each with its absolute URL. */
  readonly modules?: Readonly<Record<string, string | PlatformUrl>> | undefined;
}

/** Options of the ranks of an MPI job; `shards` is as for the workers of a cluster. */
export interface MpiOptions extends InlineOptions, Pick<JoinParameters, 'shards'> {}

/** Options of workers. */
export interface WorkersOptions extends InlineOptions, WorkerParameters {
  /** The worker script: URL or a function returning a Worker; default: the worker next to the bundle. */
  readonly worker?: ContextOptions['worker'];
  /**
   * Replaces `workers` and `context`: one worker for each entry, with its own options, so that some have a GPU. A
   * worker that dies is replaced by one with the same options.
   */
  readonly contexts?: readonly ContextOptions[] | undefined;
}

const inlineRows = row.others('context', 'modules');
/** The rows of the options of workers. */
export const workersRows = {
  ...inlineRows,
  ...row.others('contexts', 'worker'),
  workers: joinRows.workers,
  threads: joinRows.threads,
} as const;

/** Checks the names and URLs of modules. */
export function checkModules(given: InlineOptions['modules']): Record<string, string> {
  const modules: Record<string, string> = {};
  for (const [name, url] of Object.entries(given ?? {})) {
    if (isRegistered(name) || /[:/]/.test(name) || name === '')
      throw new EwaldError(
        'Argument',
        `modules: "${name}" is not a valid name; it is reserved by the package, or contains : or /`,
      );
    if (!/^[a-z][a-z0-9+.-]*:/i.test(String(url)))
      throw new EwaldError('Argument', `modules: ${name} is "${url}"; expected an absolute URL`);
    modules[name] = String(url);
  }
  return modules;
}

/** Checks the options of inline executors. */
export function checkInline(options: InlineOptions) {
  const { context, modules } = checkedOptions('Executor.inline', options, inlineRows);
  return { context, modules: checkModules(modules) };
}

/** Checks the options of ranks. */
export function checkMpi(options: MpiOptions) {
  const { context, modules, shards } = checkedOptions('Executor.mpi', options, {
    ...inlineRows,
    shards: joinRows.shards,
  });
  return { context, modules: checkModules(modules), shards };
}

/** Whether workers of this many threads each occupy every core, so that none is left for the threads of Node's pool. */
export const isCrowded = (workers: number, threads: number, cores: number): boolean =>
  threads === 1 && workers >= cores;

/** The workers that options describe. */
interface ChosenWorkers extends Required<Pick<WorkersOptions, 'worker'>> {
  /** The context options of each worker. */
  readonly contexts: readonly (ContextOptions | undefined)[];
  readonly modules: Record<string, string>;
  readonly threads: number;
  /** Whether there is a worker for every core. */
  readonly crowded: boolean;
}

/** Checks the options of workers; `cores` is the default number of workers. */
export const checkWorkers = (options: WorkersOptions, cores: number, what = 'Executor.workers'): ChosenWorkers =>
  workersOf(what, checkedOptions(what, options, workersRows), cores);

/** The workers that checked options describe. Throws `Argument` where they contradict one another. */
export function workersOf(
  what: string,
  checked: Checked<WorkersOptions, typeof workersRows>,
  cores: number,
): ChosenWorkers {
  const { workers, context, threads, modules, worker } = checked;
  const contexts = list(`${what}: contexts`, checked.contexts);
  if (contexts && (workers !== undefined || context !== undefined || contexts.length === 0))
    throw new EwaldError(
      'Argument',
      contexts.length === 0
        ? `${what}: contexts is empty; expected the options of at least one worker`
        : `${what}: contexts already gives the number of workers and their options; omit workers and context`,
    );
  if ([context, ...(contexts ?? [])].some((options) => (options as ContextOptions | undefined)?.webgpu !== undefined))
    throw new EwaldError(
      'Argument',
      `${what}: webgpu.device is of this thread, and no worker can use it; omit it, or take Executor.inline`,
    );
  const count = contexts?.length ?? workers ?? Math.max(1, Math.min(cores, 1024));
  checkParameter(joinRows.workers, count, `${what}: workers`);
  return {
    contexts: contexts ?? Array.from({ length: count }, () => context),
    modules: checkModules(modules),
    worker,
    threads,
    crowded: isCrowded(count, threads, cores),
  };
}
