/** Keeps plans while parameters change, so that returning to earlier parameters requires no new plan. */
import { type Disposable, eachInTurn } from '../../util/resource.js';

/** Default number of plans kept: a user who switches between two finders needs two. */
const maxPlans = 4;

const nothing = (): undefined => undefined;

/** Plans, looked up by their parameters. When there are too many, the least recently used one is disposed of. */
export class KeptPlans<P extends Disposable> {
  readonly #what: string;
  /** Owners that have not disposed of it. */
  #owners = 1;
  readonly #plans = new Map<string, Promise<P>>();
  /** The latest plan, for synchronous queries. */
  latest: P | undefined;

  /** `what` names their owner in errors. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Adds an owner; the plans live as long as the last one. */
  shared(): this {
    this.#owners++;
    return this;
  }

  async get(key: string, plan: () => Promise<P>): Promise<P> {
    let planned = this.#plans.get(key);
    this.#plans.delete(key);
    if (!planned) {
      planned = plan();
      planned.catch(() => this.#plans.delete(key));
    }
    this.#plans.set(key, planned);
    const [oldest] = this.#plans;
    if (this.#plans.size > maxPlans && oldest) {
      this.#plans.delete(oldest[0]);
      // Disposing of a plan first finishes its runs in flight.
      void oldest[1].then((one) => one.dispose(), nothing);
    }
    this.latest = await planned;
    return this.latest;
  }

  async dispose(): Promise<void> {
    if (--this.#owners > 0) return;
    const plans = [...this.#plans.values()];
    this.#plans.clear();
    const steps = plans.map((plan) => async () => (await plan.catch(nothing))?.dispose());
    await eachInTurn(this.#what, steps);
  }
}
