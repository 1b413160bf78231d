/** Runs tasks: the modules, contexts and inputs of one worker of any kind. */

import type { ContextCore, ContextOptions } from '../compute/context/context.js';
import { EwaldError, messageOf } from '../util/errors.js';
import type { Disposable } from '../util/resource.js';
import type { Shard } from '../util/task-scope.js';
import type { Communicator } from './communicator/communicator.js';
import type { HostPlace } from './place.js';
import { bytesOf, Recent } from './recent.js';
import { isRegistered } from './registered.js';
import type { TaskFunction, TaskScope, TaskSpec } from './task.js';

/** Options of a host. */
interface HostParts {
  readonly place: HostPlace;
  readonly worker: string;
  readonly threads: number;
  /** URLs of modules known by name besides the package's own. */
  readonly modules: Readonly<Record<string, string>>;
  /** Whether modules are imported by name only, and none by a URL; default false. */
  readonly namesOnly?: boolean | undefined;
  /** Real path of the folder in which shards may be created, if any. */
  readonly shards?: string | undefined;
  readonly contextOptions: ContextOptions | undefined;
  /** Fetches a shared value by its hash; called once per value. */
  fetchShared(hash: string): Promise<unknown>;
}

/** A result and the buffers of it that are transferred. */
interface HostAnswer {
  readonly value: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly seconds: number;
}

/** Maximum number of bytes of files and URLs held for later tasks, and of shared values. */
const inputLimit = 2 ** 28;
/** Maximum number of objects that tasks share. */
const keptLimit = 8;

/** Runs tasks sequentially or concurrently; `dispose` ends the context. */
export class TaskHost {
  readonly #parts: HostParts;
  readonly #functions = new Map<string, Promise<TaskFunction>>();
  readonly #shared = new Recent<unknown>(inputLimit, bytesOf);
  readonly #files = new Recent<Uint8Array>(inputLimit, bytesOf);
  readonly #kept = new Map<string, Promise<Disposable>>();
  #shard: { readonly token: string; readonly opened: Shard } | undefined;
  #context: Promise<ContextCore> | undefined;

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  /** Runs a task; rejects with the error of its function. */
  async run(spec: TaskSpec, signal: AbortSignal, comm?: Communicator): Promise<HostAnswer> {
    const task = await this.#load(spec);
    const moving: ArrayBuffer[] = [];
    const scope: TaskScope = {
      signal,
      worker: this.#parts.worker,
      threads: this.#parts.threads,
      comm,
      inputs: spec.inputs,
      context: () => this.#open(),
      input: (name) => this.#input(spec, name),
      open: (input, options) => this.#parts.place.openFrames(input, options),
      module: (name) => this.#module(spec, name),
      keep: (key, make) => this.#keep(key, make),
      shard: (folder, token) => this.#shardIn(folder, token),
      transfer: (value, buffers) => {
        moving.push(...buffers);
        return value;
      },
    };
    const began = performance.now();
    const value = await task(spec.argument as never, scope);
    return { value, transfer: moving, seconds: (performance.now() - began) / 1000 };
  }

  /** Ends a run: closes the shard, of which a task that stores more opens another one, and forgets files and URLs. */
  async rest(): Promise<void> {
    this.#files.clear();
    await this.#closeShard();
  }

  async #closeShard(): Promise<void> {
    const shard = this.#shard;
    this.#shard = undefined;
    await shard?.opened.dispose();
  }

  async dispose(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    this.#shared.clear();
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(kept.map(disposeWhenReady));
    await this.rest();
    // Failure to open the context has been reported to the task that needed it.
    await (await context?.catch(() => undefined))?.dispose();
  }

  #open(): Promise<ContextCore> {
    this.#context ??= this.#parts.place.createContext(this.#parts.contextOptions).catch((error) => {
      this.#context = undefined;
      throw error;
    });
    return this.#context;
  }

  #keep<T extends Disposable>(key: string, make: () => Promise<T>): Promise<T> {
    let found = this.#kept.get(key) as Promise<T> | undefined;
    // Last used, last in line to go.
    this.#kept.delete(key);
    if (!found) {
      found = make();
      found.catch(() => this.#kept.delete(key));
    }
    this.#kept.set(key, found);
    for (const [old, value] of this.#kept) {
      if (this.#kept.size <= keptLimit) break;
      this.#kept.delete(old);
      void disposeWhenReady(value);
    }
    return found;
  }

  /** A folder that is not visible yet may appear later: network file systems show new entries with a delay. */
  async #shardIn(folder: string, token: string): Promise<Shard | undefined> {
    const { shards, place } = this.#parts;
    if (this.#shard?.token === token) return this.#shard.opened;
    const opened = shards === undefined ? undefined : await place.shards?.open(shards, folder, token);
    if (!opened) return undefined;
    await this.#closeShard();
    this.#shard = { token, opened };
    return opened;
  }

  #load(spec: TaskSpec): Promise<TaskFunction> {
    const key = `${spec.module}#${spec.function}`;
    let found = this.#functions.get(key);
    if (!found) {
      found = this.#find(spec);
      this.#functions.set(key, found);
      found.catch(() => this.#functions.delete(key));
    }
    return found;
  }

  async #module(spec: TaskSpec, name: string): Promise<Readonly<Record<string, unknown>>> {
    const module = Object.hasOwn(spec.uses, name) ? spec.uses[name] : undefined;
    if (module !== undefined) return this.#import(module);
    const known = Object.keys(spec.uses).join(', ') || 'none';
    throw new EwaldError('Argument', `task ${spec.id} does not list the module "${name}" in uses; it lists ${known}`);
  }

  async #import(module: string): Promise<Readonly<Record<string, unknown>>> {
    const { place, modules, namesOnly } = this.#parts;
    const named = Object.hasOwn(modules, module);
    if (namesOnly && !named && !isRegistered(module))
      throw new EwaldError('Unsupported', `this worker imports modules by name only, not ${moduleLabel(module)}`);
    try {
      if (isRegistered(module)) return (await place.tasks[module]()) as Readonly<Record<string, unknown>>;
      const url = named ? modules[module] : module;
      return await import(/* webpackIgnore: true */ /* @vite-ignore */ url as string);
    } catch (error) {
      const why = `the module ${moduleLabel(module)} of a task does not load: ${messageOf(error)}`;
      // A module sent as source has no folder in which imports could be found.
      const alone = module.startsWith('data:') && /specifier|resolve|cannot find|not found/i.test(messageOf(error));
      const remedy =
        '. A module that travels as source cannot import files or packages: bundle it into one file, or start the workers with --module NAME=FILE and use it by that name';
      throw new EwaldError('Load', alone ? why + remedy : why, { cause: error });
    }
  }

  async #find({ module, function: name }: TaskSpec): Promise<TaskFunction> {
    const exported = await this.#import(module);
    const found = Object.hasOwn(exported, name) ? exported[name] : undefined;
    if (typeof found === 'function') return found as TaskFunction;
    const functions = Object.keys(exported).filter((key) => typeof exported[key] === 'function');
    throw new EwaldError(
      'Argument',
      `the module ${moduleLabel(module)} exports no function "${name}"; it has ${functions.join(', ') || 'none'}`,
    );
  }

  #input(spec: TaskSpec, name: string): Promise<unknown> {
    const reference = Object.hasOwn(spec.inputs, name) ? spec.inputs[name] : undefined;
    if (!reference) {
      const known = Object.keys(spec.inputs).join(', ') || 'none';
      return Promise.reject(new EwaldError('Argument', `task ${spec.id} has no input "${name}"; it has ${known}`));
    }
    return 'hash' in reference ? this.#value(reference.hash) : this.#bytes(reference);
  }

  #value(hash: string): Promise<unknown> {
    return this.#shared.get(hash, () => this.#parts.fetchShared(hash));
  }

  /** The bytes of a file as it is now; those of a URL are fetched once for each run. */
  async #bytes(reference: { path: string } | { url: string }): Promise<Uint8Array> {
    const { place } = this.#parts;
    const version = (await place.versionOf?.(reference)) ?? '';
    const fetch = (): Promise<Uint8Array> => place.readBytes(reference);
    return this.#files.get(`${JSON.stringify(reference)} ${version}`, fetch);
  }
}

/** Failure to create the value has been reported to the task that needed it. */
const disposeWhenReady = async (value: Promise<Disposable>): Promise<void> =>
  (await value.catch(() => undefined))?.dispose();

/** The name of a module in messages: source in a data URL would be long. */
const moduleLabel = (module: string): string => (module.startsWith('data:') ? 'given as source' : module);
