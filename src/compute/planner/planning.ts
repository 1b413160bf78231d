/**
 * Planning over the open backends: each in the order in which it pays, or in theirs; the first one that supports a
 * descriptor is used, and the others state why not.
 */

import { EwaldError, messageOf } from '../../util/errors.js';
import type { Logger } from '../../util/log.js';
import { inspect } from '../../util/options.js';
import type { Disposable, Resource } from '../../util/resource.js';
import type { Backend } from '../backends/backend.js';
import type { Feature, FurtherKernels, Kernels, Op } from '../backends/feature.js';
import { type BackendName, wingOf } from '../backends/names.js';
import type { Work } from '../backends/work.js';
import type { DataPlaces, Planned } from './planner.js';

type AnyOp = Op<unknown, Disposable>;
type Open = (host: unknown) => AnyOp | Promise<AnyOp>;

/** A backend that supports a descriptor, and why the ones before it were not taken. */
interface Chosen {
  readonly backend: Backend;
  readonly op: AnyOp;
  readonly reasons: readonly string[];
}

/** Backends in the order in which they are asked, with the reasons for those that were moved back. */
interface Ordered {
  readonly candidates: readonly Backend[];
  readonly reasons: readonly string[];
}

/** What a planning needs of its context. */
export interface PlanningOf {
  readonly resource: Resource;
  /** Best first. */
  readonly open: readonly Backend[];
  /** The backend that the user named: it is first, whether it pays or not. */
  readonly named: BackendName | undefined;
  readonly cores: number;
  readonly further: readonly FurtherKernels[];
  readonly log: Logger;
}

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

/** Counts of the arrays on each backend. */
function dataPlaces(): DataPlaces & { readonly names: () => BackendName[] } {
  const arrays = new Map<BackendName, number>();
  const count = (backend: BackendName, more: number) => arrays.set(backend, (arrays.get(backend) ?? 0) + more);
  return {
    add: (backend) => void count(backend, 1),
    remove: (backend) => void count(backend, -1),
    names: () => [...arrays].flatMap(([name, number]) => (number > 0 ? [name] : [])),
  };
}

/** The ops of the open backends, each created on first use. */
export class Planning {
  readonly #of: PlanningOf;
  readonly #further: ReadonlyMap<Feature<unknown>, Kernels<unknown>>;
  readonly #ops = new Map<Feature<unknown>, Map<Backend, Promise<AnyOp> | undefined>>();
  readonly dataOn = dataPlaces();

  constructor(of: PlanningOf) {
    this.#of = of;
    this.#further = new Map(of.further.map(({ feature, kernels }) => [feature, kernels]));
  }

  /** Plans on the backend named, or on the best one that supports the descriptor. */
  async plan<O extends Op<never, Disposable>>(
    feature: Feature<O>,
    descriptor: unknown,
    on: BackendName | undefined,
  ): Promise<Planned<O>> {
    const { resource, log } = this.#of;
    const { backend, op, reasons } = await this.#choose(feature, descriptor, on);
    const kernel = await op.plan(descriptor);
    if (resource.disposed) await kernel.dispose();
    resource.assertAlive();
    const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
    log.write(why === '' ? 'debug' : 'info', `${feature.name} is planned on ${backend.name}${why}`);
    return { backend, op, kernel } as unknown as Planned<O>;
  }

  /** The backend that `plan` takes. Throws `Argument`, `Unsupported`, `Disposed`. */
  async #choose(feature: Feature<unknown>, descriptor: unknown, on: BackendName | undefined): Promise<Chosen> {
    const { resource, open } = this.#of;
    resource.assertAlive();
    const { candidates, reasons: moved } =
      on === undefined
        ? await this.#ordered(feature, descriptor)
        : { candidates: open.filter(({ name }) => name === on), reasons: [] };
    if (candidates.length === 0)
      throw new EwaldError(
        'Argument',
        `the backend ${typeof on === 'string' ? on : inspect(on)} is not open in this context; the open backends ` +
          `are ${open.map(({ name }) => name).join(', ')}`,
      );
    const reasons = [...moved];
    for (const backend of candidates) {
      const op = await this.#op(feature, backend);
      const distrust = op && (await distrusted(feature, backend));
      resource.assertAlive();
      const answer =
        distrust ?? (op ? op.supports(descriptor) : { why: feature.missing ?? `it has no ${feature.name}` });
      if (op && answer === true) return { backend, op, reasons };
      reasons.push(`${backend.name}: ${(answer as { why: string }).why}`);
    }
    throw new EwaldError(
      'Unsupported',
      `${feature.refused ?? `no open backend supports this ${feature.name} plan`} (${reasons.join('; ')}); open ` +
        'a context with another backend or without strict',
    );
  }

  /** The open backends; those on which the work pays less are asked after the cores. */
  async #ordered({ work }: Feature<unknown>, descriptor: unknown): Promise<Ordered> {
    const { open, named, cores } = this.#of;
    const isChoice = open.some(({ device }) => device.kind === 'cpu') && open.some(({ numbers }) => numbers);
    if (!work || named !== undefined || !isChoice) return { candidates: open, reasons: [] };
    const { orderByPay } = await import('./order.js');
    const amount = (work as (descriptor: unknown) => Work)(descriptor);
    return orderByPay(amount, open, { cores, dataOn: this.dataOn.names() });
  }

  /** Whether a work takes least on this backend; see `Planner.pays`. */
  async pays(work: Work, on: BackendName): Promise<boolean> {
    const { open, named, cores } = this.#of;
    if (named !== undefined) return named === on;
    const { orderByPay } = await import('./order.js');
    const { candidates } = await orderByPay(work, open, { cores, dataOn: this.dataOn.names() });
    return candidates[0]?.name === on;
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
