/** Validates and creates the executors of `Context.makeWith`. */

import type { DeviceReport } from '../../compute/backends/open.js';
import type { ContextOptions } from '../../compute/context/context.js';
import { checkedValue, row } from '../../options/call-options.js';
import { type Executor, executorKinds } from '../../parallel/executor.js';
import type { WorkersOptions } from '../../parallel/options.js';
import { expects, expectsMembers, isPlainNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, knownOptions } from '../../util/options.js';
import type { MakeWithOptions } from '../context-options.js';

/** The executors of a platform, and its devices for them. */
export interface ExecutorMakers {
  readonly cores: number;
  devices(options: ContextOptions): Promise<readonly DeviceReport[]>;
  inline(options: object): Promise<Executor>;
  workers(options: WorkersOptions): Promise<Executor>;
  delayed(): Promise<Executor>;
  mpi?(options: object): Promise<Executor>;
}

const workerCount = (what: string, given: number | readonly number[]): number => {
  const isList = Array.isArray(given) && isPlainNumbers(given);
  const count = isList ? given.length : given;
  if (!Number.isInteger(count) || (count as number) < 0)
    throw new EwaldError(
      'Argument',
      `Context.makeWith: ${what} is ${inspect(given)}; expected a number, or a list of them`,
    );
  return count as number;
};

/** The executor of a kind; undefined for this thread itself. */
export async function makeExecutor(
  kind: string,
  { cpus, gpus, context }: MakeWithOptions,
  makers: ExecutorMakers,
): Promise<Executor | undefined> {
  const options = context ? { context } : {};
  // Computes a delayed run if there is no other executor.
  if (kind === 'inline-tasks') return makers.inline(options);
  const named = checkedValue(
    'Context.makeWith: the executor',
    kind as 'inline',
    row.choice(executorKinds as readonly 'inline'[], 'inline'),
  ) as string;
  if (cpus !== undefined && named !== 'workers')
    throw new EwaldError(
      'Argument',
      `Context.makeWith: the executor ${named} has no option cpus; the executor workers has`,
    );
  if (gpus !== undefined && workerCount('gpus', gpus) > 0 && named !== 'workers')
    throw new EwaldError(
      'Argument',
      `Context.makeWith: the executor ${named} has no option gpus; the executor workers has`,
    );
  if (named === 'inline') return undefined;
  if (named === 'nats')
    throw new EwaldError('Argument', "a cluster has an address: Context.connect('nats://host:4222')");
  if (named === 'delayed') return makers.delayed();
  if (named === 'mpi') {
    if (!makers.mpi) throw new EwaldError('Unsupported', 'Context.makeWith: browsers have no MPI');
    return makers.mpi(options);
  }
  const workers = cpus === undefined ? undefined : workerCount('cpus', cpus);
  if (gpus === undefined || workerCount('gpus', gpus) === 0)
    return makers.workers({ ...options, ...(workers !== undefined && { workers }) });
  const ids = typeof gpus === 'number' ? Array.from({ length: gpus }, (_, i) => i) : gpus;
  const onGpus = await gpuContexts(ids, context, makers);
  // CPU workers do not use the GPU: two of them on one card would only wait for each other.
  const onCpus = Array.from({ length: workers ?? makers.cores }, () => onGpus.cpu);
  return makers.workers({ contexts: [...onCpus, ...onGpus.gpus] });
}

/** GPU backends, the faster one first. */
const gpuBackends = ['cuda', 'webgpu'] as const;
const isGpu = (backend: string | undefined): boolean => backend !== undefined && !/^(wasm|native)$/.test(backend);

/** The options of a worker for each GPU, and of a worker without one. */
async function gpuContexts(
  ids: readonly number[],
  context: ContextOptions = {},
  { devices }: ExecutorMakers,
): Promise<{ gpus: ContextOptions[]; cpu: ContextOptions }> {
  const most = Math.max(...ids);
  if (ids.some((id) => !Number.isInteger(id) || id < 0))
    throw new EwaldError('Argument', `Context.makeWith: gpus is ${ids.join(', ')}; expected numbers from 0`);
  const there = async (options: ContextOptions) =>
    (await devices(options).catch(() => [])).find(({ backend, available }) => backend === options.backend && available);
  const named = isGpu(context.backend) ? [context.backend as (typeof gpuBackends)[number]] : gpuBackends;
  const found: { readonly options: ContextOptions; readonly name: string }[] = [];
  for (const backend of named) {
    // A card with both backends is counted once.
    if (found.length > 0) break;
    for (let id = 0; id <= most; id++) {
      const options = { ...context, backend, device: id };
      const report = await there(options);
      if (!report) break;
      found.push({ options, name: report.name ?? backend });
    }
  }
  const absent = ids.find((id) => id >= found.length);
  if (absent !== undefined)
    throw new EwaldError(
      'Unsupported',
      `Context.makeWith: gpus requests GPU ${absent}; ` +
        'this machine ' +
        `has ${found.length}${found.length > 0 ? `: ${found.map(({ name }) => name).join(', ')}` : ''}. ` +
        'Request fewer, or only cpus',
    );
  const { device: _, ...rest } = context;
  const native = (await there({ ...rest, backend: 'native' })) ? 'native' : 'wasm';
  const cpu = isGpu(context.backend) || !context.backend ? native : context.backend;
  return { gpus: ids.map((id) => (found[id] as (typeof found)[number]).options), cpu: { ...rest, backend: cpu } };
}

// Detects the devices of a machine and selects among them: devices are removed or their counts changed before workers
// are started.

/** The result of `detect`; modify it and pass it to `clusterSpec`. */
export interface DetectedDevices {
  /** Ids of the processor cores. */
  cpus: number[];
  /** Ids of the CUDA devices. */
  cudas: number[];
  /** Names of the WebGPU adapters. */
  webgpus: string[];
  /** Whether the core compiled for this CPU is present; otherwise the wasm core computes. */
  hasNative: boolean;
}

/** Workers to start, by name. */
export type ClusterSpec = Readonly<Record<string, { readonly context: ContextOptions }>>;

/** The devices of a machine. */
export function devicesOf(reports: readonly DeviceReport[], cores: number): DetectedDevices {
  const available = (name: string) => reports.filter(({ backend, available: here }) => backend === name && here);
  return {
    cpus: Array.from({ length: cores }, (_, i) => i),
    cudas: available('cuda').map((_, i) => i),
    webgpus: available('webgpu').map(({ device }) => device?.name ?? 'webgpu'),
    hasNative: available('native').length > 0,
  };
}

/** One worker per core and one per GPU left in `devices`. Throws `Argument` if there are none. */
export function clusterSpec(devices: Partial<DetectedDevices> & { readonly name?: string | undefined }): ClusterSpec {
  knownOptions('clusterSpec', devices, ['cpus', 'cudas', 'webgpus', 'hasNative', 'name']);
  const { cpus = [], cudas = [], webgpus = [], hasNative = true, name = 'default' } = devices;
  const spec: Record<string, { context: ContextOptions }> = {};
  for (const [i] of Array.from(cpus).entries())
    spec[`${name}-cpu-${i}`] = { context: { backend: hasNative ? 'native' : 'wasm' } };
  for (const [i, id] of Array.from(cudas).entries())
    spec[`${name}-cuda-${id}-${i}`] = { context: { backend: 'cuda', device: id } };
  for (const [i, device] of Array.from(webgpus).entries())
    spec[`${name}-webgpu-${i}`] = { context: { backend: 'webgpu', device } };
  if (Object.keys(spec).length === 0)
    throw new EwaldError(
      'Argument',
      'clusterSpec: there is no device left; expected at least one of cpus, cudas, webgpus',
    );
  return spec;
}

/**
 * Starts the workers of a spec, each with its own device: `executorFor(clusterSpec(devices), Executor.workers)`. Throws
 * `Argument` if the spec names none.
 */
export async function executorFor(
  spec: ClusterSpec,
  make: (options: { readonly contexts: readonly ContextOptions[] }) => Promise<Executor>,
): Promise<Executor> {
  expectsMembers('executorFor: the spec', spec, [], 'the result of clusterSpec');
  expects(typeof make === 'function', 'executorFor: the second argument', make, 'Executor.workers');
  for (const [name, worker] of Object.entries(spec))
    expectsMembers(`executorFor: ${name} of the spec`, worker, ['context'], '{ context }');
  const contexts = Object.values(spec).map(({ context }) => context);
  if (contexts.length === 0) throw new EwaldError('Argument', 'executorFor: the spec names no workers');
  return make({ contexts });
}
