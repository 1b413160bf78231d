/** Planning over the open backends: the first one that supports a descriptor is used; the others state why not. */

import { EwaldError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { shown } from '../../base/options.js';
import type { Disposable, Resource } from '../../base/resource.js';
import type { Backend } from '../backends/backend.js';
import type { Feature, FurtherKernels, Kernels, Op } from '../backends/feature.js';
import { type BackendName, wingOf } from '../backends/names.js';
import type { Planned } from './planner.js';

type AnyOp = Op<unknown, Disposable>;
type Open = (host: unknown) => AnyOp | Promise<AnyOp>;

/**
 * Why the device of a backend is not trusted with a feature: it fails the self-test of a mechanism that the kernels
 * rely on.
 */
async function distrusted(
  { uses, name }: Feature<unknown>,
  backend: Backend,
): Promise<{ readonly why: string } | undefined> {
  const needed = uses?.[wingOf(backend.name)];
  if (!needed || !backend.faults) return undefined;
  const faults = await backend.faults(needed);
  if (faults.length === 0) return undefined;
  const reasons = faults.map(({ reason }) => reason).join('; ');
  return { why: `${backend.device.name} fails the self-test of a mechanism that ${name} relies on (${reasons})` };
}

/** The ops of the open backends, each created on first use. */
export class Planning {
  readonly #resource: Resource;
  readonly #open: readonly Backend[];
  readonly #further: ReadonlyMap<Feature<unknown>, Kernels<unknown>>;
  readonly #log: Logger;
  readonly #ops = new Map<Feature<unknown>, Map<Backend, Promise<AnyOp> | undefined>>();

  constructor(resource: Resource, open: readonly Backend[], further: readonly FurtherKernels[], log: Logger) {
    this.#resource = resource;
    this.#log = log;
    this.#open = open;
    this.#further = new Map(further.map(({ feature, kernels }) => [feature, kernels]));
  }

  /** Plans on the first backend that supports the descriptor, or on the one named. */
  async plan<O extends Op<never, Disposable>>(
    feature: Feature<O>,
    descriptor: unknown,
    on: BackendName | undefined,
  ): Promise<Planned<O>> {
    this.#resource.assertAlive();
    const candidates = on === undefined ? this.#open : this.#open.filter(({ name }) => name === on);
    if (candidates.length === 0)
      throw new EwaldError(
        'Argument',
        `the backend ${typeof on === 'string' ? on : shown(on)} is not open in this context; the open backends ` +
          `are ${this.#open.map(({ name }) => name).join(', ')}`,
      );
    const reasons: string[] = [];
    for (const backend of candidates) {
      const op = await this.#op(feature, backend);
      const distrust = op && (await distrusted(feature, backend));
      this.#resource.assertAlive();
      const answer =
        distrust ?? (op ? op.supports(descriptor) : { why: feature.missing ?? `it has no ${feature.name}` });
      if (op && answer === true) {
        const kernel = await op.plan(descriptor);
        if (this.#resource.disposed) await kernel.dispose();
        this.#resource.assertAlive();
        const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
        this.#log.write(why === '' ? 'debug' : 'info', `${feature.name} is planned on ${backend.name}${why}`);
        return { backend, op, kernel } as unknown as Planned<O>;
      }
      reasons.push(`${backend.name}: ${(answer as { why: string }).why}`);
    }
    throw new EwaldError(
      'Unsupported',
      `${feature.refused ?? `no open backend supports this ${feature.name} plan`} (${reasons.join('; ')}); open ` +
        'a context with another backend or without strict',
    );
  }

  #op(feature: Feature<unknown>, backend: Backend): Promise<AnyOp> | undefined {
    const ops = this.#ops.get(feature) ?? new Map<Backend, Promise<AnyOp> | undefined>();
    this.#ops.set(feature, ops);
    if (!ops.has(backend)) {
      const made = this.#make(feature, backend);
      ops.set(backend, made);
      // A failed download may succeed next time.
      made?.catch(() => ops.delete(backend));
    }
    return ops.get(backend);
  }

  #make(feature: Feature<unknown>, { name, host }: Backend): Promise<AnyOp> | undefined {
    const wing = wingOf(name);
    // A backend's host is what its kernels accept: `Kernels` pairs them, and each backend folder declares its own.
    const open = (feature.kernels[wing] ?? this.#further.get(feature)?.[wing]) as Open | undefined;
    if (!open) return undefined;
    return Promise.resolve()
      .then(() => open(host))
      .catch((cause: unknown) => {
        if (cause instanceof EwaldError) throw cause;
        throw new EwaldError(
          'Load',
          `the kernels of ${feature.name} on ${name} could not be loaded: ${messageOf(cause)}`,
          {
            cause,
          },
        );
      });
  }
}
