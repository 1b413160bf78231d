/** Keeps plans while parameters change, so that returning to earlier parameters requires no new plan. */
import { type Disposable, eachInTurn } from '../../base/resource.js';

/** Default number of plans kept: a user who switches between two finders needs two. */
const mostPlans = 4;

const nothing = (): undefined => undefined;

/** Plans, looked up by their parameters. When there are too many, the least recently used one is disposed of. */
export class KeptPlans<P extends Disposable> {
  readonly #plans = new Map<string, Promise<P>>();
  /** The latest plan, for synchronous queries. */
  latest: P | undefined;

  async get(key: string, plan: () => Promise<P>): Promise<P> {
    let planned = this.#plans.get(key);
    this.#plans.delete(key);
    if (!planned) {
      planned = plan();
      planned.catch(() => this.#plans.delete(key));
    }
    this.#plans.set(key, planned);
    const [oldest] = this.#plans;
    if (this.#plans.size > mostPlans && oldest) {
      this.#plans.delete(oldest[0]);
      // Disposing of a plan first finishes its runs in flight.
      void oldest[1].then((one) => one.dispose(), nothing);
    }
    this.latest = await planned;
    return this.latest;
  }

  async dispose(): Promise<void> {
    const plans = [...this.#plans.values()];
    this.#plans.clear();
    const steps = plans.map((plan) => async () => (await plan.catch(nothing))?.dispose());
    await eachInTurn('frame searcher', steps);
  }
}
