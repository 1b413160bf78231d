/** Runs the merges of all crystals and of the two halves as independent tasks of an executor. */
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { inspect } from '../util/options.js';
import type { Identified } from './fit/accumulate.js';

/** The executor (of `ewald/executors`) that fits the merge and its halves instead of this process. */
export interface MergeExecutor {
  readonly kind: string;
  share(value: unknown): Promise<{ readonly hash: string }>;
  run<R>(
    tasks: AsyncIterable<{
      readonly module: string;
      readonly function: string;
      readonly argument: unknown;
      readonly inputs: Readonly<Record<string, { readonly hash: string }>>;
    }>,
    options: { readonly signal?: PlatformSignal | undefined },
  ): AsyncGenerator<{ readonly value: R }, void, undefined>;
}

/** The description of a fit that a task receives; the columns come as the shared input `columns`. */
export interface FitTask {
  /** Crystals that take part: 1 or 0. */
  readonly selected: Uint8Array;
  readonly symmetry: string;
  readonly model: string;
  readonly iterations: number;
  /** Initial profile radius, 1/angstrom. */
  readonly radius: number;
}

/** Throws `Argument` for a value that is not an executor. */
export function checkExecutor(executor: MergeExecutor | undefined): MergeExecutor | undefined {
  if (executor === undefined || typeof executor?.share === 'function') return executor;
  throw new EwaldError(
    'Argument',
    `merger.run: executor is ${inspect(executor)}; expected what await Executor.workers() of ewald/executors gives`,
  );
}

/** The columns that a fit reads, without names and without the unused capacity of growing arrays. */
function columnsToShare({ observations, ids, unique, noise }: Identified): Identified {
  const { h, k, l, intensity, sigma, offsets, reciprocal, wavelengths, bandwidths } = observations;
  return {
    unique,
    noise,
    ids: ids.slice(),
    observations: {
      ...observations,
      h: h.slice(),
      k: k.slice(),
      l: l.slice(),
      intensity: intensity.slice(),
      sigma: sigma.slice(),
      offsets: offsets.slice(),
      reciprocal: reciprocal.slice(),
      wavelengths: wavelengths.slice(),
      bandwidths: bandwidths.slice(),
      parameters: new Float64Array(0),
      limits: new Float64Array(0),
      profileRadii: new Float64Array(0),
      places: new Uint16Array(0),
      placeList: [],
      axes: new Uint32Array(0),
      rejected: new Uint32Array(0),
      filenames: [],
      events: [],
      headerValues: [],
    },
  };
}

/** Runs the fits on an executor; returns their results in the order of the tasks. */
export async function sharedFits<R>(
  executor: MergeExecutor,
  data: Identified,
  fits: readonly FitTask[],
  signal: PlatformSignal | undefined,
  onFit: (done: number) => Promise<void>,
): Promise<R[]> {
  const columns = await executor.share(columnsToShare(data));
  async function* tasks() {
    for (const argument of fits) yield { module: 'merging', function: 'fit', argument, inputs: { columns } };
  }
  const answers: R[] = [];
  for await (const { value } of executor.run<R>(tasks(), signal ? { signal } : {})) {
    answers.push(value);
    await onFit(answers.length);
  }
  return answers;
}
