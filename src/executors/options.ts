/** Options of executors and their checks. */

import { EwaldError } from '../base/errors.js';
import type { PlatformUrl } from '../base/globals.js';
import { integer, knownOptions, list } from '../base/options.js';
import type { ContextOptions } from '../context/context.js';
import type { WorkerParameters } from './parameter-types.js';
import { isRegistered } from './registered.js';

/** Options of every executor that runs tasks in this process. */
export interface InlineOptions {
  /** Options of the contexts that tasks open; default: those of `createContext()`. */
  readonly context?: ContextOptions | undefined;
  /** Modules registered under names of your choice, each with its absolute URL. */
  readonly modules?: Readonly<Record<string, string | PlatformUrl>> | undefined;
}

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

const inlineNames = ['context', 'modules'];
const workersNames = [...inlineNames, 'workers', 'contexts', 'worker', 'threads'];

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
export function checkInline(options: InlineOptions, what = 'Executor.inline') {
  knownOptions(what, options, inlineNames);
  return { context: options.context, modules: checkModules(options.modules) };
}

/** Checked options of workers. */
export interface CheckedWorkers {
  /** The context options of each worker. */
  readonly contexts: readonly (ContextOptions | undefined)[];
  readonly modules: Readonly<Record<string, string>>;
  readonly worker: ContextOptions['worker'];
  readonly threads: number;
  /** Whether there is a worker for every core. */
  readonly crowded: boolean;
}

/** Whether workers of this many threads each occupy every core, so that none is left for the threads of Node's pool. */
export const isCrowded = (workers: number, threads: number, cores: number): boolean =>
  threads === 1 && workers >= cores;

/** Checks the options of workers; `cores` is the default number of workers. */
export function checkWorkers(options: WorkersOptions, cores: number, what = 'Executor.workers'): CheckedWorkers {
  knownOptions(what, options, workersNames);
  const contexts = list(`${what}: contexts`, options.contexts);
  if (contexts && (options.workers !== undefined || options.context !== undefined || contexts.length === 0))
    throw new EwaldError(
      'Argument',
      contexts.length === 0
        ? `${what}: contexts is empty; expected the options of at least one worker`
        : `${what}: contexts already gives the number of workers and their options; omit workers and context`,
    );
  const workers = integer(
    `${what}: workers`,
    contexts?.length ?? options.workers,
    Math.max(1, Math.min(cores, 1024)),
    1,
    1024,
  );
  const threads = integer(`${what}: threads`, options.threads, 1, 1, 1024);
  return {
    contexts: contexts ?? Array.from({ length: workers }, () => options.context),
    modules: checkModules(options.modules),
    worker: options.worker,
    threads,
    crowded: isCrowded(workers, threads, cores),
  };
}
