/**
 * Detects the devices of a machine and selects among them: devices are removed or their counts changed before workers
 * are started.
 */

import type { DeviceReport } from '../../compute/backends/open.js';
import type { ContextOptions } from '../../compute/context/context.js';
import type { Executor } from '../../parallel/executor.js';
import { expects, expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { knownOptions } from '../../util/options.js';

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
