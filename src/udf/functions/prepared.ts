/** What UDFs prepare once per worker and run: transforms that their methods call synchronously, and tables. */

import type { FftPlan } from '../../fft/fft.js';
import type { FftOptions, FftPrecision } from '../../fft/options.js';
import type { FftMethods } from '../../fft/room.js';
import { EwaldError } from '../../util/errors.js';
import type { UdfCore } from '../room.js';
import { udfError } from './call-method.js';
import type { AnyUdf, SynchronousPlan, UdfMeta } from './udf.js';

/** Opens the context of this thread, or one that computes on the CPU if there is another. */
export type OpenCore = (cpu?: boolean) => Promise<UdfCore>;

type Values = Map<AnyUdf, { readonly params: unknown; readonly value: Promise<unknown> }>;

/** The prepared values of a run on one thread, and the transforms that they contain. */
export class PreparedValues {
  readonly #open: OpenCore;
  readonly #values: Values = new Map();
  readonly #plans: FftPlan[] = [];

  constructor(open: OpenCore) {
    this.#open = open;
  }

  /** What `prepare` of a UDF returns for these parameters; undefined without it. */
  async of(udf: AnyUdf, params: unknown, meta: UdfMeta): Promise<unknown> {
    const { prepare } = udf.definition;
    if (prepare === undefined) return undefined;
    const before = this.#values.get(udf);
    if (before && before.params === params) return before.value;
    const value = this.#prepare(udf, params, meta);
    value.catch(() => undefined);
    this.#values.set(udf, { params, value });
    return value;
  }

  /** Ends the transforms. */
  async dispose(): Promise<void> {
    for (const { value } of this.#values.values()) await value.catch(() => undefined);
    this.#values.clear();
    for (const plan of this.#plans.splice(0)) await plan.dispose();
  }

  async #prepare({ definition }: AnyUdf, params: unknown, meta: UdfMeta): Promise<unknown> {
    try {
      return await definition.prepare?.({ params, meta, fft: (options) => this.#fft(options) });
    } catch (cause) {
      throw udfError(definition.name, 'prepare', cause);
    }
  }

  /** Plans a transform on the CPU, since only there it can be synchronous; frames are small, so with one thread. */
  async #fft<P extends FftPrecision = 'f32'>(options: FftOptions<P>): Promise<SynchronousPlan<P>> {
    for (const cpu of [false, true]) {
      // Every context of the package has the methods of all rooms.
      const context = (await this.#open(cpu)) as UdfCore & FftMethods;
      const plan = await context.fft({ threads: 1, ...options });
      if (plan.now !== undefined || cpu) this.#plans.push(plan);
      if (plan.now !== undefined) return plan as SynchronousPlan<P>;
      if (!cpu) await plan.dispose();
    }
    throw new EwaldError(
      'Unsupported',
      'transforms of this thread run on a GPU, where they cannot be synchronous; add workers that compute on the CPU',
    );
  }
}
