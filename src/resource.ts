/**
 * Lifetime of contexts, plans and arrays: disposal drains what is in flight, then cascades; twice is a no-op, use
 * afterwards an error.
 */
import { EwaldError } from './errors.js';

/** `Symbol.asyncDispose` where the engine has it; a private stand-in elsewhere. */
export const asyncDispose: symbol =
  (Symbol as { asyncDispose?: symbol }).asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/**
 * The `await using` face of a disposable, for consumers whose TypeScript has the disposal types; an empty type for the
 * others, so that both compile.
 */
export type MaybeAsyncDisposable = typeof Symbol extends { readonly asyncDispose: infer S extends symbol }
  ? { [K in S]: () => Promise<void> }
  : unknown;

/** What every disposable of ewald offers. */
export interface Disposable {
  /** Waits for what is in flight, then frees everything it holds; a second call does nothing. */
  dispose(): Promise<void>;
}

const nothing = (): undefined => undefined;

/** A node of the ownership tree. */
export class Resource {
  readonly #what: string;
  readonly #parent: Resource | undefined;
  readonly #children = new Set<Resource>();
  readonly #release: () => void | Promise<void>;
  #tail: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  readonly #done = (): void => {
    this.#underWay--;
  };
  #disposal: Promise<void> | undefined;

  constructor(what: string, parent: Resource | undefined, release: () => void | Promise<void>) {
    this.#what = what;
    this.#parent = parent;
    this.#release = release;
    if (parent) {
      parent.assertAlive();
      parent.#children.add(this);
    }
  }

  get disposed(): boolean {
    return this.#disposal !== undefined;
  }

  /** Work that was queued is not done. */
  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** Throws `Disposed` once disposal has begun. */
  assertAlive(): void {
    if (this.#disposal) {
      throw new EwaldError('Disposed', `this ${this.#what} was disposed; create a new one before using it again`, {
        detail: { what: this.#what },
      });
    }
  }

  /** Runs `work` after everything queued before it; disposal waits for it. */
  enqueue<T>(work: () => Promise<T>): Promise<T> {
    return this.enqueueWith([], work);
  }

  /**
   * Runs `work` after everything queued before it here and on `others`; what is queued on any of them later waits for
   * it.
   */
  enqueueWith<T>(others: readonly Resource[], work: () => Promise<T>): Promise<T> {
    if (others.length === 0) {
      // The way of every short run: as few promises and arrays as can be.
      this.assertAlive();
      const result = this.#tail.then(work);
      this.#underWay++;
      this.#tail = result.then(this.#done, this.#done);
      return result;
    }
    const all = [this, ...others];
    for (const resource of all) resource.assertAlive();
    const result = Promise.all(all.map((resource) => resource.#tail)).then(work);
    const tail = result.catch(nothing);
    for (const resource of all) {
      resource.#underWay++;
      resource.#tail = tail.then(resource.#done);
    }
    return result;
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#drainAndRelease();
    return this.#disposal;
  }

  async #drainAndRelease(): Promise<void> {
    for (const child of [...this.#children]) await child.dispose();
    await this.#tail;
    await this.#release();
    if (this.#parent) this.#parent.#children.delete(this);
  }
}
