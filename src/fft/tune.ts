/**
 * Planning by measuring: each choice a backend offers is timed on the plan itself, the fastest stays and is remembered
 * as wisdom.
 */

import type { ArrayMemory } from '../compute/arrays/contract.js';
import { arrayFeature } from '../compute/arrays/kernels.js';
import type { Backend } from '../compute/backends/backend.js';
import type { BackendName } from '../compute/backends/names.js';
import type { Planned, Planner } from '../compute/planner/planner.js';
import { isEwaldError, messageOf } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import { Pace } from '../util/pace.js';
import type { FftDescriptor, FftKernel, FftOp, FftVariant } from './contract.js';
import { fftEngineFeature, fftFeature } from './kernels.js';
import type { FftOptions } from './options.js';
import { type Choice, longestKey, type WisdomStore } from './wisdom.js';

/** How the choices of a plan were made: the names of what was chosen, none where the rule was followed. */
export interface Tuned {
  readonly backend: Backend;
  readonly kernel: FftKernel;
  readonly choices: readonly string[];
}

/** Observers of a measurement: an abort signal, and a receiver of the completed fraction. */
export interface Watch extends Pick<FftOptions, 'signal'> {
  readonly tell: (done: number) => void;
}

/** Milliseconds of a series, and how much faster than the rule a choice must be, so that noise changes nothing. */
const enough = 1;
const margin = 0.95;

const applyChoice = (descriptor: FftDescriptor, fields: Choice): FftDescriptor => ({
  ...descriptor,
  threads: fields.threads ?? descriptor.threads,
  fields: { ...descriptor.fields, ...fields },
});

/** Plans a kernel of the descriptor's engine, on the named backend or on the one expected to be fastest. */
const planOn = (planner: Planner, descriptor: FftDescriptor, on?: BackendName): Promise<Planned<FftOp>> =>
  planner.plan(descriptor.engine === 'ewald' ? fftFeature : fftEngineFeature, descriptor, on);

/** Plans with the choices in the wisdom, with choices measured now, or by rule. */
export async function planTuned(
  planner: Planner,
  wisdom: WisdomStore,
  descriptor: FftDescriptor,
  watch: Watch,
): Promise<Tuned> {
  const first = await planOn(planner, descriptor);
  const { backend } = first;
  // External engines choose and remember for themselves.
  const offered = descriptor.engine === 'ewald' ? (first.op.variants?.(descriptor) ?? []) : [];
  if (offered.length === 0) return { ...first, choices: [] };
  const key = wisdomKey(backend.name, backend.device.name, descriptor);
  const known = wisdom.get(key);
  // Only offered variants are accepted, so wisdom from another release, or edited by hand, cannot force others.
  const names = known && variantNames(known, offered);
  let chosen = known && names && { fields: known, names };
  if (!chosen && descriptor.measure) {
    chosen = await measure(planner, first, descriptor, offered, watch).catch(async (error: unknown) => {
      if (isEwaldError(error, 'OutOfMemory')) {
        const why = `fft: not enough memory to measure this plan (${messageOf(error)}); it is planned by rule`;
        planner.log.write('warn', why);
        return undefined;
      }
      await first.kernel.dispose();
      throw error;
    });
    if (chosen) wisdom.set(key, chosen.fields);
  }
  return chosen && chosen.names.length > 0
    ? replan(planner, first, descriptor, applyChoice(descriptor, chosen.fields), chosen.names)
    : { ...first, choices: [] };
}

/** Fields that do not tell one plan from another. */
const silent = new Set<string>(['tune', 'precision', 'kind', 'rank', 'shape', 'axisKind']);

/** The key of a plan on a device: everything that affects which choice is fastest. */
function wisdomKey(
  backend: string,
  device: string,
  { precision, kind, shape, axisKinds, fields }: FftDescriptor,
): string {
  const rest = Object.entries(fields).flatMap(([name, value]) => {
    if (silent.has(name)) return [];
    const list = typeof value === 'number' ? [value] : value;
    return list.every((x) => x === 0)
      ? []
      : [`${name} ${typeof value === 'number' ? value : value.slice(0, shape.length).join(',')}`];
  });
  return [backend, device, precision, kind === 'r2r' ? `r2r ${axisKinds.join(',')}` : kind, shape.join('x'), ...rest]
    .join(' | ')
    .slice(0, longestKey);
}

/** Names of the variants that fields stand for; undefined when they are not all offered. */
function variantNames(fields: Choice, offered: readonly (readonly FftVariant[])[]): string[] | undefined {
  const names = Object.entries(fields).map(
    ([name, value]) =>
      offered
        .flat()
        .find((variant) => Object.keys(variant.fields).join() === name && Object.values(variant.fields)[0] === value)
        ?.name,
  );
  return names.every((name) => name !== undefined) ? (names as string[]) : undefined;
}

async function replan(
  planner: Planner,
  { backend, kernel }: { backend: Backend; kernel: FftKernel },
  descriptor: FftDescriptor,
  chosen: FftDescriptor,
  choices: string[],
): Promise<Tuned> {
  await kernel.dispose();
  try {
    return { ...(await planOn(planner, chosen, backend.name)), choices };
  } catch (error) {
    if (!isEwaldError(error, 'OutOfMemory')) throw error;
    planner.log.write(
      'warn',
      `fft: not enough memory for the measured plan (${messageOf(error)}); it is planned by rule`,
    );
    return { ...(await planOn(planner, descriptor, backend.name)), choices: [] };
  }
}

/** Takes the fastest of each choice in turn, the earlier ones made. */
async function measure(
  planner: Planner,
  first: { backend: Backend; kernel: FftKernel },
  descriptor: FftDescriptor,
  offered: readonly (readonly FftVariant[])[],
  { signal, tell }: Watch,
): Promise<{ fields: Choice; names: string[] }> {
  const { backend } = first;
  const run = await makeTimer(planner, backend, descriptor, signal);
  try {
    let fields: Choice = {};
    const names: string[] = [];
    const total = 1 + offered.reduce((sum, variants) => sum + variants.length, 0);
    let timed = 1;
    let best = await run.time(first.kernel);
    for (const variants of offered) {
      let chosen: FftVariant | undefined;
      for (const variant of variants) {
        checkSignal(signal);
        tell(timed++ / total);
        const { kernel } = await planOn(
          planner,
          applyChoice(descriptor, { ...fields, ...variant.fields }),
          backend.name,
        );
        let taken: number;
        try {
          taken = await run.time(kernel);
        } finally {
          await kernel.dispose();
        }
        if (taken >= best * margin) continue;
        best = taken;
        chosen = variant;
      }
      if (!chosen) continue;
      fields = { ...fields, ...chosen.fields };
      names.push(chosen.name);
    }
    checkSignal(signal);
    return { fields, names };
  } finally {
    await run.dispose();
  }
}

/** Times kernels on their own data: device arrays if there are any, so that only the transform is timed. */
async function makeTimer(
  planner: Planner,
  backend: Backend,
  descriptor: FftDescriptor,
  signal: PlatformSignal | undefined,
): Promise<{ time(kernel: FftKernel): Promise<number>; dispose(): Promise<void> }> {
  const { precision, inputElements, outputElements, inputComplex, outputComplex, inPlace, userWorkspace } = descriptor;
  const ArrayType = precision === 'f32' ? Float32Array : Float64Array;
  const [from, to] = [inputElements * (inputComplex ? 2 : 1), outputElements * (outputComplex ? 2 : 1)];
  const held: ArrayMemory[] = [];
  const pace = new Pace(signal);
  const side = async (length: number) => {
    const bytes = length * ArrayType.BYTES_PER_ELEMENT;
    const { kernel: memory } = await planner.plan(arrayFeature, { bytes, number: precision }, backend.name);
    held.push(memory);
    return memory;
  };
  const dispose = async (): Promise<void> => {
    for (const memory of held) await memory.dispose();
  };
  try {
    const input = await side(inPlace ? Math.max(from, to) : from);
    const output = inPlace ? input : await side(to);
    return {
      dispose,
      async time(kernel) {
        const workspace = userWorkspace ? new ArrayType(2 * kernel.workspaceElements) : undefined;
        // A clock of browsers counts in tenths of a millisecond: short transforms are timed in series.
        const series = async (runs: number): Promise<number> => {
          // On wasm transforms occupy this thread: between two series others have it, and the signal can fire.
          if (pace.due) await pace.rest();
          const started = performance.now();
          for (let i = 0; i < runs; i++)
            await (kernel.executeOn ?? kernel.execute).call(
              kernel,
              'forward',
              input as never,
              output as never,
              'none',
              workspace,
            );
          await backend.sync();
          return performance.now() - started;
        };
        // The first run fills caches and wakes threads.
        let runs = 1;
        for (let taken = await series(1); taken < enough && runs < 4096; taken = await series(runs)) runs *= 2;
        let best = Number.POSITIVE_INFINITY;
        for (let round = 0; round < 3; round++) best = Math.min(best, (await series(runs)) / runs);
        return best;
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
